"""Dask clusters: started as the configuration says, and checked before work is sent to them."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from curifactory.exceptions import BadInputError, MissingPartError
from curifactory.executors import Workplace

QUEUES = {
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


def require_dask() -> None:
    """Raise :class:`MissingPartError`, which says what to install, where Dask is missing."""
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
    if kind not in QUEUES:
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
        cluster = getattr(dask_jobqueue, QUEUES[kind])(**settings)
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
