"""A `store.json` of another version becomes journals, once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager
from curifactory.store import RunStore

NewManager = Callable[..., ArtifactManager]


def old_run(number: int, **facts: Any) -> dict[str, Any]:
    return {
        "reference": f"iris_{number}_2023-01-02-T030405", "experiment_name": "iris",
        "run_number": number, "timestamp": "2023-01-02-T030405", "commit": "abc",
        "workdir_dirty": False, "param_files": ["iris"], "params": {"iris": [["small", "123"]]},
        "full_store": False, "status": "complete", "cli": "experiment iris", "hostname": "lab",
        "notes": None, **facts,
    }  # fmt: skip


def write_store(folder: Path, content: object) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "store.json").write_text(json.dumps(content), encoding="utf-8")


def test_old_runs_keep_their_facts(folder: Path) -> None:
    failed = old_run(2, status="error", error="ValueError - no", params={None: [["a", "1"]]})
    write_store(folder, [old_run(1), failed])

    runs = RunStore("data").runs()

    assert [run["reference"] for run in runs] == [old_run(1)["reference"], failed["reference"]]
    assert [run["status"] for run in runs] == ["complete", "error"]
    assert runs[0]["params"] == {"iris": [["small", "123"]]}
    assert runs[1]["error"] == "ValueError - no"


def test_numbers_go_on_after_the_old_runs(new_manager: NewManager, folder: Path) -> None:
    write_store(folder, [old_run(7), old_run(3)])

    assert new_manager("iris").experiment_run_number == 8


def test_the_old_file_stays_and_is_imported_once(new_manager: NewManager, folder: Path) -> None:
    write_store(folder, [old_run(1)])
    before = (folder / "data" / "store.json").read_bytes()

    RunStore("data").runs()
    (folder / "data" / "store" / "iris" / "1.jsonl").unlink()

    assert RunStore("data").runs() == []
    assert (folder / "data" / "store.json").read_bytes() == before


@pytest.mark.parametrize("content", [[5], [{"experiment_name": "iris"}], None])
def test_a_store_that_makes_no_sense_is_named_and_no_obstacle(
    new_manager: NewManager, folder: Path, content: object
) -> None:
    write_store(folder, content)

    with pytest.warns(UserWarning, match=r"store\.json"):
        manager = new_manager("iris")

    assert manager.experiment_run_number == 1


def test_a_store_that_is_no_json_is_named_and_no_obstacle(
    new_manager: NewManager, folder: Path
) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "store.json").write_text('[{"reference": "cut of')

    with pytest.warns(UserWarning, match=r"store\.json .* not imported"):
        assert new_manager("iris").experiment_run_number == 1
