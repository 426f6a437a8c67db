"""Parallel runs in which stages fail, hang or die, or that are interrupted."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.parallel.conftest import LONG, wait_until

from curifactory.experiment import run_experiment
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project
    from tests.cli.parallel.conftest import ParallelProject


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def workers_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def sleeping(tree: "ParallelProject", *words: str) -> "Iterator[subprocess.Popen[str]]":
    """Start a run with two workers and wait until one of its stages sleeps."""
    tree.tell({"left 0": "sleep"})
    with tree.project.start("tree", "--parallel", "2", *words) as process:
        wait_until((tree.project.root / "sleeping").exists)
        yield process


def test_fail_fast_ends_the_run_at_the_first_failure(tree: "ParallelProject") -> None:
    tree.tell({"make 0": "fail", "make 1": "sleep"})

    outcome = tree.project.run("tree", "--parallel", "2", "--fail-fast", "--no-report")

    assert outcome.code == 1
    assert tree.counts().total() < tree.stages - 5


RETRYING = """
import os, time
from pathlib import Path
import curifactory as cf

@cf.stage(outputs=["x"], retries=2, timeout=TIMEOUT)
def unstable(record):
    with open("tries.txt", "a") as file:
        file.write("x")
    tries = len(Path("tries.txt").read_text())
    if tries < 3:
        ACTION
    return tries

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    return unstable(cf.Record(manager, param_sets[0])).output
"""


@pytest.mark.parametrize(
    ("action", "timeout"),
    [
        ("raise ValueError('no')", "None"),
        ("os.kill(os.getpid(), 9)", "None"),
        pytest.param("time.sleep(600)", "3", marks=pytest.mark.slow),
    ],
    ids=["raises", "dies", "hangs"],
)
def test_a_stage_is_tried_as_often_as_it_says(
    project: "Project", action: str, timeout: str
) -> None:
    text = RETRYING.replace("ACTION", action).replace("TIMEOUT", timeout)
    project.write("experiments/retrying.py", text)

    results, manager = run_experiment("retrying", parallel=2, report=False)

    assert (results, manager.error) == (3, None)


def test_no_retries_means_none_after_a_death_either(project: "Project") -> None:
    text = RETRYING.replace("ACTION", "os.kill(os.getpid(), 9)").replace("TIMEOUT", "None")
    project.write("experiments/retrying.py", text.replace("retries=2", "retries=0"))

    outcome = project.run("retrying", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    assert "was killed by SIGKILL" in outcome.err
    assert (project.root / "tries.txt").read_text() == "x"


@pytest.mark.slow
def test_a_timeout_ends_what_the_stage_has_started(tree: "ParallelProject") -> None:
    path = tree.project.root / "experiments" / "tree.py"
    path.write_text(
        path.read_text().replace(
            "[JsonCacher, JsonCacher])", "[JsonCacher, JsonCacher], timeout=4)"
        )
    )
    tree.tell({"left 4": "spawn"})

    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    assert "StageTimeoutError: it took longer than 4 s" in outcome.err
    assert tree.counts().total() == tree.stages - 3
    child = int((tree.project.root / "child").read_text())
    wait_until(lambda: not is_running(child))


def test_an_isolated_stage_cannot_take_more_than_its_memory(project: "Project") -> None:
    text = RETRYING.replace("ACTION", "bytearray(4 * 10**9)").replace("TIMEOUT", "None")
    text = text.replace("retries=2", 'retries=0, isolate=True, resources={"memory": "2GB"}')
    project.write("experiments/retrying.py", text)

    outcome = project.run("retrying", "--parallel", "1", "--no-report")

    assert outcome.code == 1
    assert "MemoryError" in outcome.err


def test_a_cached_input_that_cannot_be_read_is_computed_again(tree: "ParallelProject") -> None:
    tree.project.run("tree", "--no-report")
    tree.counts()
    cache = tree.project.root / "data" / "cache"
    (broken,) = [path for path in cache.glob("*_left_left.json") if path.read_text() == "30"]
    broken.write_text("!!")
    status = broken.stat()
    sidecar = broken.with_name(broken.name.replace(".json", "_metadata.json"))
    metadata = json.loads(sidecar.read_text())
    metadata["files"][broken.name] |= {"size": 2, "mtime_ns": status.st_mtime_ns}
    sidecar.write_text(json.dumps(metadata))
    for path in cache.glob("*_both*"):
        path.unlink()

    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    assert outcome.code == 0, outcome.err
    assert tree.counts()["left 3"] == 1
    assert broken.read_text() == "30"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_an_interrupt_ends_all_workers_and_closes_the_run(
    tree: "ParallelProject", number: int, code: int
) -> None:
    with sleeping(tree, "--no-report") as process:
        worker = int((tree.project.root / "sleeping").read_text())
        workers = workers_of(process.pid)
        process.send_signal(number)
        _, err = process.communicate(timeout=LONG)

    assert process.returncode == code, err
    assert "interrupted" in err
    assert worker in workers
    wait_until(lambda: not any(is_running(pid) for pid in workers))
    (run,) = RunStore("data").runs()
    assert run["status"] == "interrupted"
    assert tree.leftovers() == []
    done = tree.counts()

    tree.tell({})
    assert tree.project.run("tree", "--parallel", "2", "--no-report").code == 0
    cached = {name for name in done if not name.startswith("make")}
    assert len(cached & tree.counts().keys()) <= 1  # the other worker may have been storing one


@pytest.mark.slow
def test_workers_end_with_a_coordinator_that_is_killed(tree: "ParallelProject") -> None:
    with sleeping(tree, "--no-report") as process:
        workers = workers_of(process.pid)
        process.kill()
        process.wait(LONG)

    assert workers
    wait_until(lambda: not any(is_running(pid) for pid in workers))
    tree.tell({})
    assert tree.project.run("tree", "--parallel", "2", "--no-report").code == 0
    assert tree.leftovers() == []
    assert [run["status"] for run in RunStore("data").runs()] == ["interrupted", "complete"]


@pytest.mark.slow
def test_nothing_hangs_whoever_is_killed_and_when(tree: "ParallelProject") -> None:
    chance = random.Random(8)
    tree.slow_down(0.05)
    expected = None
    for _ in range(12):
        with tree.project.start("tree", "--parallel", "2", "--no-report") as process:
            wait_until(lambda: bool(workers_of(process.pid)) or process.poll() is not None)
            time.sleep(chance.uniform(0, 0.8))
            victims = workers_of(process.pid) if chance.random() < 0.7 else [process.pid]
            for victim in victims[: chance.randint(1, 2)]:
                with_signal = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGKILL])
                try:
                    os.kill(victim, with_signal)
                except ProcessLookupError:
                    continue
            process.communicate(timeout=LONG)
        assert process.returncode in {0, 1, 143, -signal.SIGKILL, -signal.SIGTERM}  # near its end
        if process.returncode == 0:
            expected = tree.artifacts()
            tree.forget()

    assert tree.project.run("tree", "--parallel", "2", "--no-report").code == 0
    assert expected is None or expected == tree.artifacts()
    assert tree.leftovers() == []


MANY_FAILING = """
import curifactory as cf

def get_params():
    return [cf.ExperimentParameters(name=f"set_{number}") for number in range(13)]

@cf.stage(None, ["model"])
def train(record):
    raise ValueError(f"of {record.params.name} " + "long " * 40)

def run(param_sets, manager):
    for param_set in param_sets:
        train(cf.Record(manager, param_set))
"""


def test_of_many_failures_each_has_a_short_line(project: "Project") -> None:
    project.write("experiments/sweep.py", MANY_FAILING)

    outcome = project.run("sweep", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    lines = outcome.error_lines
    start = lines.index("12 more failed:")
    named = lines[start + 1 : start + 11]
    assert all(line.startswith("  in stage 'train' of record ") for line in named)
    assert all(line.endswith(" long ...") and len(line) < 250 for line in named)
    assert lines[start + 11] == "  and 2 others"
