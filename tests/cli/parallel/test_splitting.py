"""Processes that each take a part of the parameter sets."""

import os
from typing import TYPE_CHECKING

import pytest

from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject


@pytest.mark.slow
def test_without_a_plan_parameter_sets_are_split(tree: "ParallelProject") -> None:
    tree.project.run("tree", "--no-report")
    expected = tree.artifacts()
    tree.forget()

    outcome = tree.project.run("tree", "--no-dag", "--parallel", "4", "--no-report")

    counts = tree.counts()
    assert outcome.code == 0, outcome.err
    assert tree.artifacts() == expected
    assert {name: count for name, count in counts.items() if not name.startswith("make")} == {
        name: 1 for name in counts if not name.startswith("make")
    }
    logs = sorted(path.stem.rpartition("_")[2] for path in (tree.project.root / "logs").iterdir())
    assert {"0-2", "2-4", "4-5", "5-6"} <= set(logs)


@pytest.mark.slow
def test_a_failing_part_fails_the_run_and_no_other_part(tree: "ParallelProject") -> None:
    tree.tell({"left 0": "die once"})

    outcome = tree.project.run("tree", "--no-dag", "--parallel", "3", "--no-report")

    assert outcome.code == 1
    assert "was killed by SIGKILL" in outcome.err
    assert {f"join {n}" for n in range(6)} <= tree.counts().keys()


@pytest.mark.parametrize("variable", ["LOCAL_RANK", "NODE_RANK", "RANK"])
def test_a_rank_other_than_zero_caches_and_records_nothing(
    tree: "ParallelProject", monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    words = ("--parallel", "2", "--store-full", "--global-indices", "0-2")

    outcome = tree.project.run("tree", *words)

    assert outcome.code == 0, outcome.err
    assert f"--store-full has no effect here: the environment has {variable}=1" in outcome.out
    assert RunStore("data").runs() == []
    assert not (tree.project.root / "reports").exists()
    assert not (tree.project.root / "data" / "runs").exists()
    assert len(tree.artifacts()) == 9
    (log,) = (tree.project.root / "logs").iterdir()
    assert log.name.startswith("tree_0_")
    assert log.stem.endswith(f"_p{os.getpid()}")
    assert "left of 1" in log.read_text()


def test_rank_zero_is_the_run(tree: "ParallelProject", monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOCAL_RANK", "NODE_RANK", "RANK"):
        monkeypatch.setenv(variable, "0")

    assert tree.project.run("tree", "--parallel", "2", "--no-report").code == 0

    (run,) = RunStore("data").runs()
    assert run["status"] == "complete"
    (log,) = (tree.project.root / "logs").iterdir()
    assert log.stem.startswith("tree_1_")
    assert "_p" not in log.stem


def test_a_rank_without_a_log_has_none(
    tree: "ParallelProject", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "3")

    assert tree.project.run("tree", "--no-log", "--global-indices", "0").code == 0

    assert not (tree.project.root / "logs").exists()
