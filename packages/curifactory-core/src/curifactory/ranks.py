"""Processes of a distributed job: all run the same experiment, and one of them records it."""

import logging
import os
from typing import TYPE_CHECKING

from curifactory.options import RunOptions
from curifactory.paths import safe_component

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_log = logging.getLogger(__name__)
_VARIABLES = ("LOCAL_RANK", "NODE_RANK", "RANK")


def find_rank() -> str:
    """Return ``RANK=1`` or the like, if this is not the first process of its job."""
    found = ((name, os.environ.get(name, "0")) for name in _VARIABLES)
    return next((f"{name}={value}" for name, value in found if value != "0"), "")


def options_of_rank(options: RunOptions, rank: str) -> RunOptions:
    """Return what of ``options`` holds in this process: it caches, and records nothing."""
    if not rank or options.only_maps:
        return options
    return options._replace(parallel_mode=True, store_full=False)


def log_of_rank(manager: "ArtifactManager", rank: str, options: RunOptions) -> None:
    """Begin the log of this process, if it is to have one, and say what it leaves out.

    Parameters
    ----------
    manager
        Its session, whose number and start are those of no recorded run.
    rank
        What :func:`find_rank` found.
    options
        As they were asked for.

    """
    if options.log and not manager.dry:
        name = f"{safe_component(manager.get_reference_name())}_p{os.getpid()}.log"
        manager.log.to_file(os.path.join(manager.logs_path, name))
        _log.info("%s: %s", rank, options.run_line or options.command())
    if options.store_full:
        _log.warning(
            "--store-full has no effect here: the environment has %s, and only the process with "
            "rank 0 keeps the run.",
            rank,
        )
