"""Real Dask clusters, and the scripts with which a cluster's scheduler would start one."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.parallel.conftest import LONG, wait_until

from curifactory.config import Configuration
from curifactory.executors import Report, Task, Work, Workplace
from curifactory.options import RunOptions
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject

pytest.importorskip("distributed", reason="Dask is not installed")


@contextmanager
def started(*words: str, folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a Dask command until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass
class Cluster:
    """A scheduler and its workers on the loopback."""

    address: str
    scheduler: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]"

    def processes(self, who: str) -> "list[subprocess.Popen[bytes]]":
        """Return the scheduler, one worker, all workers or, for another word, none."""
        kinds = {"scheduler": [self.scheduler], "worker": self.workers[:1], "workers": self.workers}
        return kinds.get(who, [])


def count_workers(address: str) -> int:
    from distributed import Client

    with Client(address) as client:
        return len(client.nthreads())


@contextmanager
def cluster(folder: Path, *words: str) -> Iterator[Cluster]:
    """Start a scheduler and three workers, these with ``words`` besides."""
    place = folder / "scheduler.json"
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            started(
                "dask_scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                str(place),
                folder=folder,
            )
        )
        wait_until(lambda: place.exists() and bool(place.read_text().strip()))
        address = json.loads(place.read_text())["address"]
        worker = ("dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        workers = [stack.enter_context(started(*worker, *words, folder=folder)) for _ in range(3)]
        wait_until(lambda: count_workers(address) == len(workers))
        yield Cluster(address, scheduler, workers)


@pytest.mark.slow
def test_a_cluster_gives_what_one_process_gives_though_a_worker_is_killed(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree.project.run("tree", "--no-report")
    serial = tree.artifacts()
    tree.forget()
    plan = tree.project.run("tree", "--map").out
    assert tree.project.run("tree", "--no-report", "--parallel", "2").code == 0
    assert tree.artifacts() == serial
    assert set(tree.counts().values()) == {1}
    tree.forget()
    tree.tell({"right 2": "die once"})

    with cluster(tmp_path_factory.mktemp("dask")) as dask:
        assert tree.project.run("tree", "--map", "--executor", dask.address).out == plan
        with tree.project.start("tree", "--no-report", "--executor", dask.address) as process:
            out, err = process.communicate(timeout=LONG)
        dead = [worker for worker in dask.workers if worker.poll() == -signal.SIGKILL]

    assert (process.returncode, err) == (0, ""), out
    assert len(dead) == 1
    assert tree.artifacts() == serial
    assert set(tree.counts().values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("who", ["scheduler", "workers"])
def test_a_run_ends_when_its_cluster_is_gone(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory, who: str
) -> None:
    tree.tell({"left 0": "sleep"})
    with cluster(tmp_path_factory.mktemp("dask")) as dask:
        executors = {"mine": {"kind": "dask", "address": dask.address, "wait": 5}}
        tree.project.write("curifactory_config.json", json.dumps({"executors": executors}))
        with tree.project.start("tree", "--no-report", "--executor", "mine") as process:
            wait_until((tree.project.root / "sleeping").exists)
            for victim in dask.processes(who):
                victim.kill()
            out, err = process.communicate(timeout=LONG)

    gone = "there has been no worker of" if who == "workers" else "the Dask scheduler of"
    assert process.returncode == 1, out + err
    assert f"error: {gone} {dask.address}" in err
    assert "Traceback" not in err
    (run,) = RunStore("data").runs()
    assert run["status"] == "error"
    assert tree.leftovers() == []


def has_begun(tree: "ParallelProject", process: "subprocess.Popen[str]") -> bool:
    return (tree.project.root / "executed.txt").exists() or process.poll() is not None


@pytest.mark.slow
def test_nothing_hangs_on_a_cluster_whoever_is_killed_and_when(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(5)
    tree.slow_down(0.1)
    for who in ("scheduler", "worker", "workers", "coordinator"):
        with cluster(tmp_path_factory.mktemp("dask")) as dask:
            executors = {"mine": {"kind": "dask", "address": dask.address, "wait": 3}}
            tree.project.write("curifactory_config.json", json.dumps({"executors": executors}))
            with tree.project.start("tree", "--no-report", "--executor", "mine") as process:
                wait_until(partial(has_begun, tree, process))
                time.sleep(chance.uniform(0, 0.8))
                if who == "coordinator":
                    process.kill()
                for victim in dask.processes(who):
                    victim.kill()
                out, err = process.communicate(timeout=LONG)
        assert process.returncode in {0, 1, -signal.SIGKILL}, out + err
        assert who != "worker" or process.returncode == 0, out + err
        tree.project.executed()

    assert tree.project.run("tree", "--no-report").code == 0
    artifacts = tree.artifacts()
    assert tree.leftovers() == []
    tree.forget()
    assert tree.project.run("tree", "--no-report").code == 0
    assert artifacts == tree.artifacts()


DEVICES = """
import os, time
from pathlib import Path
import curifactory as cf

