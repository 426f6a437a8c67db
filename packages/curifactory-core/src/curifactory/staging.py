"""``@stage`` and ``@aggregate``, and the one place where a stage's function is called."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Artifact
from curifactory.binding import bind_inputs, call_arguments
from curifactory.calls import CallStatus, StageCall, declare
from curifactory.causes import Cause, CauseKind
from curifactory.environment import peak_memory
from curifactory.exceptions import OutputSignatureError, UnreadableArtifactError
from curifactory.mapping import forced_by, look_up
from curifactory.outputs import Deferred, Lazy
from curifactory.planning import Action, Decision

if TYPE_CHECKING:
    from curifactory.protocols import CacherSource
    from curifactory.record import Record

_log = logging.getLogger(__name__)


def stage(
    inputs: Sequence[str] | None = None,
    outputs: "Sequence[str | Lazy] | None" = None,
    cachers: "Sequence[CacherSource] | None" = None,
    suppress_missing_inputs: bool = False,
) -> "Callable[[Callable[..., Any]], Callable[..., Record]]":
    """Make a function a stage: it reads artifacts from a record's state and adds its own.

    The function takes the record, then each input as a parameter of the input's name, and
    returns one value per output: several as a tuple, an only one that is a tuple as ``(value,)``.
    The stage is called with a record, changes it and returns it. Keywords given at the call
    replace inputs of that name, or go straight to the function.

    Parameters
    ----------
    inputs
        Names of artifacts the record must have.
    outputs
        Names of the returned values; :class:`~curifactory.Lazy` keeps one out of memory.
    cachers
        A cacher, class or instance, for each output. When all outputs are in the cache, the
        function is not called.
    suppress_missing_inputs
        Use the function's defaults for inputs the record does not have.

    Raises
    ------
    CachersMismatchError, EmptyCachersError, InputSignatureError, OutputSignatureError
        At decoration, if the declarations do not fit each other or the function.

    Examples
    --------
    >>> from curifactory import stage
    >>> @stage(inputs=["initial_value"], outputs=["final_value"])
    ... def double(record, initial_value):
    ...     return initial_value * 2

    """

    def decorate(function: Callable[..., Any]) -> "Callable[..., Record]":
        spec = declare(
            function,
            inputs,
            outputs,
            cachers,
            suppress_missing_inputs=suppress_missing_inputs,
            is_aggregate=False,
        )

        @wraps(function)
        def call(record: "Record", *arguments: Any, **keywords: Any) -> "Record":
            return make_call(StageCall(spec, record, None, arguments, keywords))

        call.spec = spec  # type: ignore[attr-defined]
        return call

    return decorate


def aggregate(
    inputs: Sequence[str] | None = None,
    outputs: "Sequence[str | Lazy] | None" = None,
    cachers: "Sequence[CacherSource] | None" = None,
) -> "Callable[[Callable[..., Any]], Callable[..., Record]]":
    """Make a function a stage that runs over records.

    The function takes its own record, the records, then each input as a dictionary
    ``{record: value}`` of the records that have it. The aggregate is called with a record and the
    records to run over; without them it runs over every other record of the manager.

    Parameters
    ----------
    inputs
        Names of artifacts to collect. An aggregate without any depends on all its records have.
    outputs, cachers
        As for :func:`stage`.

    Raises
    ------
    CachersMismatchError, EmptyCachersError, InputSignatureError, OutputSignatureError
        At decoration, if the declarations do not fit each other or the function.

    """

    def decorate(function: Callable[..., Any]) -> "Callable[..., Record]":
        spec = declare(
            function, inputs, outputs, cachers, suppress_missing_inputs=False, is_aggregate=True
        )

        @wraps(function)
        def call(
            record: "Record", records: "Iterable[Record] | None" = None, **keywords: Any
        ) -> "Record":
            manager = record.manager
            chosen = [other for other in manager.records if other is not record]
            chosen = chosen if records is None else list(records)
            record.set_aggregate(chosen)
            return make_call(StageCall(spec, record, chosen, (), keywords))

        call.spec = spec  # type: ignore[attr-defined]
        return call

    return decorate


def make_call(call: StageCall) -> "Record":
    """Map ``call`` or perform it, whichever the manager is doing, and return its record."""
    record = call.record
    manager = record.manager
    if manager.active_call is not None:
        _log.warning(
            "stage %r is called inside stage %r; the map cannot see such calls. Call it in run().",
            call.name,
            manager.active_call.name,
        )
    call.inputs = bind_inputs(call)
    bind_outputs(call)
    record.calls.append(call)
    if manager.mapping is not None:
        manager.mapping.add(call)
    else:
        perform(call)
    return record


def bind_outputs(call: StageCall) -> None:
    """Give ``call`` its artifacts, each with the cacher that this run's options give it."""
    manager = call.record.manager
    sources = manager.output_cachers(call.spec)
    first = manager.count_artifacts(len(sources))
    call.outputs = tuple(
        Artifact(output.name, call, first + place) for place, (output, _) in enumerate(sources)
    )
    if not any(source is not None for _, source in sources):
        return
    call.occurrence = manager.claim(call)
    for artifact, (output, source) in zip(call.outputs, sources, strict=True):
        if source is not None:
            prototype = source() if isinstance(source, type) else source
            artifact.cacher = prototype.bound_to(call, output.name)
    call.cachers = [artifact.cacher for artifact in call.outputs]


