"""Real Dask clusters, and the scripts with which a cluster's scheduler would start one."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.config import Configuration
from curifactory.executors import Report, Task, Work, Workplace
from curifactory.options import RunOptions

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject

pytest.importorskip("distributed", reason="Dask is not installed")
LONG = 180.0


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


@contextmanager
def cluster(folder: Path) -> "Iterator[tuple[str, list[subprocess.Popen[bytes]]]]":
    """Start a scheduler and three workers on the loopback."""
    place = folder / "scheduler.json"
    with ExitStack() as stack:
        stack.enter_context(
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
        deadline = time.monotonic() + LONG
        while not place.exists() or not place.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        address = json.loads(place.read_text())["address"]
        words = ("dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        workers = [stack.enter_context(started(*words, folder=folder)) for _ in range(3)]
        yield address, workers


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

    with cluster(tmp_path_factory.mktemp("dask")) as (address, workers):
        assert tree.project.run("tree", "--map", "--executor", address).out == plan
        with tree.project.start("tree", "--no-report", "--executor", address) as process:
            out, err = process.communicate(timeout=LONG)
        dead = [worker for worker in workers if worker.poll() == -signal.SIGKILL]

    assert (process.returncode, err) == (0, ""), out
    assert len(dead) == 1
    assert tree.artifacts() == serial
    assert set(tree.counts().values()) == {1}


def test_what_dask_repeats_is_not_executed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import curifactory.cli.parallel.dask_executor as module

    performed: list[int] = []

    def perform(_work: Work, task: Task) -> Report:
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
        from curifactory.cli.parallel.dask_executor import describe_worker

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
    from curifactory.cli.parallel.dask_executor import check_workers
    from curifactory.exceptions import BadInputError

    with pytest.raises(BadInputError, match=message):
        check_workers(Client(**facts), place(tmp_path))


def test_workers_that_can_are_not(tmp_path: Path) -> None:
    from curifactory.cli.parallel.dask_executor import check_workers

    check_workers(Client(), place(tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_job_asks_the_cluster_for_what_the_configuration_says(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    from curifactory.cli.parallel.dask_executor import job_script

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
