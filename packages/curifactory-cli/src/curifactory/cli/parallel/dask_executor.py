"""The executor ``dask``: workers of a Dask cluster, here or anywhere that sees the cache.

Dask is a place to execute one call at a time. It is never given the graph, or what depends on a
failed call would fail in its words instead of ours.
"""

import logging
import os
import pickle
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any

from curifactory.cli.parallel.dask_clusters import (
    QUEUES,
    check_workers,
    make_cluster,
    require_dask,
)
from curifactory.cli.parallel.futures import FuturesExecutor, Outcome
from curifactory.cli.parallel.working import describe_failure, perform_task, worker_name
from curifactory.cli.terminal import counted
from curifactory.exceptions import BadInputError, ExecutorLostError
from curifactory.executors import (
    Event,
    Failure,
    Finished,
    Key,
    Lost,
    Report,
    Started,
    Task,
    Work,
    Workplace,
)
from curifactory.paths import write_atomically

_log = logging.getLogger(__name__)
_CONNECT_SECONDS = 30
_WORKER_SECONDS = 3600
"""How long a cluster's own scheduler may take to start a job."""
_OTHER_SECONDS = 60
_NANNY_SECONDS = 10.0
"""What Dask itself gives processes to end, and some more."""
_HASH_SEED = "PYTHONHASHSEED"
"""What Dask sets for its workers, in the environment of the process that starts them."""
_LOOK = 2.0
"""How often to see whether the cluster is still there, in seconds."""