def perform(call: StageCall) -> None:
    """Execute ``call``, or let its outputs come from the cache, as decided."""
    manager = call.record.manager
    planned = manager.plan.decision(call) if manager.plan is not None else None
    call.decision = planned or decide(call)
    if call.decision.action is Action.RUN:
        execute(call)
        return
    reuse(call)
    if planned is None and not _load_all(call):
        return
    manager.call_finished(call)


def decide(call: StageCall) -> Decision:
    """Return what to do with ``call``, without a plan: from the cache if everything is there."""
    forced = forced_by(call)
    if forced is not None:
        return Decision(Action.RUN, (forced,))
    misses, notes = look_up(call)
    if misses:
        return Decision(Action.RUN, misses)
    return Decision(Action.LOAD, notes or (Cause(CauseKind.UP_TO_DATE),))


def reuse(call: StageCall) -> None:
    """Let the outputs of ``call`` wait in the record's state until somebody reads them."""
    action = Action.SKIP if call.decision is None else call.decision.action
    call.status = CallStatus.LOADED if action is Action.LOAD else CallStatus.SKIPPED
    record = call.record
    for artifact, (output, _) in _outputs(call):
        record.state.put(
            artifact.name, _waiting(artifact, lazy=output.lazy, resolve=output.resolve), artifact
        )
    record.set_output()
    record.manager.restore_reportables(call)


def _load_all(call: StageCall) -> bool:
    """Load the outputs of ``call`` that are not lazy; execute it if one cannot be loaded."""
    state = call.record.state
    try:
        for artifact in call.outputs:
            if type(state.held(artifact.name)) is Deferred and artifact.cacher is not None:
                state.keep(artifact.name, artifact.cacher.fetch())
    except UnreadableArtifactError as error:
        _log.warning("%s It is computed again.", error)
        call.decision = decide(call)
        execute(call)
        return False
    return True


def _waiting(artifact: Artifact, *, lazy: bool, resolve: bool) -> Lazy | Deferred:
    if not lazy:
        return Deferred(artifact)
    waiting = Lazy(artifact.name, resolve)
    waiting.artifact = artifact
    return waiting


def _outputs(call: StageCall) -> Iterable[Any]:
    return zip(call.outputs, call.record.manager.output_cachers(call.spec), strict=True)


def execute(call: StageCall) -> None:
    """Call the stage's function and store what it returns: the only place that does.

    Raises
    ------
    Exception
        What the function raises, with a note that names stage, record and experiment.

    """
    record, manager = call.record, call.record.manager
    arguments = call_arguments(call)
    positional = (record,) if call.records is None else (record, call.records)
    manager.call_started(call)
    outer, manager.active_call = manager.active_call, call
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        returned = call.spec.function(*positional, *call.arguments, **arguments)
        call.seconds, call.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        call.peak_memory = peak_memory()
        _store(call, returned)
        manager.store_reportables(call)
    except BaseException as error:
        call.status, call.error = CallStatus.FAILED, error
        error.add_note(f"in {manager.describe_call(call)}")
        raise
    finally:
        manager.active_call = outer
        manager.call_finished(call)


def _store(call: StageCall, returned: Any) -> None:
    values = _returned_values(call, returned)
    state, shown = call.record.state, []
    for (artifact, (output, _)), value in zip(_outputs(call), values, strict=True):
        held = value
        if artifact.cacher is not None and call.record.manager.writes_cache:
            artifact.cacher.publish(value)
            if output.lazy:
                artifact.describe(value)
                held = _waiting(artifact, lazy=True, resolve=output.resolve)
        state.put(artifact.name, held, artifact)
        shown.append(held)
    call.status = CallStatus.EXECUTED
    call.record.set_output(shown[0] if len(shown) == 1 else tuple(shown) or [])


def _returned_values(call: StageCall, returned: Any) -> tuple[Any, ...]:
    outputs = call.spec.outputs
    if not outputs:
        return ()
    values = returned if isinstance(returned, tuple) else (returned,)
    if len(values) != len(outputs):
        declared = ", ".join(_shown(output.name, lazy=output.lazy) for output in outputs)
        raise OutputSignatureError(
            f"stage {call.name!r} declares {len(outputs)} outputs ({declared}) but returned "
            f"{len(values)} values. Return one value per output; an only output that is a tuple is "
            "returned as (value,)."
        )
    return values


def _shown(name: str, *, lazy: bool) -> str:
    return f'Lazy("{name}")' if lazy else f'"{name}"'


def fetch(artifact: Artifact) -> Any:
    """Return the value of ``artifact``: from memory or the cache, or else computed again."""
    call, state = artifact.call, artifact.call.record.state
    if state.artifacts.get(artifact.name) is artifact:
        held = state.held(artifact.name)
        if not isinstance(held, Lazy | Deferred):
            return held
    if artifact.cacher is not None and artifact.cacher.look_up().hit:
        try:
            return artifact.cacher.fetch()
        except UnreadableArtifactError as error:
            _log.warning("%s It is computed again.", error)
    _log.info("stage %r runs after all: %r is read and not in the cache", call.name, artifact.name)
    return _compute_again(artifact)


def _compute_again(artifact: Artifact) -> Any:
    """Execute the call of ``artifact`` and return its value; later results keep their names."""
    call, record = artifact.call, artifact.call.record
    restore = record.snapshot()
    call.decision = Decision(Action.RUN, look_up(call)[0])
    execute(call)
    value = record.state.held(artifact.name)
    restore(call)
    return value.load() if type(value) is Lazy else value
