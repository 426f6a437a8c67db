"""What every executor has to do: the same as a run in one process, whatever dies on the way."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.cli.parallel import coordinator
from curifactory.cli.parallel.futures import ProcessPoolExecutor, ThreadExecutor
from curifactory.plugins import find
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject

EXECUTORS = [
    "fork",
    "spawn",
    pytest.param("inline", marks=pytest.mark.slow),
    "threads",
    pytest.param("pool", marks=pytest.mark.slow),
    pytest.param("dask", marks=pytest.mark.slow),
]
CRASHES = ["fork", "spawn", *EXECUTORS[4:]]


@pytest.fixture
def words(
    request: pytest.FixtureRequest, tree: "ParallelProject", monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Return the options that select the executor under test."""
    name = request.param
    if name == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    own: dict[str, Any] = {"threads": ThreadExecutor, "pool": ProcessPoolExecutor}
    if name in own:
        monkeypatch.setattr(
            coordinator, "find", lambda group, kind: own.get(kind) or find(group, kind)
        )
    if name in {"fork", "spawn"}:
        tree.project.write(
            "curifactory_config.json",
            json.dumps({"executors": {"mine": {"kind": "local", "start": name}}}),
        )
        name = "mine"
    return ["--parallel", "2", "--executor", name]


@pytest.mark.parametrize("words", EXECUTORS, indirect=True)
def test_a_run_gives_what_a_serial_one_gives(tree: "ParallelProject", words: list[str]) -> None:
    serial = tree.project.run("tree", "--no-report")
    expected = tree.artifacts()
    assert serial.code == 0
    assert tree.counts().total() == tree.stages
    tree.forget()

    outcome = tree.project.run("tree", "--no-report", *words)

    assert (outcome.code, outcome.err) == (0, "")
    assert tree.artifacts() == expected
    assert set(tree.counts().values()) == {1}
    assert tree.leftovers() == []
    assert outcome.lines[-1].startswith("25 stages: 25 run, 0 loaded, 0 up to date")


@pytest.mark.parametrize("words", EXECUTORS, indirect=True)
def test_a_second_run_executes_what_is_missing(tree: "ParallelProject", words: list[str]) -> None:
    tree.project.run("tree", "--no-report", *words)
    tree.counts()
    for path in (tree.project.root / "data" / "cache").glob("*_total*"):
        path.unlink()

    outcome = tree.project.run("tree", "--no-report", *words)

    assert outcome.code == 0
    assert dict(tree.counts()) == {"total -": 1}


@pytest.mark.parametrize("words", EXECUTORS, indirect=True)
def test_a_failure_stops_only_what_depends_on_it(tree: "ParallelProject", words: list[str]) -> None:
    tree.tell({"left 3": "fail"})

    outcome = tree.project.run("tree", "--no-report", *words)

    counts = tree.counts()
    assert outcome.code == 1
    assert "stage 'left' of record 3" in outcome.err
    assert "ValueError: left was told to fail" in outcome.err
    assert counts.total() == tree.stages - 3
    assert not {"left 3", "join 3", "total -"} & counts.keys()
    (run,) = RunStore("data").runs()
    assert run["status"] == "error"
    assert run["error"] == "ValueError - left was told to fail"

    tree.tell({})
    assert tree.project.run("tree", "--no-report", *words).code == 0
    assert dict(tree.counts()) == {"make 3": 1, "left 3": 1, "join 3": 1, "total -": 1}


@pytest.mark.parametrize("words", CRASHES, indirect=True)
def test_a_killed_worker_costs_the_call_it_executed(
    tree: "ParallelProject", words: list[str]
) -> None:
    if "inline" in words:
        pytest.skip("there is no worker to kill")
    tree.tell({"right 2": "die once"})

    outcome = tree.project.run("tree", "--no-report", *words)

    assert (outcome.code, outcome.err) == (0, "")
    repeated = tree.counts().total() - tree.stages
    assert repeated in ((0, 1) if "pool" in words else (0,))  # a pool breaks as a whole
    assert "is begun again" in outcome.out or "pool" in words or "dask" in words


@pytest.mark.parametrize("words", CRASHES, indirect=True)
def test_a_stage_that_kills_its_worker_each_time_fails_alone(
    tree: "ParallelProject", words: list[str]
) -> None:
    tree.tell({"left 1": "poison"})

    outcome = tree.project.run("tree", "--no-report", *words)

    assert outcome.code == 1
    assert "stage 'left' of record 1" in outcome.err
    assert "WorkerLostError" in outcome.err
    assert set(tree.counts()) == {
        f"{stage} {n}" for stage in ("make", "left", "right", "join") for n in range(6)
    } - {"left 1", "join 1"}
