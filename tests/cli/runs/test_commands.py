import csv
import io
import json
import sys
from pathlib import Path

import pytest
from tests.cli.runs.conftest import RecordRun

from curifactory.cli.runs.commands import compare_runs, list_runs, remove_runs, show_run
from curifactory.cli.runs.selecting import Selection
from curifactory.cli.terminal import Terminal
from curifactory.config import Configuration
from curifactory.environment import process_name
from curifactory.exceptions import BadInputError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def out() -> Terminal:
    """Return a terminal on what is captured now."""
    return Terminal(sys.stdout)


def test_a_list_has_a_line_for_each_run(
    record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run("iris", 1, params={"name": "a"}, notes="first try\nmore", difference="+x")
    record_run("iris", 2, status="error", seconds=75)

    list_runs(Selection(), Configuration(), out())

    assert capsys.readouterr().out.splitlines() == [
        "run     status    started                    time  sets  executed  loaded  commit"
        "     notes",
        "iris/1  complete  2026-11-01 10:01:00      2.00 s     1         1       0  4f5a0c3d*"
        "  first try",
        "iris/2  error     2026-11-01 10:02:00  1 min 15 s     0         1       0  4f5a0c3d",
    ]


@pytest.mark.parametrize(
    ("limit", "line"), [(None, "no runs are recorded here yet"), (0, "none of 1 recorded run fits")]
)
def test_an_empty_list_says_why(
    record_run: RecordRun,
    capsys: pytest.CaptureFixture[str],
    limit: int | None,
    line: str,
) -> None:
    if limit is not None:
        record_run("iris", 1)

    list_runs(Selection(limit=limit), Configuration(), out())

    assert capsys.readouterr().out == f"{line}\n"


def test_a_list_is_exported(record_run: RecordRun, capsys: pytest.CaptureFixture[str]) -> None:
    record_run("iris", 1, notes='with "quotes",\nand lines')

    list_runs(Selection(), Configuration(), out(), form="csv")
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    list_runs(Selection(), Configuration(), out(), form="json")
    (run,) = json.loads(capsys.readouterr().out)

    assert row["notes"] == run["notes"] == 'with "quotes",\nand lines'
    assert (row["seconds"], run["seconds"]) == ("2.0", 2.0)


def test_a_run_is_shown_with_all_that_is_known_of_it(
    record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = {
        "stage": "train",
        "status": "executed",
        "seconds": 1.25,
        "cpu_seconds": 1.0,
        "peak_memory": 2_000_000,
        "metrics": {"scores": {"accuracy": 0.93333333}},
    }
    patch = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-old\n+new\n+more\n"
    seeds = {"PL_GLOBAL_SEED": 17, "PYTHONHASHSEED": 0}
    record_run(
        "iris",
        1,
        params={"name": "a", "seed": 7},
        difference=patch,
        seeds=seeds,
        stages=[stage, stage],
    )

    show_run("latest", Configuration(), out())

    shown = capsys.readouterr().out
    assert "  seeds        PL_GLOBAL_SEED=17, PYTHONHASHSEED=0\n" in shown
    assert "  commit       4f5a0c3d9e1b7a2c, with changes" in shown
    assert "seed=7" in shown
    assert "  train         2       0       0    2.500  2.000       2.0 MB" in shown
    assert "  train/scores [a] accuracy  0.933333" in shown
    assert "  x.py  +2  -1" in shown


def test_what_differs_is_shown_and_nothing_else(
    record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    def stage(seconds: float, score: float) -> dict[str, object]:
        metrics = {"score": {"": score}}
        return {"stage": "fit", "status": "executed", "seconds": seconds, "metrics": metrics}

    record_run(
        "iris",
        1,
        params={"name": "a", "seed": 1, "kind": "svm"},
        packages={"numpy": "1.0", "rich": "1"},
        stages=[stage(1, 0.5)],
    )
    record_run(
        "iris",
        2,
        params={"name": "a", "seed": 2, "kind": "svm"},
        packages={"numpy": "2.0", "rich": "1"},
        seeds={"PL_GLOBAL_SEED": 17},
        difference="+x = 1\n",
        stages=[stage(2, 0.75)],
    )

    compare_runs(("1", "2"), Configuration(), out())

    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == "iris/1 → iris/2"
    for line in (
        "fit/score [a]  0.5  →  0.75 (+0.25)",
        "fit  1.000  2.000",
        "dirty  False  →  True",
        "++x = 1",
    ):
        assert line in shown
    for words in ("PL_GLOBAL_SEED - → 17", "numpy 1.0 → 2.0"):
        assert words.split() in [line.split() for line in shown]
    assert any(line.startswith("a.seed  1") for line in shown)
    assert not any("kind" in line or "rich" in line for line in shown)


def test_two_runs_that_did_the_same_say_so(
    record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run("iris", 1, params={"name": "a"})
    record_run("iris", 2, params={"name": "a"})

    compare_runs(("1", "2"), Configuration(), out())

    assert "Parameters, code, environment, artifacts and metrics are the same." in (
        capsys.readouterr().out
    )


def test_a_removed_run_takes_its_own_files_with_it_and_no_others(
    record_run: RecordRun, folder: Path
) -> None:
    record_run("iris", 1)
    record_run("iris", 10)
    reference, other = "iris_1_2026-11-01-T100100", "iris_10_2026-11-01-T101000"
    own = [f"logs/{reference}.log", f"logs/{reference}_0-4.log", f"reports/{reference}/index.html"]
    own += [f"data/runs/{reference}/artifacts/a.json"]
    kept = [f"logs/{other}.log", f"reports/{other}/run_info.json", f"logs/{reference}_notes.log"]
    kept += ["data/cache/iris_1_a.json", "data/store/iris/10.jsonl"]
    for name in [*own, *kept]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "reports/_latest").symlink_to(reference)
    before = _files(folder)

    remove_runs(["iris/1"], Configuration(), out(), out(), lambda question: True)

    gone = before - _files(folder)
    assert gone == {*own, "data/store/iris/1.jsonl"}
    assert (folder / "reports/_latest").readlink() == Path(other)


def _files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    made = {"data/store/index.db", "reports/index.html", "reports/style.css"}
    return {str(path.relative_to(folder)) for path in found if "_latest" not in path.parts} - made


def test_nothing_is_removed_without_a_yes(
    record_run: RecordRun, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run("iris", 1)

    remove_runs(["latest"], Configuration(), out(), out(), lambda question: False)

    assert (folder / "data/store/iris/1.jsonl").exists()
    assert capsys.readouterr().out.endswith("nothing was removed\n")


def test_a_run_that_goes_on_is_not_removed_nor_any_named_with_it(
    record_run: RecordRun, folder: Path
) -> None:
    record_run("iris", 1)
    record_run("iris", 2, status=None, process=process_name())

    with pytest.raises(BadInputError, match="run iris/2 is going on"):
        remove_runs(["1", "2"], Configuration(), out(), out(), lambda question: True)

    assert (folder / "data/store/iris/1.jsonl").exists()