class DaskExecutor(FuturesExecutor):
    """Executes calls on the workers of a Dask cluster.

    Without an address it starts a cluster of processes on this machine; a named executor of a kind
    such as ``slurm`` starts one through dask-jobqueue.
    """

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self._address = place.address or str(place.settings.get("address", ""))
        self._cluster: Any = None
        self._client: Any = None
        self._futures: dict[Key, Any] = {}
        self._begun: set[Key] = set()
        self._hash_seed: str | None = None
        self._looked = self._seen = 0.0
        """When workers were looked for, and were there, the last time, in monotonic seconds."""
        self.gpus: int | None = None
        """The most that one worker offers; ``None`` for a cluster on this machine."""

    def start(self) -> None:
        """Connect, wait for a first worker, and see that workers can do this work."""
        require_dask()
        import dask
        from distributed import Client

        dask.config.set(
            {"logging.distributed": "error", "distributed.scheduler.allowed-failures": 0}
        )
        if not self._address:
            self._hash_seed = os.environ.get(_HASH_SEED)
            self._cluster = make_cluster(self.place)
        try:
            self._client = Client(self._cluster or self._address, timeout=_CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            raise BadInputError(
                f"there is no Dask scheduler at {self._address!r}: {error}. Start one with "
                "'dask scheduler', or give the address that it shows."
            ) from error
        self._wait_for_workers()
        check_workers(self._client, self.place)
        self._seen = time.monotonic()
        self._look_for_workers()
        if self._address or self._is_queued:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
            offered = [int(each["resources"].get("GPU", 0)) for each in workers]
            self.gpus = max(offered, default=0)

    @property
    def _is_queued(self) -> bool:
        """Whether the cluster's own scheduler starts workers, when it likes."""
        return str(self.place.settings.get("kind", "dask")) in QUEUES

    @property
    def _patience(self) -> float:
        """For how long there may be no worker, in seconds."""
        usual = _WORKER_SECONDS if self._is_queued else _OTHER_SECONDS
        return float(self.place.settings.get("wait", usual))

    @property
    def _where(self) -> str:
        return self._address or f"the {self.place.settings.get('kind', 'dask')} cluster"

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except TimeoutError as error:
            raise BadInputError(
                f"no worker of {self._where} came within {self._patience:g} s. {self._advice}"
            ) from error

    @property
    def _advice(self) -> str:
        return (
            f"Start some with 'dask worker {self._address or 'ADDRESS'}', or see why the cluster "
            "starts none."
        )

    def events(self, timeout: float) -> Sequence[Event]:
        """Return what has come back from workers, and at once when there are more or fewer.

        Raises
        ------
        ExecutorLostError
            If the scheduler is gone, or there has been no worker for a while.

        """
        deadline, slots = time.monotonic() + timeout, self.slots
        while True:
            found = super().events(max(0.0, min(_LOOK, deadline - time.monotonic())))
            self._require_scheduler()
            if time.monotonic() - self._looked >= _LOOK:
                self._look_for_workers()
            found = [*found, *self._beginnings()]
            if found or self.slots != slots or time.monotonic() >= deadline:
                return found

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise ExecutorLostError(
                f"the Dask scheduler of {self._where} is gone, with what was being executed. "
                "Start one and run this again: what is done is not done again."
            )

    def _look_for_workers(self) -> None:
        """Take note of workers that came or went, and see that there was one not long ago."""
        self._looked = time.monotonic()
        try:
            workers = self._client.nthreads()
        except Exception as error:  # noqa: BLE001 - whatever Dask raises when a scheduler dies
            _log.debug("the Dask scheduler does not answer: %r", error)
            workers = {}
        self.slots = max(1, sum(workers.values()))
        if workers:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self._patience:
            raise ExecutorLostError(
                f"there has been no worker of {self._where} for {self._patience:g} s, and "
                f"{counted(len(self._tasks), 'stage')} cannot be executed. {self._advice} Then run "
                "this again: what is done is not done again."
            )

    def _beginnings(self) -> list[Event]:
        """Return which of the tasks that were sent have begun, as far as that is known yet."""
        found: list[Event] = []
        for key in self._tasks.keys() - self._begun:
            with suppress(FileNotFoundError):
                with open(_place(self.place.work, self._tasks[key], "begun"), "rb") as file:
                    worker, process = pickle.load(file)
                self._begun.add(key)
                found.append(Started(key, worker, process))
        return found

    def _put(self, task: Task) -> None:
        self._tasks[task.key] = task
        self._begun.discard(task.key)
        gpu = task.requirements.gpu
        future = self._client.submit(
            perform_once,
            self.place.work,
            task,
            key=f"{task.stage}-{self.place.work.token}-{task.key[0]}-{task.key[1]}-{task.attempt}",
            pure=False,
            resources={"GPU": gpu} if gpu and self.gpus is not None else None,
        )
        self._futures[task.key] = future
        future.add_done_callback(lambda done: self._events.put((task.key, done)))

    def _note(self, key: Key, future: Any) -> list[Event]:
        from distributed import KilledWorker

        task = self._tasks.pop(key, None)
        if task is None or self._futures.pop(key, None) is not future:
            return []
        try:
            outcome: Outcome = future.result(timeout=_LOOK)
            return [Finished(key, outcome)]
        except TimeoutError:  # it was done, and went with its worker before it was fetched
            self._tasks[key], self._futures[key] = task, future
            future.add_done_callback(lambda done: self._events.put((key, done)))
            return []
        except (KilledWorker, CancelledError) as error:
            worker = getattr(getattr(error, "last_worker", None), "address", "")
            return [Lost(key, f"the worker {worker} died while it executed {task.label}", worker)]
        except Exception as error:  # noqa: BLE001 - Dask's own, such as what cannot be pickled
            return [Finished(key, describe_failure(error, "dask"))]

    def cancel(self, key: Key) -> None:
        """Restart the worker that executes ``key``, which is how Dask ends what is going on."""
        future, task = self._futures.pop(key, None), self._tasks.pop(key, None)
        if future is not None and task is not None:
            self._stop([future])
            self._started.append(Lost(key, "it was given up"))

    def _stop(self, futures: Sequence[Any]) -> None:
        names = {future.key for future in futures}
        with suppress(Exception):  # the cluster may be gone, and there is nobody to tell
            busy = {
                worker
                for worker, running in self._client.processing().items()
                if names.intersection(running)
            }
            for future in futures:
                future.cancel(force=True)
            if busy:
                self._client.restart_workers(list(busy), timeout=10, raise_for_error=False)

    def close(self, *, grace: float) -> None:
        """End what is going on, and a cluster that was started here."""
        if self._client is not None:
            if self._futures and self._cluster is None:
                self._stop(list(self._futures.values()))
            self._futures.clear()
            _close(self._client, grace)
            self._client = None
        if self._cluster is not None:
            _close(self._cluster, grace + _NANNY_SECONDS)
            self._cluster = None
            os.environ.pop(_HASH_SEED, None)
            if self._hash_seed is not None:
                os.environ[_HASH_SEED] = self._hash_seed


def _close(client_or_cluster: Any, seconds: float) -> None:
    """Close a client or cluster; what a run has come to is not lost because that takes long."""
    try:
        client_or_cluster.close(timeout=seconds)
    except (TimeoutError, OSError) as error:
        name = type(client_or_cluster).__name__
        _log.warning("%s did not close within %g s: %r", name, seconds, error)


def perform_once(work: Work, task: Task) -> Report | Failure:
    """Execute ``task``, or return what became of it if it was done before.

    Dask repeats what a worker had done when that worker dies before its results were fetched; what
    is done is therefore noted in the run's scratch folder.
    """
    place = _place(work, task, "done")
    with suppress(FileNotFoundError), open(place, "rb") as file:
        report: Report = pickle.load(file)
        return report
    me = pickle.dumps((worker_name(), os.getpid()))
    outcome = perform_task(work, task, partial(write_atomically, _place(work, task, "begun"), me))
    if isinstance(outcome, Report):
        write_atomically(place, pickle.dumps(outcome))
    return outcome


def _place(work: Work, task: Task, what: str) -> str:
    return os.path.join(work.scratch, f"{what}-{task.key[0]}-{task.key[1]}-{task.attempt}")