@cf.stage(outputs=["devices"], resources={"gpu": GPU})
def train(record):
    with open(f"at-{os.getpid()}", "a") as file:
        file.write("x")
    return os.environ.get("CUDA_VISIBLE_DEVICES")

def get_params():
    return [cf.ExperimentParameters(name=str(n), hash=str(n)) for n in range(4)]

def run(param_sets, manager):
    return [train(cf.Record(manager, item)).output for item in param_sets]
"""


@pytest.mark.slow
def test_a_stage_goes_where_there_are_gpus(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree.project.write("experiments/one.py", DEVICES.replace("GPU", "1"))
    tree.project.write("experiments/two.py", DEVICES.replace("GPU", "2"))
    with cluster(tmp_path_factory.mktemp("dask")) as dask:
        without = tree.project.run("one", "--no-report", "--executor", dask.address)
        words = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--resources", "GPU=1")
        with started("dask_worker", dask.address, *words, folder=tree.project.root) as worker:
            wait_until(lambda: count_workers(dask.address) == 4)
            done = tree.project.run("one", "--no-report", "--executor", dask.address)
            many = tree.project.run("two", "--no-report", "--executor", dask.address)

    assert without.code == 2
    assert "stage 'train' needs gpu=1, and no worker offers more than 0" in without.err
    assert (done.code, done.err) == (0, "")
    assert (tree.project.root / f"at-{worker.pid}").read_text() == "xxxx"
    assert many.code == 2
    assert "stage 'train' needs gpu=2, and no worker offers more than 1" in many.err
    assert [run["status"] for run in RunStore("data").runs()] == ["complete"]


@pytest.mark.slow
def test_a_cluster_of_this_machine_shares_its_gpus(tree: "ParallelProject") -> None:
    from curifactory.experiment import run_experiment

    seed = os.environ.get("PYTHONHASHSEED")
    tree.project.write("experiments/one.py", DEVICES.replace("GPU", "1"))

    results, manager = run_experiment(
        "one", parallel=2, executor="dask", resources="cores=2,gpu=2", report=False
    )

    assert manager.error is None
    assert set(results) <= {"0", "1"}
    assert os.environ.get("PYTHONHASHSEED") == seed  # which Dask sets for its workers


MEETING = """
import time
from pathlib import Path
import curifactory as cf

@cf.stage(outputs=["met"])
def meet(record):
    Path(f"here-{record.params.name}").touch()
    end = time.monotonic() + 150
    while len(list(Path(".").glob("here-*"))) < 2:
        assert time.monotonic() < end, "nobody came"
        time.sleep(0.05)
    return True

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    for item in param_sets:
        meet(cf.Record(manager, item))
