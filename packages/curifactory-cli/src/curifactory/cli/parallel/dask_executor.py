"""The executor ``dask``: workers of a Dask cluster, here or anywhere that sees the cache.

Dask is a place to execute one call at a time. It is never given the graph, or what depends on a
failed call would fail in its words instead of ours.
"""

import importlib.metadata
import logging
import os
import pickle
import platform
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from curifactory.cli.parallel.futures import FuturesExecutor, Outcome
from curifactory.cli.parallel.working import describe_failure, perform_task
from curifactory.exceptions import BadInputError, ExecutorLostError, MissingPartError
from curifactory.executors import (
    Event,
    Failure,
    Finished,
    Key,
    Lost,
    Report,
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
_LOOK = 2.0
"""How often to see whether the cluster is still there, in seconds."""
_CLUSTERS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "htcondor": "HTCondorCluster",
    "moab": "MoabCluster",
}
_ANY_PORT = ":0"
"""For its dashboard Dask itself takes 8787, which may be in use."""
_OURS = frozenset({"kind", "workers", "address", "wait"})
"""Keys of an executor's entry in the configuration that are not handed on to dask-jobqueue."""


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
        self._seen = 0.0
        """When there was a worker the last time, in monotonic seconds."""

    def start(self) -> None:
        """Connect, wait for a first worker, and see that workers can do this work."""
        _require_dask()
        import dask
        from distributed import Client

        dask.config.set(
            {"logging.distributed": "error", "distributed.scheduler.allowed-failures": 0}
        )
        if not self._address:
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
        self.slots = max(1, sum(self._client.nthreads().values()))
        self._seen = time.monotonic()

    @property
    def _patience(self) -> float:
        """For how long there may be no worker, in seconds."""
        queued = str(self.place.settings.get("kind", "dask")) in _CLUSTERS
        return float(self.place.settings.get("wait", _WORKER_SECONDS if queued else _OTHER_SECONDS))

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
        """Return what has come back from workers.

        Raises
        ------
        ExecutorLostError
            If the scheduler is gone, or there has been no worker for a while.

        """
        deadline = time.monotonic() + timeout
        while True:
            found = super().events(max(0.0, min(_LOOK, deadline - time.monotonic())))
            self._require_scheduler()
            if found or time.monotonic() >= deadline:
                return found
            self._require_workers()

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise ExecutorLostError(
                f"the Dask scheduler of {self._where} is gone, with what was being executed. "
                "Start one and run this again: what is done is not done again."
            )

    def _require_workers(self) -> None:
        """See that there is a worker, or was not long ago."""
        try:
            workers = self._client.nthreads()
        except Exception as error:  # noqa: BLE001 - whatever Dask raises when a scheduler dies
            _log.debug("the Dask scheduler does not answer: %r", error)
            workers = {}
        if workers:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self._patience:
            raise ExecutorLostError(
                f"there has been no worker of {self._where} for {self._patience:g} s, and "
                f"{len(self._tasks)} stages wait for one. {self._advice} Then run this again: "
                "what is done is not done again."
            )

    def _put(self, task: Task) -> None:
        self._tasks[task.key] = task
        gpu = task.requirements.gpu
        future = self._client.submit(
            perform_once,
            self.place.work,
            task,
            key=f"{task.stage}-{self.place.work.token}-{task.key[0]}-{task.key[1]}-{task.attempt}",
            pure=False,
            resources={"GPU": gpu} if gpu else None,
        )
        self._futures[task.key] = future
        future.add_done_callback(lambda done: self._events.put((task.key, done)))

    def _note(self, key: Key, future: Any) -> list[Event]:
        from distributed import KilledWorker

        task = self._tasks.pop(key, None)
        if task is None or self._futures.pop(key, None) is not future:
            return []
        try:
            outcome: Outcome = future.result()
            return [Finished(key, outcome)]
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
    place = os.path.join(work.scratch, f"done-{task.key[0]}-{task.key[1]}-{task.attempt}")
    with suppress(FileNotFoundError), open(place, "rb") as file:
        report: Report = pickle.load(file)
        return report
    outcome = perform_task(work, task)
    if isinstance(outcome, Report):
        write_atomically(place, pickle.dumps(outcome))
    return outcome


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingPartError(
            "--executor dask needs Dask, which is not installed. Run "
            "'pip install \"curifactory[cluster]\"'."
        ) from error


def make_cluster(place: Workplace) -> Any:
    """Return a new cluster, as the executor's settings say.

    Raises
    ------
    BadInputError
        If a cluster's scheduler cannot be used with these settings.

    """
    kind = str(place.settings.get("kind", "dask"))
    if kind not in _CLUSTERS:
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=place.slots,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=f"127.0.0.1{_ANY_PORT}",
            scheduler_kwargs={"dashboard": False},
            processes=True,
        )
    try:
        import dask_jobqueue
    except ImportError as error:
        raise MissingPartError(
            f"an executor of kind {kind!r} needs dask-jobqueue, which is not installed. Run "
            "'pip install \"curifactory[cluster]\"'."
        ) from error
    settings = {key: value for key, value in place.settings.items() if key not in _OURS}
    settings = {"processes": 1, "log_directory": _log_folder(place), **settings}
    settings["scheduler_options"] = {
        "dashboard_address": _ANY_PORT,
        **settings.get("scheduler_options", {}),
    }
    try:
        cluster = getattr(dask_jobqueue, _CLUSTERS[kind])(**settings)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"executor of kind {kind!r} in the configuration: {error}.") from error
    cluster.scale(jobs=int(place.settings.get("workers", 1)))
    return cluster


def _log_folder(place: Workplace) -> str:
    return os.path.join(str(place.work.configuration.logs_path), "jobs")


def job_script(place: Workplace) -> str:
    """Return the script that would be submitted for one job of a cluster's scheduler."""
    cluster = make_cluster(place)
    try:
        return str(cluster.job_script())
    finally:
        cluster.close()


def check_workers(client: Any, place: Workplace) -> None:
    """See that every worker has the same software, and sees this run's scratch folder.

    Raises
    ------
    BadInputError
        If one does not; names it, and what to do.

    """
    token = os.path.join(place.work.scratch, "seen")
    with open(token, "w", encoding="utf-8") as file:
        file.write(place.work.token)
    try:
        found = client.run(describe_worker, token)
    except Exception as error:
        raise BadInputError(
            f"workers cannot take part in the run: {type(error).__name__}: {error}. Install the "
            "same version of curifactory on them as here."
        ) from error
    finally:
        os.unlink(token)
    own = describe_worker(None)
    for worker, facts in found.items():
        for name, version in own["versions"].items():
            other = facts["versions"].get(name)
            if other != version:
                raise BadInputError(
                    f"worker {worker} has {name} {other or '(not installed)'}, and this process "
                    f"has {version}. Give both the same environment."
                )
        if facts["seen"] != place.work.token:
            raise BadInputError(
                f"worker {worker} on {facts['host']} does not see {place.work.scratch!r}, where "
                "the processes of a run meet. Put the project, or its 'manager_cache_path' and "
                "'cache_path', on a file system that the workers share, under the same path."
            )


def describe_worker(token: str | None) -> Mapping[str, Any]:
    """Return what a worker has installed, and what it reads at the path ``token``."""
    versions = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("curifactory-core", "curifactory-cache", "curifactory-cli", "cloudpickle"):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    seen = None
    if token is not None:
        with suppress(OSError), open(token, encoding="utf-8") as file:
            seen = file.read()
    return {"versions": versions, "seen": seen, "host": platform.node()}
