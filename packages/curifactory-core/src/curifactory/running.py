"""The way of one run: collect, open, map, plan, execute, close."""

import logging
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from curifactory.calls import CallStatus
from curifactory.collecting import Collection, Definition, collect
from curifactory.config import Configuration, OnStale, get_configuration
from curifactory.deciding import warn_of_stale
from curifactory.exceptions import (
    BadInputError,
    CacheError,
    CurifactoryError,
    MissingPartError,
    ReadWhileMappingError,
    StageFailedError,
)
from curifactory.exiting import ExitCode, Terminated
from curifactory.files import ARTIFACTS
from curifactory.importing import describe_error, import_experiment, project_imports, unknown
from curifactory.interrupting import terminable, uninterrupted
from curifactory.manager import ArtifactManager
from curifactory.mapping import Map, RunPlan
from curifactory.options import RunOptions
from curifactory.params import ExperimentParameters
from curifactory.performing import reuse
from curifactory.planning import Action
from curifactory.plugins import COORDINATORS, EXPORTERS, RUN_HOOKS, find, find_all
from curifactory.protocols import Coordinator, Exporter, ImageExporter, RunHook
from curifactory.ranks import find_rank, log_of_rank, options_of_rank

_log = logging.getLogger(__name__)
failures = logging.getLogger("curifactory.failures")
"""Gets the traceback of a failed run, for its log file; terminals show it in their own way."""

