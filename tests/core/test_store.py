"""The recorded runs of a project, read from their journals."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory import ArtifactManager
from curifactory.store import ManagerStore, RunStore

NewManager = Callable[..., ArtifactManager]

KILLED = """
import os, signal, sys
from curifactory import ArtifactManager
manager = ArtifactManager("iris", status_override=None)
manager.open_run(log=False)
os.kill(os.getpid(), signal.SIGKILL)
"""


def references(store: RunStore, experiment: str | None = None) -> list[str]:
    return [f"{run['experiment_name']} {run['run_number']}" for run in store.runs(experiment)]


def test_runs_come_with_the_oldest_first(new_manager: NewManager) -> None:
    for name in ("b", "a", "b"):
        new_manager(name).close_run("complete")

    store = RunStore("data")

    assert references(store) == ["b 1", "a 1", "b 2"]
    assert references(store, "b") == ["b 1", "b 2"]
    assert references(store, "absent") == []


def test_a_run_has_the_documented_facts(new_manager: NewManager) -> None:
    manager = new_manager("iris", notes="why", run_line="by hand")
    manager.run.record_parameters({"iris": [("small", "123")]})
    manager.close_run("complete")

    (run,) = RunStore("data").runs()

    expected = manager.run_info | {"params": {"iris": [["small", "123"]]}}
    assert {key: run[key] for key in expected} == expected


def test_without_a_store_there_are_no_runs(folder: Path) -> None:
    assert RunStore("data").runs() == []
    assert list(folder.iterdir()) == []


def test_changes_are_seen(new_manager: NewManager, folder: Path) -> None:
    store = RunStore("data")
    manager = new_manager("iris", status_override=None)
    manager.open_run(log=False)
    before = [run["status"] for run in store.runs()]
    manager.close_run("error", error="ValueError - no", traceback="")
    after = [(run["status"], run["error"]) for run in store.runs()]
    os.unlink(folder / "data" / "store" / "iris" / "1.jsonl")

    assert before == ["incomplete"]
    assert after == [("error", "ValueError - no")]
    assert store.runs() == []


def test_a_run_whose_process_was_killed_is_interrupted(folder: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED], check=False)

    assert process.returncode == -signal.SIGKILL
    assert [run["status"] for run in RunStore("data").runs()] == ["interrupted"]


def test_a_live_session_stays_live(new_manager: NewManager) -> None:
    new_manager("iris")

    assert [run["status"] for run in RunStore("data").runs()] == ["LIVE"]


@pytest.mark.parametrize("damage", ["gone", "rubbish", "empty", "old version"])
def test_the_index_may_be_lost_at_any_time(
    new_manager: NewManager, folder: Path, damage: str
) -> None:
    for _ in range(2):
        new_manager("iris").close_run("complete")
    RunStore("data").runs()
    index = folder / "data" / "store" / "index.db"
    if damage == "gone":
        index.unlink()
    elif damage == "old version":
        _set_version(index, 0)
    else:
        index.write_bytes(b"rubbish" * 1000 if damage == "rubbish" else b"")

    assert references(RunStore("data")) == ["iris 1", "iris 2"]


def _set_version(index: Path, version: int) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(index)) as database:
        database.execute(f"pragma user_version = {version}")
        database.execute("drop table runs")
        database.execute("create table runs (something_else text)")
        database.commit()


def test_an_index_that_cannot_be_written_is_no_obstacle(
    new_manager: NewManager, folder: Path
) -> None:
    new_manager("iris").close_run("complete")
    (folder / "data" / "store" / "index.db").mkdir()

    assert references(RunStore("data")) == ["iris 1"]


@pytest.mark.parametrize("content", [b"", b'{"event": "ope', b"\xff\xfe", b"\0\0\0"])
def test_a_damaged_journal_does_not_hide_the_others(
    new_manager: NewManager, folder: Path, content: bytes
) -> None:
    new_manager("iris").close_run("complete")
    (folder / "data" / "store" / "iris" / "2.jsonl").write_bytes(content)

    assert references(RunStore("data")) == ["iris 1"]


def test_runs_with_stages_in_between_are_summed_up(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager("iris")
    manager.close_run("complete")
    with (folder / "data" / "store" / "iris" / "1.jsonl").open("a") as file:
        file.write('{"event": "stage", "time": 1.0, "stage": "opened"}\n')

    (run,) = RunStore("data").runs()
    assert (run["closed"], run["calls"]["executed"]) == (True, 0)


def test_the_documented_store_lists_runs_and_finds_one(new_manager: NewManager) -> None:
    managers = [new_manager(name) for name in ("iris", "other", "iris")]

    store = ManagerStore("data")

    reference = managers[2].get_reference_name()
    assert [run["run_number"] for run in store.get_experiment_runs("iris")] == [1, 2]
    assert store.get_run(reference) == (store.runs[2], 2)
    assert store.get_run("absent") == (None, -1)


def test_runs_of_one_millisecond_are_in_the_order_in_which_they_were_opened(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = itertools.count(1_795_538_126_353_000, 100)  # in microseconds
    monkeypatch.setattr("curifactory.journal.time.time", lambda: next(times) / 1e6)
    for name in ("b", "a", "b"):
        new_manager(name)

    runs = ManagerStore("data").runs
    assert [(run["experiment_name"], run["run_number"]) for run in runs] == [
        ("b", 1),
        ("a", 1),
        ("b", 2),
    ]


def test_the_documented_store_adds_a_run(new_manager: NewManager) -> None:
    store = ManagerStore("data")
    manager = new_manager("iris", status_override=None)

    facts = store.add_run(manager)

    assert facts["run_number"] == 1
    assert store.get_run(manager.get_reference_name())[1] == 0


def test_the_documented_file_can_be_written(new_manager: NewManager, folder: Path) -> None:
    new_manager("iris").close_run("complete")

    ManagerStore("data").save()

    (run,) = json.loads((folder / "data" / "store.json").read_text())
    assert set(run) == {
        "reference", "experiment_name", "run_number", "timestamp", "commit", "workdir_dirty",
        "param_files", "params", "full_store", "status", "cli", "hostname", "notes",
    }  # fmt: skip
    assert references(RunStore("data")) == ["iris 1"]
