import json
from pathlib import Path

from curifactory.estimating import Durations


def write_journal(folder: Path, number: int, *stages: tuple[str, str, float | None]) -> None:
    lines = [
        json.dumps({"event": "stage", "stage": stage, "hash": hash_, "seconds": seconds})
        for stage, hash_, seconds in stages
    ]
    path = folder / "store" / "iris" / f"{number}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(['{"event": "opened"}', *lines]))


def test_the_last_time_with_the_same_parameters_counts(tmp_path: Path) -> None:
    write_journal(tmp_path, 1, ("train", "a", 1.0), ("train", "b", 9.0))
    write_journal(tmp_path, 2, ("train", "a", 3.0))

    assert Durations(str(tmp_path), "iris").seconds("train", "a") == 3.0


def test_other_parameters_take_the_mean_time(tmp_path: Path) -> None:
    write_journal(tmp_path, 1, ("train", "a", 1.0), ("train", "b", 3.0))

    assert Durations(str(tmp_path), "iris").seconds("train", "c") == 2.0


def test_nothing_is_known_of_a_stage_that_never_ran(tmp_path: Path) -> None:
    write_journal(tmp_path, 1, ("train", "a", None))

    assert Durations(str(tmp_path), "iris").seconds("train", "a") is None
    assert Durations(str(tmp_path / "nowhere"), "iris").seconds("train", "a") is None


def test_a_journal_that_was_cut_off_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    write_journal(tmp_path, 1, ("train", "a", 1.0))
    with (tmp_path / "store" / "iris" / "1.jsonl").open("a") as file:
        file.write('\n{"event": "stage", "stage": "tr')

    assert Durations(str(tmp_path), "iris").seconds("train", "a") == 1.0