"""


@pytest.mark.slow
def test_workers_that_come_later_get_work(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree.project.write("experiments/meeting.py", MEETING)
    with cluster(tmp_path_factory.mktemp("dask")) as dask:
        for worker in dask.workers[1:]:
            worker.kill()
            worker.wait()
        wait_until(lambda: count_workers(dask.address) == 1)
        with tree.project.start("meeting", "--no-report", "--executor", dask.address) as process:
            wait_until(lambda: bool(list(tree.project.root.glob("here-*"))))
            words = ("--nthreads", "1", "--no-dashboard", "--no-nanny")
            with started("dask_worker", dask.address, *words, folder=tree.project.root):
                out, err = process.communicate(timeout=LONG)

    assert process.returncode == 0, out + err


@pytest.mark.slow
def test_a_timeout_ends_a_stage_on_a_cluster(
    tree: "ParallelProject", tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tree.project.root / "experiments" / "tree.py"
    path.write_text(
        path.read_text().replace(
            "[JsonCacher, JsonCacher])", "[JsonCacher, JsonCacher], timeout=5)"
        )
    )
    tree.tell({"left 4": "sleep"})

    outcome = tree.project.run("tree", "--no-report", "--executor", "dask", "--parallel", "2")

    assert outcome.code == 1
    assert "StageTimeoutError: it took longer than 5 s" in outcome.err
    assert tree.counts().total() == tree.stages - 3


@pytest.mark.slow
def test_a_second_cluster_on_a_machine_is_nothing_to_be_told_of(tree: "ParallelProject") -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # then somebody else has it
            taken.bind(("", 8787))
            taken.listen()

        outcome = tree.project.run("tree", "--no-report", "--executor", "dask", "--parallel", "1")

    assert (outcome.code, outcome.err) == (0, "")


def test_a_cluster_that_does_not_close_spoils_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from curifactory.cli.parallel.dask_executor import DaskExecutor

    class Stubborn:
        def close(self, timeout: float) -> None:
            raise TimeoutError(f"after {timeout} s")

    executor = DaskExecutor(place(tmp_path))
    executor._cluster = Stubborn()

    executor.close(grace=1)

    assert "Stubborn did not close within 11 s" in caplog.text


def test_a_result_that_went_with_its_worker_is_waited_for_no_longer_than_a_look(
    tmp_path: Path,
) -> None:
    from curifactory.cli.parallel.dask_executor import DaskExecutor

    class Vanished:
        callbacks = 0

        def result(self, timeout: float | None = None) -> None:
            assert timeout is not None, "this waits for ever"
            raise TimeoutError

        def add_done_callback(self, _callback: object) -> None:
            self.callbacks += 1

    executor, future = DaskExecutor(place(tmp_path)), Vanished()
    task = Task((0, 1), "make", "h", "l", "make", attempt=1)
    executor._tasks[task.key], executor._futures[task.key] = task, future

    assert executor._note(task.key, future) == []
    assert executor._tasks == {task.key: task}
    assert future.callbacks == 1


def test_what_dask_repeats_is_not_executed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import curifactory.cli.parallel.dask_executor as module

    performed: list[int] = []

    def perform(_work: Work, task: Task, _begin: object) -> Report:
        performed.append(task.attempt)
        return Report("token", 0.0, 1.0, 1.0, None)

    monkeypatch.setattr(module, "perform_task", perform)
    work = place(tmp_path).work
    first, again = (Task((0, 1), "make", "h", "l", "make", attempt=number) for number in (1, 2))

    reports = [module.perform_once(work, task) for task in (first, first, again)]

    assert performed == [1, 2]
    assert reports[0] == reports[1]


@pytest.mark.slow
def test_an_address_without_a_scheduler_is_bad_input(tree: "ParallelProject") -> None:
    import curifactory.cli.parallel.dask_executor as module

    before, module._CONNECT_SECONDS = module._CONNECT_SECONDS, 2
    try:
        outcome = tree.project.run("tree", "--executor", "tcp://127.0.0.1:1")
    finally:
        module._CONNECT_SECONDS = before

    assert outcome.code == 2
    assert "there is no Dask scheduler at 'tcp://127.0.0.1:1'" in outcome.err
    assert tree.counts().total() == 0


class Client:
    """What workers would answer."""

    def __init__(self, **facts: object) -> None:
        from curifactory.cli.parallel.dask_clusters import describe_worker

        self.facts = {**describe_worker(None), "host": "node1", **facts}

    def run(self, _function: object, token: str) -> dict[str, object]:
        seen = self.facts.get("seen") or Path(token).read_text()
        return {"tcp://node1:1": {**self.facts, "seen": seen}}


def place(scratch: Path, **settings: object) -> Workplace:
    work = Work("token", RunOptions(experiment="x"), Configuration(), ".", {}, str(scratch))
    return Workplace(work, 2, settings)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"versions": {"Python": "3.7"}}, "has Python 3.7, and this process has"),
        ({"seen": "nothing"}, "worker tcp://node1:1 on node1 does not see"),
    ],
)
def test_workers_that_cannot_do_the_work_are_refused(
    tmp_path: Path, facts: dict[str, object], message: str
) -> None:
    from curifactory.cli.parallel.dask_clusters import check_workers
    from curifactory.exceptions import BadInputError

    with pytest.raises(BadInputError, match=message):
        check_workers(Client(**facts), place(tmp_path))


def test_workers_that_can_are_not(tmp_path: Path) -> None:
    from curifactory.cli.parallel.dask_clusters import check_workers

    check_workers(Client(), place(tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_job_asks_the_cluster_for_what_the_configuration_says(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    from curifactory.cli.parallel.dask_clusters import job_script

    script = job_script(
        place(
            tmp_path,
            kind="slurm",
            cores=8,
            memory="32GB",
            queue="long",
            walltime="04:00:00",
            workers=0,
            interface="lo",
        )
    )

    assert "#SBATCH -p long" in script
    assert "#SBATCH --cpus-per-task=8" in script
    assert "#SBATCH --mem=30G" in script
    assert "#SBATCH -t 04:00:00" in script
    assert "dask" in script
