"""Executing one call of a run, in whatever process and thread this is."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import curifactory
from curifactory.calls import StageCall
from curifactory.cli.parallel.carrying import unpack
from curifactory.cli.parallel.threads import limit_threads
from curifactory.closure.placing import is_project_file
from curifactory.config import OnStale
from curifactory.environment import hostname
from curifactory.exceptions import (
    BadInputError,
    CurifactoryError,
    ExecutingWithSkippedInputError,
)
from curifactory.executors import Failure, Key, Report, Task, Work
from curifactory.freshness import freshness_of
from curifactory.importing import project_imports
from curifactory.lineage import lineage
from curifactory.manager import ArtifactManager
from curifactory.outputs import waiting
from curifactory.performing import execute
from curifactory.record import Record
from curifactory.run import call_metrics
from curifactory.running import Execution, prepare
from curifactory.scratch import Scratch

_own = threading.local()
_MOST_MESSAGES = 1000


def perform_task(
    work: Work, task: Task, begin: Callable[[], None] | None = None
) -> Report | Failure:
    """Execute a call in this thread, and return what came of it.

    The experiment is mapped once in each thread. This is what executors let other processes do; it
    may be pickled. ``begin`` is called when the map is there.
    """
    worker = worker_name()
    at_home = work.run.get("process") == os.getpid()
    if not at_home:
        prepare_for(task)
    messages = Messages()
    try:
        mapped = _mapped(work)
    except Exception as error:  # noqa: BLE001 - told to the coordinator, whatever it is
        return describe_failure(error, worker)
    if begin is not None:
        begin()
    # in its own main thread nobody else can end a call that takes too long
    mapped.manager.limits_time = at_home and threading.current_thread() is threading.main_thread()
    with messages.collected(mapped.manager, at_home=at_home):
        return mapped.perform(task, worker, messages.taken)


def worker_name() -> str:
    """Return a name for this thread that no other of the run has."""
    return f"{hostname()}-{os.getpid()}-{threading.get_native_id()}"


def prepare_for(task: Task) -> None:
    """Let this process use the cores and devices that ``task`` was given, and no others."""
    if task.devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(task.devices)
    limit_threads(task.requirements.cores)


def _mapped(work: Work) -> "MappedRun":
    known: tuple[str, MappedRun] | None = getattr(_own, "mapped", None)
    if known is None or known[0] != work.token:
        known = _own.mapped = work.token, MappedRun.of_work(work)
    return known[1]


class MappedRun:
    """The calls of a run as this process or thread has mapped them."""

    def __init__(self, manager: ArtifactManager, calls: Mapping[Key, StageCall]) -> None:
        self.manager = manager
        self._calls = calls
        manager.hooks = ()
        if not manager.dry_cache:  # then stages publish what the coordinator copies to the store
            manager.store_full = False
        if manager.scratch is not None:
            manager.scratch.collects = True
        manager.retries_stages = manager.computes_missing = manager.limits_time = False

    @classmethod
    def of_work(cls, work: Work) -> "MappedRun":
        """Map the run that ``work`` describes.

        Raises
        ------
        BadInputError
            If this process cannot import the experiment, or there is no map of it here.

        """
        if os.getcwd() != work.folder:
            os.chdir(work.folder)
        sys.path.extend(path for path in work.path if path not in sys.path)
        with project_imports(work.configuration):
            execution = _prepare(work)
            manager = execution.manager
            manager.hooks = ()
            manager.run.assume({key: work.run[key] for key in work.run if key != "process"})
            policy, manager.on_stale = manager.on_stale, OnStale.IGNORE
            plan = execution.plan()
            manager.on_stale = policy
        if plan is None:
            raise BadInputError(f"there is no map of {work.options.experiment!r} in this process.")
        manager.scratch = Scratch(work.scratch, plan.twins())
        return cls(manager, {call.key: call for call in plan.mapped.calls})

    def perform(
        self, task: Task, worker: str, messages: Callable[[], tuple[Mapping[str, Any], ...]] = tuple
    ) -> Report | Failure:
        """Execute the call that ``task`` names."""
        call = self._calls.get(task.key)
        if call is None or (call.name, call.hash) != (task.stage, task.hash):
            return self._refuse(task, worker, "maps other stages")
        if lineage(call) != task.lineage and not _holds_unrepeatable(call):
            return self._refuse(task, worker, "computes them from other inputs or arguments")
        try:
            with _as_of(call):
                self._execute(call)
                self.manager.finish_digests()  # others compare them, who do not know of ours
                return _report(call, worker, messages())
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also SystemExit: told to the coordinator
            return describe_failure(error, worker, messages())
        finally:
            self.manager.reported.forget(call)

    def _execute(self, call: StageCall) -> None:
        manager = self.manager
        if manager.freshness is not None or call.is_stored:
            for artifact in freshness_of(manager).sources(call):
                artifact.renewed()
        execute(call)
        if manager.scratch is not None and not manager.writes_cache:
            own = [each for each in manager.reportables if each.record is call.record]
            for each in own:
                each.record = None
            manager.scratch.keep_reportables(call, own)

    def _refuse(self, task: Task, worker: str, difference: str) -> Failure:
        message = (
            f"worker {worker} cannot execute stage {task.label}: its experiment {difference}. "
            "Its code or parameters differ from those of the process that started the run, or "
            "run() and get_params() do not do the same every time."
        )
        return Failure("WorkerDiffersError", message, "", worker=worker)


def _prepare(work: Work) -> Execution:
    if work.problem:
        raise BadInputError(work.problem)
    definition = None if work.defined is None else unpack(work.defined)
    return prepare(work.options, work.configuration, definition=definition)


def _holds_unrepeatable(call: StageCall) -> bool:
    """Tell whether a call was given what is equal to itself alone, such as an open file."""
    from curifactory.lineage import identify

    given = (*call.arguments, *call.keywords.values())
    return any(" at " in identify(value) for value in given)


@contextmanager
def _as_of(call: StageCall) -> Iterator[None]:
    """Let records be as they were when ``call`` was made, and again as they are afterwards."""
    with ExitStack() as stack:
        for record in {call.record: None, **dict.fromkeys(call.records or ())}:
            stack.enter_context(_record_as_of(record, call))
        yield


@contextmanager
def _record_as_of(record: Record, call: StageCall) -> Iterator[None]:
    calls, restore = record.calls, record.snapshot()
    later = {each for each in calls if each.number >= call.number}
    record.calls = [each for each in calls if each not in later or each is call]
    for name, artifact in list(record.state.artifacts.items()):
        if artifact.call in later:
            _step_back(record, name)
    try:
        yield
    finally:
        record.calls = calls
        restore(())


def _step_back(record: Record, name: str) -> None:
    """Let a name stand for what the record's calls so far have made of it."""
    for earlier in reversed(record.calls[:-1] if record.calls else []):
        for artifact in earlier.outputs:
            if artifact.name == name:
                record.state.put(name, waiting(artifact), artifact)
                return
    del record.state[name]


