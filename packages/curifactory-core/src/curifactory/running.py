"""The way of one run: collect, open, map, plan, execute, close."""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from curifactory.calls import CallStatus
from curifactory.closing import (
    Closing,
    RunResult,
    image_exporter,
    notebook_exporter,
    require_own_store,
)
from curifactory.collecting import Collection, Definition, collect
from curifactory.config import Configuration, get_configuration
from curifactory.deciding import warn_of_stale
from curifactory.discrepancies import (
    UnusableError,
    report_differences,
    report_unknown_stages,
    require_stages,
)
from curifactory.exceptions import (
    BadInputError,
    ReadWhileMappingError,
    StageFailedError,
)
from curifactory.files import ARTIFACTS
from curifactory.hooks import RunHook
from curifactory.importing import describe_error, import_experiment, project_imports
from curifactory.interrupting import terminable
from curifactory.lending import apply_options, lent, make_manager
from curifactory.manager import ArtifactManager
from curifactory.mapping import Map, RunPlan
from curifactory.options import RunOptions
from curifactory.params import ExperimentParameters
from curifactory.performing import reuse
from curifactory.planning import Action
from curifactory.plugins import COORDINATORS, require
from curifactory.ranks import find_rank, log_of_rank, options_of_rank

if TYPE_CHECKING:
    from curifactory.protocols import Coordinator

_log = logging.getLogger(__name__)

ExperimentFunction = Callable[[list[Any], ArtifactManager], Any]


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
    if options.exports_image:
        require_own_store(options, manager)
    coordinator = _make_coordinator(options, configuration)
    with project_imports(configuration), lent(manager):
        with nullcontext() if coordinator is None else coordinator.importing():
            execution = prepare(
                options, configuration, manager=manager, hooks=hooks, definition=definition
            )
        execution.coordinator = coordinator
        if rank and not options.only_maps:
            execution.rank = rank, asked
        if options.exports_image:
            execution.closing.image_exporter = image_exporter(options, execution.manager)
        result = execution.result()
    if manager is not None and not options.only_maps:
        manager.plan = None  # the session goes on without one
    return result


def _make_coordinator(options: RunOptions, configuration: Configuration) -> "Coordinator | None":
    """Return what executes the run in several processes, ``None`` for a run in this one."""
    asked = (options.parallel, options.executor)
    if options.only_maps or options.parallel_mode or asked == (None, None):
        return None
    source = require(COORDINATORS, "default", "parallel runs come", "curifactory-cli")
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
        manager = make_manager(options, configuration, hooks, definition)
    else:
        manager.hooks = (*manager.hooks, *hooks)
    apply_options(options, manager)
    if definition is not None and manager.status != "LIVE":
        manager.renewing_command = "run_experiment(..., stage_overwrites=[...])"
    if options.build_notebook and not options.exports_image:
        notebook_exporter()  # what it needs is missed before the run, not after it
    return Execution(options, manager, function, collection, definition)


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
        self.closing = Closing(options, manager, owns_run=self.owns_run)
        self._value: Any = None
        self._map = Map()

    def result(self) -> RunResult:
        """Open the run, map, plan and execute it, close it, and return what came of it."""
        try:
            with terminable():
                result = self._open_and_execute()
        except KeyboardInterrupt as interrupt:  # before there was something to close, or after it
            result = self.closing.break_off(self._value, interrupt)
        finally:
            self._map.release()
        if self.owns_run:
            self.manager.run.exit_with(result.exit_code)
        return result

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
        except UnusableError:
            if self.owns_run:
                manager.run.discard()
            raise
        except KeyboardInterrupt as interrupt:
            return self.closing.close(None, "interrupted", interrupt)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - the result carries it on
            return self.closing.close(None, "error", failure)
        return self.closing.close(self._value, status, None)

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
        with nullcontext() if manager.plan is None else manager.plan.mapped.waiting():
            value = self._call(list(self.collection.parameter_sets))
        if manager.plan is not None:
            report_differences(manager.plan, manager)
        else:
            report_unknown_stages(self.options.overwrite_stages, manager)
        if failure is not None:
            raise failure
        return value, "complete"

    def _coordinate(self, coordinator: "Coordinator") -> StageFailedError | None:
        """Let other processes execute what is planned; then all of it can be taken over."""
        self.manager.finish_digests()  # or it could not fork
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
            raise UnusableError(str(error)) from error
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
            require_stages(mapped, self.options.overwrite_stages)
            plan = RunPlan(mapped, manager.on_stale)
        if not self.options.only_maps:
            warn_of_stale(manager, plan.stale_calls())
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
