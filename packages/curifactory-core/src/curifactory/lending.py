"""The session of a run: a new one, or one that is lent, with the run's options."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from curifactory.collecting import Definition
from curifactory.config import Configuration, OnStale
from curifactory.exceptions import BadInputError
from curifactory.hooks import RunHook
from curifactory.manager import ArtifactManager
from curifactory.options import RunOptions
from curifactory.plugins import RUN_HOOKS, find_all

_LENT = (
    "config",
    "dry",
    "dry_cache",
    "hooks",
    "ignore_lazy",
    "lazy",
    "on_stale",
    "overwrite",
    "overwrite_stages",
    "parallel_lock",
    "parallel_mode",
    "prefix",
    "store_full",
)
"""What :func:`apply_options` changes of a session."""


@contextmanager
def lent(manager: ArtifactManager | None) -> Iterator[None]:
    """Put the options of a session back as they were when the block ends."""
    if manager is None:
        yield
        return
    before = {name: getattr(manager, name) for name in _LENT}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(manager, name, value)


def make_manager(
    options: RunOptions,
    configuration: Configuration,
    hooks: Sequence[RunHook],
    definition: Definition | None,
) -> ArtifactManager:
    """Return a new session for a run, which is not open yet."""
    command = options.command() if definition is None else ""  # no command has what is defined
    installed = [] if options.only_maps else [make() for make in find_all(RUN_HOOKS)]
    return ArtifactManager(
        options.experiment,
        store_full=options.store_full,
        run_line=options.run_line or command,
        status_override=None,
        live_log_debug=options.verbose,
        disable_non_cf_loggers=not options.all_loggers,
        config=configuration,
        hooks=[*hooks, *installed],
    )


def apply_options(options: RunOptions, manager: ArtifactManager) -> None:
    """Let a session honour the options that are given.

    Raises
    ------
    BadInputError
        If a folder that they name is not there, or cannot be made.

    """
    manager.dry |= options.writes_nothing
    manager.dry_cache |= options.dry_cache
    manager.store_full |= options.store_full
    manager.parallel_mode |= options.parallel_mode
    manager.log.process = f"{{PID:{os.getpid()}}} " if manager.parallel_mode else ""
    manager.lazy |= options.lazy
    manager.ignore_lazy |= options.ignore_lazy
    manager.overwrite |= options.overwrite
    manager.overwrite_stages = [*manager.overwrite_stages, *options.overwrite_stages]
    manager.prefix = options.prefix or manager.prefix
    manager.on_stale = options.on_stale or manager.on_stale
    if manager.status != "LIVE":
        manager.renewing_command = options._replace(on_stale=OnStale.RERUN).command()
    if options.cache is not None:
        if manager.dry_cache and not os.path.isdir(options.cache):
            raise BadInputError(
                f"there is no cache {options.cache!r} to read; name a folder that exists, or leave "
                "out --dry-cache to make it."
            )
        _require_folder("--cache", options.cache)
        manager.config = manager.config.updated({"cache_path": cache_folder(options.cache)})
    for key in _FOLDERS:
        _require_folder(key, manager.config[key])
    if options.notes is not None:
        manager.run.notes = options.notes
    manager.parallel_lock = options.parallel_lock or manager.parallel_lock
    manager.run.belongs_to(options.run_num_override, options.run_ts_override)


_FOLDERS = (
    "manager_cache_path",
    "cache_path",
    "runs_path",
    "logs_path",
    "notebooks_path",
    "reports_path",
)


def _require_folder(name: str, path: str) -> None:
    """Make sure that no file is where a folder is to be.

    Raises
    ------
    BadInputError
        If there is one.

    """
    part = os.path.abspath(path)
    while not os.path.lexists(part):
        part = os.path.dirname(part)
    if os.path.isfile(part):
        raise BadInputError(f"{name} {path!r} cannot be a folder: {part!r} is a file.")


def cache_folder(path: str) -> str:
    """Return the folder with the artifacts, also where ``path`` is the folder of a full store."""
    artifacts = os.path.join(path, "artifacts")
    return artifacts if os.path.isdir(artifacts) else path
