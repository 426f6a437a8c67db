"""Running experiments from Python, in the documented names."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curifactory import discovery
from curifactory.closing import RunResult
from curifactory.collecting import Definition, collect
from curifactory.config import get_configuration
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode, Terminated
from curifactory.importing import project_imports
from curifactory.manager import ArtifactManager
from curifactory.mapping import RunPlan
from curifactory.options import RunOptions
from curifactory.registry import ParameterRegistry, describe_set
from curifactory.running import run

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from queue import SimpleQueue

    from curifactory.params import ExperimentParameters

__all__ = [
    "ExitCode",
    "RunOptions",
    "RunResult",
    "Terminated",
    "list_experiments",
    "list_params",
    "run",
    "run_experiment",
]


def list_experiments() -> list[str]:
    """Return the names of the project's experiment files."""
    return [file.name for file in discovery.list_experiments(get_configuration())]


def list_params() -> list[str]:
    """Return the names of the project's files with parameter sets."""
    return [file.name for file in discovery.list_params(get_configuration())]


def run_experiment(
    experiment_name: str,
    param_files: Sequence[str] | None = None,
    overwrite_override: bool | None = None,
    cache_dir_override: str | None = None,
    mngr: ArtifactManager | None = None,
    log: bool = False,
    log_debug: bool = False,
    dry: bool = False,
    dry_cache: bool = False,
    store_full: bool = False,
    log_errors: bool = False,
    prefix: str | None = None,
    build_docker: bool = False,
    build_notebook: bool = False,
    run_string: str | None = None,
    stage_overwrites: Sequence[str] | None = None,
    param_set_names: Sequence[str] | None = None,
    param_set_indices: Sequence[str] | None = None,
    global_param_set_indices: Sequence[str] | None = None,
    parallel: int | None = None,
    parallel_mode: bool = False,
    parallel_lock: "AbstractContextManager[Any] | None" = None,
    parallel_queue: "SimpleQueue[Any] | None" = None,
    run_num_override: int | None = None,
    run_ts_override: datetime | None = None,
    lazy: bool = False,
    ignore_lazy: bool = False,
    report: bool = True,
    no_dag: bool = False,
    map_only: bool = False,
    hashes_only: bool = False,
    paths_only: bool = False,
    print_params: bool | str = False,
    no_color: bool = False,
    quiet: bool = False,
    progress: bool = False,
    plain: bool = False,
    notes: str | None = None,
    all_loggers: bool = False,
    executor: str | None = None,
    resources: str | None = None,
    fail_fast: bool = False,
    docker_context: str | None = None,
    run_function: "Callable[[list[Any], ArtifactManager], Any] | None" = None,
    param_sets: "Sequence[ExperimentParameters] | Callable[[], Any] | None" = None,
) -> tuple[Any, ArtifactManager]:
    """Run an experiment and return what its ``run()`` returned, with the manager.

    Parameters
    ----------
    experiment_name, param_files
        Names of the experiment and its parameter files.
    overwrite_override, stage_overwrites
        Ignore the cache for every stage, or for these.
    cache_dir_override, prefix
        Where the cache is, and what goes before its files' names.
    mngr
        Run in this session instead of a new one.
    log, log_debug, log_errors, all_loggers
        Write a log file; with debugging messages; with what goes to the standard error stream;
        with the messages of other libraries.
    dry, dry_cache
        Write nothing; write nothing into the cache.
    store_full
        Keep everything of the run in a folder of its own.
    build_docker, docker_context, build_notebook
        Build an image with code, results and notebook; write what it is built from into this
        folder; write a notebook that loads the results. The first two keep a full store as well.
    run_string
        The command line to record; by default the one that asks for the same.
    param_set_names, param_set_indices, global_param_set_indices
        Keep only these parameter sets.
    parallel, executor, resources, fail_fast
        Execute this many stages at a time; where; sharing what; stopping at the first failure.
    run_function, param_sets
        What stands for ``run()`` and ``get_params()`` of the experiment's file, as where these are
        defined in a notebook or script; ``param_sets`` may be a list. With both there need be no
        file.
    parallel_mode
        Run and cache, but record no run and write no report.
    parallel_lock, parallel_queue
        What ``manager.lock()`` takes, and where ``(global indices, status, error)`` of this run is
        put when it has ended.
    run_num_override, run_ts_override
        Number and start of the run that this one works for and somebody else records.
    lazy, ignore_lazy
        Keep every output out of memory, or none.
    report
        Write the report.
    no_dag
        Decide stage by stage.
    map_only, hashes_only, paths_only, print_params
        Execute nothing, and return the plan; ``{hash: name}``; the paths of artifacts and their
        metadata; or ``{hash: parameters}``, of the named set or hash prefix if it is a text.
    no_color, quiet, progress, plain
        How the command line shows a run; part of the recorded command.
    notes
        Text for the report.

    Returns
    -------
    tuple
        The result and the manager. The result is ``None`` if the experiment failed, which
        ``manager.status`` and ``manager.error`` tell.

    Raises
    ------
    BadInputError
        If something named does not exist; nothing is recorded then.

    """
    options = RunOptions(
        experiment=experiment_name,
        param_files=tuple(param_files or ()),
        names=tuple(param_set_names or ()),
        indices=tuple(map(str, param_set_indices or ())),
        global_indices=tuple(map(str, global_param_set_indices or ())),
        overwrite=bool(overwrite_override),
        overwrite_stages=tuple(stage_overwrites or ()),
        cache=cache_dir_override,
        dry_cache=dry_cache,
        prefix=prefix,
        lazy=lazy,
        ignore_lazy=ignore_lazy,
        dag=not no_dag,
        map_only=map_only,
        hashes_only=hashes_only,
        paths_only=paths_only,
        print_params=print_params,
        dry=dry,
        store_full=store_full,
        parallel=parallel,
        parallel_mode=parallel_mode,
        executor=executor,
        resources=resources,
        fail_fast=fail_fast,
        log=log,
        report=report,
        build_notebook=build_notebook,
        build_docker=build_docker,
        docker_context=docker_context,
        verbose=log_debug,
        all_loggers=all_loggers,
        log_errors=log_errors,
        quiet=quiet,
        no_color=no_color,
        plain=plain,
        progress=progress,
        notes=notes,
        run_line=run_string,
        run_num_override=run_num_override,
        run_ts_override=run_ts_override,
        parallel_lock=parallel_lock,
    )
    definition = _define(run_function, param_sets)
    if hashes_only or print_params:
        manager = mngr or ArtifactManager(experiment_name, dry=True, status_override=None)
        sets = describe_sets(options, definition=definition)
        return {
            hash_: entry["name"] for hash_, entry in sets.items()
        } if hashes_only else sets, manager
    result = run(options, manager=mngr, definition=definition)
    if parallel_queue is not None:
        parallel_queue.put((options.global_indices, result.status, result.manager.error))
    if paths_only:
        return artifact_paths(result.manager), result.manager
    return result.manager.plan if map_only else result.value, result.manager


