"""From the options of a parallel run to what executes it."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from curifactory.cli.parallel.capacity import Capacity, usable_cores
from curifactory.cli.parallel.carrying import pack
from curifactory.cli.parallel.coordination import Coordination
from curifactory.cli.parallel.processes import forks_workers
from curifactory.cli.parallel.schedule import Schedule
from curifactory.cli.parallel.threads import limit_loaded, single_threaded
from curifactory.config import Configuration
from curifactory.estimating import Durations
from curifactory.exceptions import BadInputError, StageFailedError
from curifactory.executors import Executor, Work, Workplace
from curifactory.importing import unknown
from curifactory.mapping import RunPlan
from curifactory.options import RunOptions
from curifactory.planning import Action
from curifactory.plugins import EXECUTORS, find, names
from curifactory.requirements import parse_resource_list
from curifactory.running import Execution
from curifactory.scratch import Scratch, make_scratch

GRACE = 5.0
"""Seconds that stages have to clean up when a run is interrupted."""
_UNKNOWN = 1.0
"""How long a stage counts to take that never ran, in seconds."""
_CLUSTERS = frozenset({"slurm", "pbs", "lsf", "sge", "oar", "htcondor", "moab"})
"""Kinds of executors that dask starts through a cluster's own scheduler."""


class ParallelCoordinator:
    """Executes the calls of a run where its options say.

    Raises
    ------
    BadInputError
        If the options name an executor or a resource that is not there.

    """

    def __init__(self, options: RunOptions, configuration: Configuration) -> None:
        self._options = options
        try:
            self._limits = parse_resource_list(options.resources) if options.resources else {}
        except ValueError as error:
            raise BadInputError(f"--resources {options.resources!r}: {error}.") from error
        self._settings, self._address = _resolve(options.executor, configuration)
        kind = str(self._settings["kind"])
        source = find(EXECUTORS, "dask" if kind in _CLUSTERS else kind)
        if source is None:
            known = [*names(EXECUTORS), *configuration.executors]
            raise BadInputError(unknown("executor", kind, known))
        self._source: Callable[[Workplace], Executor] = source
        self._slots = options.parallel or self._settings.get("workers")
        if self._slots is not None and self._slots < 1:
            raise BadInputError(f"--parallel {self._slots}: give a number of processes, 1 or more.")

    def importing(self) -> AbstractContextManager[None]:
        """Return what keeps libraries from starting threads when the experiment imports them."""
        return single_threaded()

    def execute(self, execution: Execution, plan: RunPlan) -> None:
        """Execute what ``plan`` says runs."""
        try:
            if any(decision.action is Action.RUN for _, decision in plan.calls()):
                self._execute(execution, plan)
        finally:
            limit_loaded(usable_cores())

    def _execute(self, execution: Execution, plan: RunPlan) -> None:
        manager, calls = execution.manager, plan.mapped.calls
        manager.scratch = Scratch(_scratch_folder(execution), plan.twins())
        manager.scratch.removed_with(manager)
        slots = self._slots or self._limits.get("cores") or usable_cores()
        kind = str(self._settings["kind"])
        forks = kind == "local" and forks_workers(self._settings)
        place = Workplace(
            work=describe_work(execution, manager.scratch.folder, inherited=forks),
            slots=slots,
            settings=self._settings,
            address=self._address,
            calls={call.key: call for call in calls},
        )
        executor = self._source(place)
        try:
            executor.start()
            capacity = self._capacity(executor, slots)
            self._check(plan, capacity)
            self._coordinate(
                Coordination(
                    manager,
                    plan,
                    executor,
                    capacity,
                    self._schedule(execution, plan),
                    self._options.fail_fast,
                )
            )
        finally:
            executor.close(grace=GRACE)

    def _capacity(self, executor: Executor, slots: int) -> Capacity:
        kind = str(self._settings["kind"])
        here = kind in {"local", "inline", "dask"} and not self._has_address
        elsewhere: int | None = getattr(executor, "gpus", None)
        cores = max(slots, executor.slots)
        return Capacity.of_machine(self._limits, cores, local=here, elsewhere=elsewhere)

    @property
    def _has_address(self) -> bool:
        return bool(self._address or self._settings.get("address"))

    def _coordinate(self, coordination: Coordination) -> None:
        try:
            coordination.run()
        except KeyboardInterrupt as interrupt:
            coordination.executor.close(grace=GRACE)
            coordination.interrupted(interrupt)
            raise

    def _check(self, plan: RunPlan, capacity: Capacity) -> None:
        """Refuse a run in which a call could never be executed."""
        for call, decision in plan.calls():
            if decision.action is Action.RUN:
                lacking = capacity.lacks(call.spec.requirements)
                if lacking is not None:
                    raise BadInputError(
                        f"stage {call.name!r} needs {lacking}. Say what there is with "
                        "--resources, as in --resources cores=8,memory=16GB,gpu=1, or let the "
                        "stage ask for less."
                    )

    def _schedule(self, execution: Execution, plan: RunPlan) -> Schedule:
        calls, nodes = plan.mapped.calls, plan.mapped.graph.nodes
        waits: list[list[int] | None] = []
        for node, decision in zip(nodes, plan.plan.decisions, strict=True):
            if decision.action is not Action.RUN:
                waits.append(None)
                continue
            before = [*node.dependencies, *(node.sources or ())]
            waits.append([*before, *(t for each in before if (t := nodes[each].twin) is not None)])
        manager = execution.manager
        known = Durations(manager.manager_cache_path, str(manager.experiment_name))
        seconds = [known.seconds(call.name, call.hash) or _UNKNOWN for call in calls]
        return Schedule(waits, seconds)

    def split(self, execution: Execution) -> StageFailedError | None:
        """Run the experiment for parts of its parameter sets, where there is no plan."""
        from curifactory.cli.parallel.splitting import split

        return split(execution, self._slots or usable_cores(), grace=GRACE)


def _resolve(asked: str | None, configuration: Configuration) -> tuple[Mapping[str, Any], str]:
    """Return the settings of the executor that is asked for, and an address if that was given."""
    if asked is None:
        return configuration.executors.get("local", {"kind": "local"}), ""
    if asked in configuration.executors:
        return configuration.executors[asked], ""
    if "://" in asked:
        return {"kind": "dask"}, asked
    return {"kind": asked}, ""


def _scratch_folder(execution: Execution) -> str:
    manager = execution.manager
    if manager.dry:
        import tempfile

        return make_scratch(tempfile.gettempdir())
    return make_scratch(manager.manager_cache_path)


def describe_work(execution: Execution, scratch: str, *, inherited: bool = False) -> Work:
    """Return what any process needs to take part in the run of ``execution``.

    Raises
    ------
    BadInputError
        If something cannot be sent, unless processes have it ``inherited``.

    """
    manager = execution.manager
    defined, problem = _pack(execution, inherited=inherited)
    return Work(
        token=os.urandom(8).hex(),
        options=execution.options._replace(parallel_lock=None),
        configuration=manager.config,
        folder=os.getcwd(),
        run={**manager.run.identity(), "process": os.getpid()},
        scratch=scratch,
        path=tuple(sys.path),
        defined=defined,
        problem=problem,
    )


def _pack(execution: Execution, *, inherited: bool) -> tuple[bytes | None, str]:
    """Return what no file has, to be sent, and why it cannot be where it is ``inherited`` too."""
    if execution.definition is None:
        return None, ""
    try:
        return pack(execution.definition), ""
    except BadInputError as error:
        if not inherited:
            raise
        return None, str(error)
