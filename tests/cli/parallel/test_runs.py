"""Parallel runs from the command line: options, values, resources, failures, interrupts."""

import json
import os
import random
import re
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
from curifactory.journal import read_journal
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


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parallel", "0"], "'0' is not a number of processes"),
        (["--parallel", "many"], "'many' is not a number of processes"),
        (["--executor", "locl"], "executor 'locl' not found. Did you mean 'local'?"),
        (["--parallel", "2", "--resources", "cpus=2"], "unknown resource 'cpus'"),
        (["--parallel", "2", "--resources", "cores"], "'cores' is not a resource like cores=8"),
        (["--parallel", "2", "--keep-going", "--fail-fast"], "exclude each other"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tree: "ParallelProject", words: list[str], message: str
) -> None:
    outcome = tree.project.run("tree", *words)

    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.error_lines) == 1
    assert not (tree.project.root / "data").exists()


NEEDY = """
import os, time
from pathlib import Path
import curifactory as cf

@cf.stage(outputs=["env"], resources=NEEDS)
def needy(record):
    with open("log.txt", "a") as file:
        file.write("+1\\n")
    time.sleep(0.05)
    with open("log.txt", "a") as file:
        file.write("-1\\n")
    names = ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
    return {name: os.environ.get(name) for name in names}

def get_params():
    return [cf.ExperimentParameters(name=str(n), hash=str(n)) for n in range(6)]

def run(param_sets, manager):
    return [needy(cf.Record(manager, item)) and manager.records[-1].output for item in param_sets]
"""


def needy(project: "Project", needs: str) -> None:
    project.write("experiments/needy.py", NEEDY.replace("NEEDS", needs))


def test_a_stage_that_asks_for_too_much_ends_the_run_before_it_begins(project: "Project") -> None:
    needy(project, '{"cores": 3}')

    outcome = project.run("needy", "--parallel", "2")

    assert outcome.code == 2
    assert "stage 'needy' needs cores=3, and there are 2" in outcome.err
    assert RunStore("data").runs() == []
    assert not (project.root / "log.txt").exists()


def test_stages_run_at_a_time_only_as_far_as_there_is_enough(project: "Project") -> None:
    needy(project, '{"cores": 2}')

    outcome = project.run("needy", "--parallel", "4", "--resources", "cores=4", "--no-report")

    assert outcome.code == 0
    running, most = 0, 0
    for line in (project.root / "log.txt").read_text().split():
        running += int(line)
        most = max(most, running)
    assert 1 <= most <= 2
    assert running == 0


def test_a_worker_sees_its_share_of_threads_and_devices(project: "Project") -> None:
    needy(project, '{"cores": 2, "gpu": 1}')

    results, manager = run_experiment("needy", parallel=2, resources="cores=4,gpu=2", report=False)

    assert manager.status == "complete"
    assert {env["OMP_NUM_THREADS"] for env in results} == {"2"}
    assert {env["CUDA_VISIBLE_DEVICES"] for env in results} <= {"0", "1"}


# -- what users see ----------------------------------------------------------------------------


def test_log_and_journal_name_the_worker(tree: "ParallelProject") -> None:
    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    (log,) = (tree.project.root / "logs").iterdir()
    text = log.read_text()
    assert len(set(re.findall(r"\[INFO\] - \{PID:(\d+)\} ", text))) == 2
    assert re.search(r"\{PID:\d+\} \[p3\] left of 3\n", text)
    assert re.search(r"\{PID:\d+\} stage left: Record 3 \(p3\) executed in ", text)
    assert "printed 3" in outcome.lines
    lines = read_journal("data/store/tree/1.jsonl")
    stages = [line for line in lines if line["event"] == "stage"]
    assert len(stages) == tree.stages
    assert {line["worker"] for line in stages} <= {"1", "2"}
    assert all(line["started"] > 0 and line["status"] == "executed" for line in stages)
    assert lines[-1]["status"] == "complete"


def test_the_value_of_run_and_the_records_are_those_of_a_serial_run(
    tree: "ParallelProject",
) -> None:
    serial, _ = run_experiment("tree", report=False)
    tree.forget()

    parallel, manager = run_experiment("tree", parallel=2, report=False)

    assert parallel == serial
    assert tree.counts().total() == tree.stages
    assert manager.records[2].state["plain"] == {"n": 2, "call": "<lambda>"}
    assert [call.status for call, _ in manager.decisions()] == ["executed"] * tree.stages
    assert tree.counts().total() == 0


def test_filters_choose_the_same_sets(tree: "ParallelProject") -> None:
    results, _ = run_experiment(
        "tree", parallel=2, global_param_set_indices=["1-3", "5"], report=False
    )

    assert results[-1].keys() == {"1", "2", "5"}
    assert tree.counts().total() == 13


@pytest.mark.parametrize("option", ["--overwrite", "--lazy", "--ignore-lazy", "--dry-cache"])
def test_options_mean_what_they_mean_in_a_serial_run(tree: "ParallelProject", option: str) -> None:
    tree.project.run("tree", "--no-report", "-n", "p1")
    tree.counts()
    options = {option.strip("-").replace("-", "_"): True}
    options["overwrite_override"] = options.pop("overwrite", False)
    before = tree.artifacts()

    _, manager = run_experiment("tree", parallel=2, report=False, **options)  # type: ignore[arg-type]

    assert manager.status == "complete", manager.error
    assert manager.records[-1].state["total"] == {str(n): [n * 10, n + 1, [n, n]] for n in range(6)}
    assert tree.counts().total() == (25 if option == "--overwrite" else 21)
    if option == "--dry-cache":
        assert tree.artifacts() == before