def _report(call: StageCall, worker: str, messages: tuple[Mapping[str, Any], ...]) -> Report:
    return Report(
        execution=call.execution,
        started=call.started or 0.0,
        seconds=call.seconds or 0.0,
        cpu_seconds=call.cpu_seconds or 0.0,
        peak_memory=call.peak_memory,
        previews=tuple((artifact.type_name, artifact.preview) for artifact in call.outputs),
        metrics=call_metrics(call),
        tracked=call.tracked,
        worker=worker,
        messages=messages,
    )


def describe_failure(
    error: BaseException, worker: str, messages: tuple[Mapping[str, Any], ...] = ()
) -> Failure:
    """Return what was raised in words."""
    trace = traceback.TracebackException.from_exception(error)
    trace.__notes__ = []
    full = "".join(trace.format())
    own = [frame for frame in trace.stack if not _is_ours(frame.filename)]
    trace.stack = traceback.StackSummary.from_list(own or trace.stack)
    shown = "".join(trace.format())
    if isinstance(error, CurifactoryError) and not own and not _is_of_project(trace.__cause__):
        shown = f"{type(error).__name__}: {error}"  # which tells all of it
    missing = error.key if isinstance(error, ExecutingWithSkippedInputError) else None
    return Failure(
        kind=type(error).__name__,
        message=str(error),
        traceback=full,
        own_traceback=shown,
        misses=missing,
        worker=worker,
        messages=messages,
    )


def _is_of_project(trace: traceback.TracebackException | None) -> bool:
    """Tell whether code of the project raised something."""
    paths = () if trace is None else {frame.filename for frame in trace.stack}
    return any(is_project_file(path) and not _is_ours(path) for path in paths)


def _is_ours(path: str) -> bool:
    roots = tuple(f"{os.path.abspath(root)}{os.sep}" for root in curifactory.__path__)
    return path.startswith(roots)


class Messages(logging.Handler):
    """Collects the log messages of one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._found: list[Mapping[str, Any]] = []
        self._manager: ArtifactManager | None = None

    @contextmanager
    def collected(self, manager: ArtifactManager, *, at_home: bool) -> Iterator[None]:
        """Collect inside the block; nothing ``at_home``, where the run's log is listening."""
        self._manager = manager
        root = logging.getLogger()
        if at_home:
            yield
            return
        before = root.level
        root.setLevel(min(before, logging.INFO))
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
            root.setLevel(before)

    def emit(self, record: logging.LogRecord) -> None:
        """Collect ``record``."""
        if record.thread == self._thread and len(self._found) < _MOST_MESSAGES:
            message = describe_message(record, self._manager)
            if message is not None:
                self._found.append(message)

    def taken(self) -> tuple[Mapping[str, Any], ...]:
        """Return what was collected so far."""
        return tuple(self._found)


def describe_message(
    record: logging.LogRecord, manager: ArtifactManager | None
) -> dict[str, Any] | None:
    """Return a log message as plain data; ``None`` for what the coordinator logs itself."""
    if record.name == "curifactory.manager":
        return None
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
    return {
        "name": record.name,
        "levelno": record.levelno,
        "levelname": record.levelname,
        "created": record.created,
        "msg": text,
        "prefix": "" if manager is None else manager.log.prefix,
    }