ExperimentFunction = Callable[[list[Any], ArtifactManager], Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run."""

    value: Any
    """What the experiment's ``run()`` returned; ``None`` if it failed or was only mapped."""
    manager: ArtifactManager
    status: str
    """``complete``, ``error``, ``interrupted``, or ``mapped`` where nothing was to be executed."""
    error: BaseException | None = None
    report_path: str | None = None
    """The report's page, where one was written."""
    notebook_path: str | None = None
    """The notebook that loads the results, where one was written."""
    image: str | None = None
    """The name of the image that was built, or the folder with what it is to be built from."""

    @property
    def exit_code(self) -> ExitCode:
        """What a program that did this run should exit with."""
        return _exit_code(self.status, self.error)


def _exit_code(status: str, error: BaseException | None) -> ExitCode:
    if isinstance(error, Terminated):
        return ExitCode.TERMINATED
    if status == "interrupted" or isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return ExitCode.COMPLETE if error is None else ExitCode.FAILED


def run(
    options: RunOptions,
    *,
    configuration: Configuration | None = None,
    manager: ArtifactManager | None = None,
    hooks: Sequence[RunHook] = (),
    definition: Definition | None = None,
) -> RunResult:
    """Run an experiment of the project in the current directory.

    Parameters
    ----------
    options
        What to run, and how.
    configuration
        The project's configuration; by default the one found from the current directory.
    manager
        Run in this session, with the options that are given; its run stays open, and its earlier
        records are forgotten. By default a new session with a run of its own.
    hooks
        Are told what happens, besides those that are installed.
    definition
        Use this in place of the experiment's file, or of a part of it.

    Returns
    -------
    RunResult
        Also where the experiment failed or was interrupted; its report is written then too.

    Raises
    ------
    BadInputError
        If what ``options`` name does not exist; nothing has been written then.

    """
    configuration = configuration or get_configuration()
    rank, asked = find_rank(), options
    options = options_of_rank(options, rank).with_implied()
    coordinator = _make_coordinator(options, configuration)
    with project_imports(configuration), _lent(manager):
        with nullcontext() if coordinator is None else coordinator.importing():
            execution = prepare(
                options, configuration, manager=manager, hooks=hooks, definition=definition
            )
        execution.coordinator = coordinator
        if rank and not options.only_maps:
            execution.rank = rank, asked
        if options.exports_image:
            execution.image_exporter = _image_exporter(execution)
        return execution.result()


def _make_coordinator(options: RunOptions, configuration: Configuration) -> Coordinator | None:
    """Return what executes the run in several processes, ``None`` for a run in this one."""
    asked = (options.parallel, options.executor)
    if options.only_maps or options.parallel_mode or asked == (None, None):
        return None
    source = find(COORDINATORS, "default")
    if source is None:
        raise MissingPartError(
            "parallel runs come with 'curifactory-cli'. Run 'pip install curifactory-cli'."
        )
    coordinator: Coordinator = source(options, configuration)
    return coordinator


def prepare(
    options: RunOptions,
    configuration: Configuration,
    *,
    manager: ArtifactManager | None = None,
    hooks: Sequence[RunHook] = (),
    definition: Definition | None = None,
) -> "Execution":
    """Return the run that ``options`` ask for, its input checked and nothing recorded yet.

    The project's modules must be importable, as inside :func:`project_imports`. A process that is
    to execute one call of a run makes the run's :meth:`Execution.plan` and takes the call from it.

    What ``definition`` has is taken from there instead of being imported.

    Raises
    ------
    BadInputError
        If what ``options`` name does not exist.

    """
    options.check_report_file()
    function = None if definition is None else definition.function
    if function is None:
        function = import_experiment(configuration, options.experiment).run
    collection = collect(configuration, options, definition)
    if manager is None:
        manager = _make_manager(options, configuration, hooks, definition)
    else:
        manager.hooks = (*manager.hooks, *hooks)
    _apply(options, manager)
    if definition is not None and manager.status != "LIVE":
        manager.renewing_command = "run_experiment(..., stage_overwrites=[...])"
    if options.build_notebook:
        _notebook_exporter()  # what it needs is missed before the run, not after it
    return Execution(options, manager, function, collection, definition)


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
"""What :func:`_apply` changes of a session."""


@contextmanager
def _lent(manager: ArtifactManager | None) -> Iterator[None]:
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


def _make_manager(
    options: RunOptions,
    configuration: Configuration,
    hooks: Sequence[RunHook],
    definition: Definition | None,
) -> ArtifactManager:
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


def _apply(options: RunOptions, manager: ArtifactManager) -> None:
    """Let a session honour the options that are given."""
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
        manager.renewing_command = replace(options, on_stale=OnStale.RERUN).command()
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


class Execution:
    """One run of an experiment's function, from its opening to its end."""

    def __init__(
        self,
        options: RunOptions,
        manager: ArtifactManager,
        function: ExperimentFunction,
        collection: Collection,
        definition: Definition | None = None,
    ) -> None:
        self.options = options
        self.definition = definition
        """What does not come from files of the project."""
        self.manager = manager
        self.owns_run = not manager.run.recorded and manager.status != "LIVE"
        if self.owns_run:
            manager.run.options = options
        self.function = function
        self.collection = collection
        self.coordinator: Coordinator | None = None
        """Executes calls in other processes; without one all happens in this one."""
        self.rank: tuple[str, RunOptions] | None = None
        """Which process of a distributed job this is, if not the first, and what was asked."""
        self._value: Any = None
        self.image_exporter: ImageExporter | None = None
        """Makes an image of the run in the end, where one is asked for."""
        self._map = Map()

    def result(self) -> RunResult:
        """Open the run, map, plan and execute it, close it, and return what came of it."""
        try:
            with terminable():
                result = self._open_and_execute()
        except KeyboardInterrupt as interrupt:  # before there was something to close, or after it
            result = self._break_off(interrupt)
        if self.owns_run:
            self.manager.run.exit_with(result.exit_code)
        return result

    def _break_off(self, interrupt: KeyboardInterrupt) -> RunResult:
        """Leave what is not written yet; what is known of the run so far stays as it is."""
        manager = self.manager
        status = manager.status if self.owns_run else "interrupted"
        with uninterrupted():
            if self.owns_run and status == "incomplete":
                status = "interrupted"
                code = _exit_code(status, interrupt)
                manager.close_run(status, exit_code=code, **_describe(interrupt))
            not_kept = _close_full_store(manager, None)
            if self.owns_run:
                manager.log.close()
        if not_kept is not None:
            interrupt.add_note(str(not_kept))
        return RunResult(self._value, manager, status, interrupt)

    def _open_and_execute(self) -> RunResult:
        manager = self.manager
        if self.owns_run:
            manager.open_run(log=self.options.log, parameters=self.collection.by_file)
            if self.rank is not None:
                log_of_rank(manager, *self.rank)
        else:
            manager.run.record_parameters(self.collection.by_file)
            manager.open_full_store()
        if manager.full_store is not None:
            artifacts = manager.get_run_output_path(ARTIFACTS)
            manager.run.reproduce = self.options.reproduce_from(artifacts)
        manager.plan = manager.scratch = None
        manager.start_over()
        try:
            self._value, status = self._map_and_execute()
        except _UnusableError:
            if self.owns_run:
                manager.run.discard()
            raise
        except KeyboardInterrupt as interrupt:
            return self._close(None, "interrupted", interrupt)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - the result carries it on
            return self._close(None, "error", failure)
        finally:
            self._map.release()
        return self._close(self._value, status, None)

    def _map_and_execute(self) -> tuple[Any, str]:
        manager = self.manager
        if (self.options.dag and not self.options.parallel_mode) or self.options.only_maps:
            manager.plan = self.plan()
        if self.options.only_maps:
            return None, "mapped"
        failure = None
        if self.coordinator is not None:
            failure = self._coordinate(self.coordinator)
        manager.start_over()
        value = self._call(list(self.collection.parameter_sets))
        if manager.plan is not None:
            _report_differences(manager.plan, manager)
        else:
            _report_unknown_stages(self.options.overwrite_stages, manager)
        if failure is not None:
            raise failure
        return value, "complete"

    def _coordinate(self, coordinator: Coordinator) -> StageFailedError | None:
        """Let other processes execute what is planned; then all of it can be taken over."""
        plan = self.manager.plan
        if plan is None:
            if self.options.dag:
                return None
            failure = coordinator.split(self)
            self.manager.overwrite = False  # that is done
            return failure
        try:
            coordinator.execute(self, plan)
        except BadInputError as error:
            raise _UnusableError(str(error)) from error
        except BaseException:
            _keep_mapped(plan)
            raise
        return None

    def _call(self, parameter_sets: list[ExperimentParameters]) -> Any:
        return self.function(parameter_sets, self.manager)

    def plan(self) -> RunPlan | None:
        """Map the experiment and return the plan; ``None`` where ``run()`` reads results."""
        manager = self.manager
        with self._map as mapped:
            reason = self._why_not_mapped(mapped)
            if reason:
                _log.warning(
                    "run() needs results between stages (%s): going on linearly, as with --no-dag.",
                    reason,
                )
                return None
            _require_stages(mapped, self.options.overwrite_stages)
            plan = RunPlan(mapped, manager.on_stale)
        if not self.options.only_maps:
            warn_of_stale(manager, plan.calls())
        return plan

    def _why_not_mapped(self, mapped: Map) -> str:
        """Let ``run()`` make its calls on ``mapped``; return why that cannot be, or nothing."""
        manager = self.manager
        manager.mapping = mapped
        try:
            self._call([item.duplicate() for item in self.collection.parameter_sets])
        except ReadWhileMappingError:
            return f"it reads {mapped.handed_out[-1]!r}"
        except Exception as error:
            if not mapped.handed_out and not isinstance(error, OSError):
                raise
            return describe_error(error)
        finally:
            manager.mapping = None
        return ""

    def _close(self, value: Any, status: str, error: BaseException | None) -> RunResult:
        try:
            return self._export(value, status, *self._report(status, error))
        finally:
            if self.owns_run:
                self.manager.log.close()

    def _report(
        self, status: str, error: BaseException | None
    ) -> tuple[BaseException | None, str | None]:
        """Close the run; return what went wrong first, and the path of the report."""
        manager = self.manager
        path = None
        try:
            if error is not None and manager.log_path is not None:
                failures.error("%s", _describe(error)["traceback"])
            if self.owns_run:
                manager.close_run(status, exit_code=_exit_code(status, error), **_describe(error))
            else:
                manager.run.error = _describe(error).get("error")
            if self.options.report and manager.run.recorded:
                path = _write_report(manager, self.options.report_file)
        except Exception as failure:  # noqa: BLE001 - the result carries it on
            failure.add_note(f"while the report of run {manager.get_reference_name()} was written")
            error = error or failure
        return error, path

    def _export(
        self, value: Any, status: str, error: BaseException | None, report_path: str | None
    ) -> RunResult:
        """Complete the full store, and write notebook and image where they are asked for."""
        manager = self.manager
        not_kept = _close_full_store(manager, report_path)
        notebook, not_written, image = None, None, None
        if self.options.build_notebook and self.owns_run and manager.run.recorded:
            notebook, not_written = _write_notebook(manager)
        error = error or not_kept or not_written
        if self.image_exporter is not None:
            image, not_built = _make_image(self.image_exporter, manager, error)
            error = error or not_built
        return RunResult(value, manager, status, error, report_path, notebook, image)


def _image_exporter(execution: Execution) -> ImageExporter:
    """Return what makes an image of the run, once it is sure that it can.

    Raises
    ------
    BadInputError
        If there is nothing that can build it, or nothing that it can be built from.

    """
    options, manager = execution.options, execution.manager
    if options.dry or not execution.owns_run:
        what = "a dry run" if options.dry else "a session that goes on"
        raise BadInputError(
            f"an image is built from what a run stores, and {what} has no full store of its own. "
            "Leave out --docker and --docker-context, or run the experiment without the other."
        )
    source = find(EXPORTERS, "image")
    if source is None:
        raise MissingPartError(
            "images come with 'curifactory-cli'. Run 'pip install curifactory-cli'."
        )
    exporter: ImageExporter = source(options)
    exporter.check(manager)
    return exporter


def _make_image(
    exporter: ImageExporter, manager: ArtifactManager, error: BaseException | None
) -> tuple[str | None, Exception | None]:
    """Return the image of the run, and why there is none if it cannot be made."""
    if error is not None:
        _log.warning("No image: the run did not complete.")
        return None, None
    try:
        return exporter.export(manager), None
    except (CurifactoryError, OSError) as failure:
        failure.add_note(f"while the image of run {manager.get_reference_name()} was made")
        return None, failure


def _write_notebook(manager: ArtifactManager) -> tuple[str | None, OSError | None]:
    """Return the path of the run's notebook, and why there is none if it cannot be written."""
    try:
        return _notebook_exporter().export(manager), None
    except OSError as failure:
        failure.add_note(f"while the notebook of {manager.get_reference_name()} was written")
        return None, failure


def _notebook_exporter() -> Exporter:
    """Return what writes notebooks.

    Raises
    ------
    MissingPartError
        If it, or what it needs, is not installed.

    """
    source = find(EXPORTERS, "notebook")
    if source is None:
        raise MissingPartError(
            "notebooks come with 'curifactory-report'. Run 'pip install curifactory-report'."
        )
    exporter: Exporter = source()
    return exporter


def _close_full_store(manager: ArtifactManager, report_path: str | None) -> Exception | None:
    """Complete the run's full store, if it has one; return why that failed, or nothing."""
    try:
        if manager.full_store is not None:
            manager.full_store.close(report_path)
    except CacheError as failure:
        return failure
    return None


def _describe(error: BaseException | None) -> dict[str, str]:
    """Return ``Class - message`` and the traceback of what ended a run."""
    if error is None:
        return {}
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    if isinstance(error, StageFailedError) and error.traceback:
        lines = [error.traceback]
    return {"error": f"{type(error).__name__} - {error}", "traceback": "".join(lines)}


def _write_report(manager: ArtifactManager, single_file: str | None) -> str | None:
    try:
        return manager.generate_report(single_file)
    except MissingPartError as error:
        _log.warning("No report: %s", error)
        return None


def _keep_mapped(plan: RunPlan) -> None:
    """Let the records of the map show what became of each call, where there will be no others."""
    for call, planned in plan.calls():
        manager = call.record.manager
        call.decision = call.decision or planned
        if call.status is CallStatus.EXECUTED:
            manager.restore_reportables(call)
        elif call.status is CallStatus.PENDING and call.decision.action is not Action.RUN:
            reuse(call)
    for record in {call.record: None for call in plan.mapped.calls}:
        record.manager.register(record)


class _UnusableError(BadInputError):
    """What is asked for cannot be, as is known once the experiment is mapped.

    A stage to overwrite is not there, or an executor cannot be used.
    """


def _require_stages(mapped: Map, names: Sequence[str]) -> None:
    known = list(dict.fromkeys(call.name for call in mapped.calls))
    for name in names:
        if name not in known:
            raise _UnusableError(unknown("stage", name, known))


def _report_unknown_stages(names: Sequence[str], manager: ArtifactManager) -> None:
    known = {call.name for record in manager.all_records for call in record.calls}
    for name in names:
        if name not in known:
            message = unknown("stage", name, sorted(known))
            _log.warning("--overwrite-stage %s had no effect: %s", name, message)


def _report_differences(plan: RunPlan, manager: ArtifactManager) -> None:
    for call in plan.unplanned:
        _log.warning(
            "the map did not have stage %r of %s; it was decided on the spot.",
            call.name,
            call.record.get_reference_name(),
        )
    for call in plan.missing_calls(manager):
        _log.warning(
            "the map had stage %r of %s, which run() did not call this time.",
            call.name,
            call.record.get_reference_name(),
        )