def test_a_dry_run_writes_nothing(tree: "ParallelProject") -> None:
    results, _ = run_experiment("tree", parallel=2, dry=True)

    assert results[-1]["5"] == [50, 6, [5, 5]]
    assert tree.counts().total() == tree.stages
    assert not (tree.project.root / "data" / "cache").exists()
    assert not (tree.project.root / "logs").exists()


def test_a_full_store_is_complete(tree: "ParallelProject") -> None:
    outcome = tree.project.run("tree", "--parallel", "2", "--store-full", "--no-report")

    assert outcome.code == 0, outcome.err
    (folder,) = (tree.project.root / "data" / "runs").iterdir()
    stored = {path.name for path in (folder / "artifacts").iterdir()}
    assert stored >= tree.artifacts().keys()


REPORTING = """
import curifactory as cf
from curifactory.reporting import JsonReporter

@cf.stage(outputs=["x"])
def show(record):
    record.report(JsonReporter({"of": record.params.name}, name="shown"))
    return 1

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    for item in param_sets:
        show(cf.Record(manager, item))
"""


@pytest.mark.parametrize("dry_cache", [False, True])
def test_what_workers_report_is_in_the_report(project: "Project", dry_cache: bool) -> None:
    project.write("experiments/reporting.py", REPORTING)

    _, manager = run_experiment("reporting", parallel=2, dry_cache=dry_cache)

    names = [reportable.qualified_name for reportable in manager.reportables]
    assert names == ["a_show_shown", "b_show_shown"]
    (page,) = (project.root / "reports").glob("reporting_1_*/index.html")
    assert "b_show" in page.read_text()


UNPICKLABLE = """
import threading
import curifactory as cf

@cf.stage(outputs=["lock"])
def make_lock(record):
    return threading.Lock()

@cf.stage(inputs=["lock"], outputs=["text"])
def read(record, lock):
    return str(lock)

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    read(make_lock(cf.Record(manager, param_sets[0])))
"""


def test_a_value_that_cannot_travel_is_named_with_its_stage(project: "Project") -> None:
    project.write("experiments/unpicklable.py", UNPICKLABLE)

    outcome = project.run("unpicklable", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    assert "output 'lock' of stage 'make_lock', a lock, has no cacher" in outcome.err
    assert "Give it a cacher" in outcome.err


HOLDING = """
from dataclasses import dataclass, field
from typing import Any
import threading
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
    function: Any = None
    lock: Any = None
    hash_representations: dict = cf.set_hash_functions(lock=None)

@cf.stage(outputs=["x"])
def use(record):
    return record.params.function(2)

def get_params():
    return [Params(name="one", function=lambda x: x * 3, lock=threading.Lock())]

def run(param_sets, manager):
    return use(cf.Record(manager, param_sets[0])).output
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_parameters_that_cannot_be_pickled_work(project: "Project", start: str) -> None:
    project.write("experiments/holding.py", HOLDING)
    project.write(
        "curifactory_config.json",
        json.dumps({"executors": {"local": {"kind": "local", "start": start}}}),
    )

    results, manager = run_experiment("holding", parallel=2, report=False)

    assert (results, manager.status) == (6, "complete")


def test_a_run_that_reads_results_goes_on_in_one_process(project: "Project") -> None:
    project.write(
        "experiments/reading.py",
        HOLDING.replace("return use(", "assert use(").replace(".output", ".output == 6"),
    )

    outcome = project.run("reading", "--parallel", "2", "--no-report")

    assert outcome.code == 0, outcome.err
    assert "going on linearly" in outcome.out


# -- failures ----------------------------------------------------------------------------------


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
        pytest.param("time.sleep(600)", "1", marks=pytest.mark.slow),
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
            "[JsonCacher, JsonCacher])", "[JsonCacher, JsonCacher], timeout=2)"
        )
    )
    tree.tell({"left 4": "spawn"})

    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    assert "StageTimeoutError: it took longer than 2 s" in outcome.err
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


# -- interrupts --------------------------------------------------------------------------------


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


# -- without a plan ----------------------------------------------------------------------------


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


def test_a_stage_to_overwrite_runs_once_and_nothing_else_does(tree: "ParallelProject") -> None:
    tree.project.run("tree", "--no-report")
    tree.counts()
    before = tree.artifacts()

    outcome = tree.project.run(
        "tree", "--parallel", "2", "--overwrite-stage", "left", "--no-report"
    )

    assert outcome.code == 0, outcome.err
    expected = {f"{stage} {n}": 1 for stage in ("make", "left") for n in range(6)}
    assert dict(tree.counts()) == expected
    assert tree.artifacts() == before


BLAS = """
import curifactory as cf
import numpy as np

@cf.stage(outputs=["threads"], resources={"cores": CORES})
def multiply(record):
    from threadpoolctl import threadpool_info
    np.ones((64, 64)) @ np.ones((64, 64))
    return sorted({pool["num_threads"] for pool in threadpool_info()})

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    return [multiply(cf.Record(manager, item)).output for item in param_sets]
"""


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("start", ["fork", "spawn", "dask"])
def test_numerical_libraries_take_the_cores_of_their_stage(
    project: "Project", start: str, cores: int
) -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    pytest.importorskip("numpy")
    if start == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    project.write("experiments/blas.py", BLAS.replace("CORES", str(cores)))
    executors = {"mine": {"kind": "local", "start": start}}
    project.write("curifactory_config.json", json.dumps({"executors": executors}))

    results, manager = run_experiment(
        "blas",
        parallel=2,
        executor="dask" if start == "dask" else "mine",
        resources="cores=4",
        report=False,
    )

    assert manager.error is None
    assert results == [[cores], [cores]]
    pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    assert set(pools) <= {len(os.sched_getaffinity(0))}