def _define(run_function: Any, param_sets: Any) -> Definition | None:
    if run_function is None and param_sets is None:
        return None
    listed = param_sets is not None and not callable(param_sets)
    return Definition(run_function, list(param_sets) if listed else param_sets)


def describe_sets(
    options: RunOptions,
    manager_cache_path: str | None = None,
    definition: Definition | None = None,
) -> dict[str, dict[str, Any]]:
    """Return ``{hash: name, parameters and how they count}`` of the sets that ``options`` choose.

    Where ``options.print_params`` is a text, that is only the sets of this name, or else what is
    recorded of hashes that begin with it.

    Raises
    ------
    BadInputError
        If something that the options name does not exist.

    """
    configuration = get_configuration()
    with project_imports(configuration):
        collection = collect(configuration, options, definition)
    own = {str(item.hash): describe_set(item) for item in collection.parameter_sets}
    wanted = options.print_params
    if options.hashes_only or not isinstance(wanted, str):
        return own
    named = {hash_: entry for hash_, entry in own.items() if entry["name"] == wanted}
    recorded = ParameterRegistry(manager_cache_path or configuration.manager_cache_path)
    found = named or recorded.find(wanted)
    if not found:
        raise BadInputError(
            f"parameter set {wanted!r} not found: no set of this run has that name, and no "
            "recorded hash begins with it. Names: "
            f"{', '.join(entry['name'] for entry in own.values())}."
        )
    return found


def artifact_paths(manager: ArtifactManager) -> list[str]:
    """Return the path of every mapped artifact with a cacher, each followed by its metadata's."""
    plan: RunPlan | None = manager.plan
    calls = [] if plan is None else plan.mapped.calls
    cachers = [cacher for call in calls for cacher in call.cachers or () if cacher is not None]
    paths = [cacher.get_path(suffix) for cacher in cachers for suffix in (None, "_metadata.json")]
    return list(dict.fromkeys(paths))
