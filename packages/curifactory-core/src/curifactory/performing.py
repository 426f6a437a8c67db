"""The one path of every stage call: bound, decided, and executed or taken from the cache."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Artifact
from curifactory.binding import bind_inputs, call_keywords
from curifactory.calls import EXECUTED, FAILED, LOADED, SKIPPED, StageCall, StageSpec
from curifactory.causes import Cause, CauseKind
from curifactory.deciding import decide, settle
from curifactory.environment import peak_memory
from curifactory.exceptions import OutputSignatureError, UnreadableArtifactError
from curifactory.outputs import Deferred, Unread, waiting
from curifactory.planning import LOAD, RUN, SKIP, Decision

if TYPE_CHECKING:
    from curifactory.mapping import RunPlan
    from curifactory.protocols import Cacher, Publication, Writer
    from curifactory.record import Record

_log = logging.getLogger(__name__)


def make_call(
    spec: StageSpec,
    record: "Record",
    records: "Sequence[Record] | None",
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
) -> "Record":
    """Map a call of ``spec``, or perform it, whichever the manager is doing; return its record."""
    manager = record.manager
    with manager.log:
        if manager.active_call is not None:
            _warn_of_nesting(spec, manager.active_call)
        plan, call = manager.plan if manager.mapping is None else None, None
        if plan is not None and not (spec.is_aggregate or arguments or keywords):
            call = plan.resume(spec, record)
        if call is None:
            call = _bound(StageCall(spec, record, records, arguments, keywords), plan)
        record.calls.append(call)
        if manager.mapping is not None:
            manager.mapping.add(call)
        else:
            perform(call)
            if call.is_stored:
                _release_cachers(call)
    return record


def _warn_of_nesting(spec: StageSpec, active: StageCall) -> None:
    _log.warning(
        "stage %r is called inside stage %r; the map cannot see such calls. Call it in run().",
        spec.name,
        active.name,
    )


def _bound(call: StageCall, plan: "RunPlan | None") -> StageCall:
    """Return ``call`` with what it reads, its artifacts and the names of its files."""
    if call.arguments or call.keywords:
        for value in (*call.arguments, *call.keywords.values()):
            if type(value) is Unread:
                value.read()
    bind_inputs(call)
    if plan is None or not plan.recognize(call):
        bind_outputs(call)
    if call.is_stored:
        call.claim_files()
    return call


def _release_cachers(call: StageCall) -> None:
    """Let go of what was read and written with values that are in memory now."""
    for artifact in call.outputs:
        if not artifact.declared.lazy:
            artifact.release_cacher(keep_path=True)


def bind_outputs(call: StageCall) -> None:
    """Give ``call`` its artifacts, each with the cacher that this run's options give it."""
    manager = call.record.manager
    call.sources = sources = manager.output_cachers(call.spec)
    first = manager.count_artifacts(len(sources))
    outputs = []
    for place, (output, source) in enumerate(sources, first):
        outputs.append(Artifact(output, call, place, source))
        if source is not None:
            call.is_stored = True
    call.outputs = tuple(outputs)


def perform(call: StageCall) -> None:
    """Execute ``call``, or let its outputs come from the cache, as decided."""
    manager = call.record.manager
    if manager.partial and _is_left_out(call):
        call.decision = LEFT_OUT
        reuse(call)
        return
    planned = call.planned
    if planned is None and manager.plan is not None:
        mapped = manager.plan.look_up(call)
        if mapped is not None and mapped.status is EXECUTED:  # by another process
            take_over(call, mapped)
            return
        planned = None if mapped is None else mapped.planned
    call.decision = decide(call) if planned is None else settle(call, planned)
    if call.decision.action is RUN:
        execute(call)
        return
    reuse(call)
    if planned is not None or _load_all(call):
        manager.call_finished(call)


LEFT_OUT = Decision(SKIP, (Cause(CauseKind.NOT_NEEDED),))
"""What happens to aggregates, and to what reads their results, where records are missing."""


def _is_left_out(call: StageCall) -> bool:
    return call.is_aggregate or any(read.call.decision is LEFT_OUT for read in call.reads)


def reuse(call: StageCall) -> None:
    """Let the outputs of ``call`` wait in the record's state until somebody reads them."""
    action = SKIP if call.decision is None else call.decision.action
    call.status = LOADED if action is LOAD else SKIPPED
    record = call.record
    for artifact in call.outputs:
        record.state.put(artifact.name, waiting(artifact), artifact)
    record.set_output()
    record.manager.restore_reportables(call)


def take_over(call: StageCall, done: StageCall) -> None:
    """Let ``call`` be what another process has made of it, as the same call of the map tells."""
    call.decision = done.decision
    reuse(call)
    for name in _FACTS_OF_EXECUTION:
        setattr(call, name, getattr(done, name))
    for artifact, known in zip(call.outputs, done.outputs, strict=True):
        artifact.take_over(known)


_FACTS_OF_EXECUTION = (
    "cpu_seconds",
    "execution",
    "metrics",
    "peak_memory",
    "seconds",
    "started",
    "status",
    "tracked",
    "worker",
)


def _load_all(call: StageCall) -> bool:
    """Load the outputs of ``call`` that are not lazy; execute it if one cannot be loaded."""
    state = call.record.state
    try:
        for artifact in call.outputs:
            if type(state.held(artifact.name)) is Deferred and artifact.cacher is not None:
                state.keep(artifact.name, artifact.cacher.fetch())
    except UnreadableArtifactError as error:
        _log.warning("%s It is computed again.", error)
        call.decision = Decision(RUN, (Cause(CauseKind.UNREADABLE, call.label),))
        execute(call)
        return False
    return True


def execute(call: StageCall) -> tuple[Any, ...]:
    """Call the stage's function, store what it returns and return that: the only place that does.

    Raises
    ------
    Exception
        What the function raises, with a note that names stage, record and experiment.

    """
    record, manager = call.record, call.record.manager
    if manager.plan is not None:
        manager.plan.mapped.collect()
    log, outer = manager.log, manager.active_call
    prefix = log.prefix
    try:
        keywords = call_keywords(call)
        if call.is_stored and manager.writes_cache:
            from curifactory.freshness import freshness_of  # only where something is stored

            call.arrived = freshness_of(manager).arriving(call, keywords)
        manager.call_started(call)
        log.prefix = "" if record.params is None else f"[{record.params.name}] "
        return _attempt(call, keywords)
    except BaseException as error:
        call.status, call.error = FAILED, error
        error.add_note(f"in {manager.describe_call(call)}")
        raise
    finally:
        log.prefix, manager.active_call = prefix, outer
        manager.call_finished(call)


def _attempt(call: StageCall, keywords: dict[str, Any]) -> tuple[Any, ...]:
    """Call the function and store its values, again after a failure if the stage says so."""
    manager = call.record.manager
    retries = (call.spec.requirements.retries or 0) if manager.retries_stages else 0
    for attempt in range(1, retries + 1):
        try:
            return _call_and_store(call, keywords)
        except Exception as error:  # noqa: BLE001 - the last attempt is not guarded
            problem = f"{type(error).__name__}: {error}"
            _log.warning(
                "stage %s failed: %s. Retry %s of %s.", call.label, problem, attempt, retries
            )
    return _call_and_store(call, keywords)


def _call_and_store(call: StageCall, keywords: dict[str, Any]) -> tuple[Any, ...]:
    folder = os.getcwd() if call.is_stored else None
    try:
        values = _call_function(call, keywords)
    finally:
        if folder is not None:
            _return_to(folder, call)
    _store(call, values)
    return values


def _return_to(folder: str, call: StageCall) -> None:
    """Leave the folder that a stage has changed to: the project's paths are relative."""
    try:
        now = os.getcwd()
    except FileNotFoundError:
        now = "one that is gone"
    if now != folder:
        os.chdir(folder)
        _log.warning(
            "stage %s changed the current folder to %s. It is %s again, where results belong.",
            call.label,
            now,
            folder,
        )


def _call_function(call: StageCall, keywords: dict[str, Any]) -> tuple[Any, ...]:
    record, manager = call.record, call.record.manager
    positional = (record,) if call.records is None else (record, call.records)
    manager.reported.forget(call)
    if call.is_stored and manager.writes_cache:
        for cacher in filter(None, call.cachers or ()):
            cacher.prepare()
    manager.active_call = call
    call.begin()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        if call.spec.requirements.timeout is None:
            returned = call.spec.function(*positional, *call.arguments, **keywords)
        else:
            with _limits(call):
                returned = call.spec.function(*positional, *call.arguments, **keywords)
    finally:
        call.seconds, call.cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        call.peak_memory = peak_memory()
    return _returned_values(call, returned)


def _limits(call: StageCall) -> AbstractContextManager[None]:
    timeout = call.spec.requirements.timeout
    if timeout is None or not call.record.manager.limits_time:
        return _UNLIMITED
    from curifactory.limiting import limited  # only where a stage asks for it

    return limited(timeout, call.label)


_UNLIMITED = nullcontext()


def _returned_values(call: StageCall, returned: Any) -> tuple[Any, ...]:
    outputs = call.spec.outputs
    if not outputs:
        return ()
    values = returned if isinstance(returned, tuple) else (returned,)
    if len(values) != len(outputs):
        declared = ", ".join(
            f'Lazy("{output.name}")' if output.lazy else f'"{output.name}"' for output in outputs
        )
        raise OutputSignatureError(
            f"stage {call.name!r} declares {len(outputs)} outputs ({declared}) but returned "
            f"{len(values)} values. Return one value per output; an only output that is a tuple is "
            "returned as (value,)."
        )
    return values


def _store(call: StageCall, values: tuple[Any, ...]) -> None:
    """Publish everything with a cacher, all of it or nothing, and put the values in the state."""
    record, manager = call.record, call.record.manager
    if manager.scratch is not None:
        manager.scratch.keep(call, values)
    writes_cache = manager.writes_cache
    contents: Mapping[Artifact, str | None] = {}
    if call.is_stored or manager.reported.count(call):
        if writes_cache:
            contents = _publish(call, values, _unchanged)
        elif manager.full_store is not None:
            _publish(call, values, manager.full_store.relocated)
    if not writes_cache:
        contents = dict.fromkeys(call.outputs, f"unsaved {call.execution}")
    shown = []
    for place, artifact in enumerate(call.outputs):
        artifact.renewed(contents.get(artifact))
        held = value = values[place]
        if artifact.declared.lazy and writes_cache:
            artifact.describe(value)
            artifact.renewed()  # it counts as it is when it is read
            held = waiting(artifact)
        record.state.put(artifact.name, held, artifact)
        shown.append(held)
    call.status = EXECUTED
    record.set_output(shown[0] if len(shown) == 1 else tuple(shown) or [])


def _unchanged(cacher: "Cacher") -> "Writer":
    return cacher


def _publish(
    call: StageCall, values: tuple[Any, ...], place: "Callable[[Cacher], Writer]"
) -> dict[Artifact, str | None]:
    """Write everything with a cacher, and then put it in its places, which ``place`` may change.

    Return a digest of the content of each, where that is known.
    """
    stored: list[Artifact] = []
    publications: list[Publication] = []
    try:
        for artifact, value in zip(call.outputs, values, strict=True):
            if artifact.cacher is not None:
                stored.append(artifact)
                publications.append(place(artifact.cacher).write(value))
        publications += call.record.manager.reported.write(call, place)
        if not publications:
            return {}
        with ExitStack() as others_wait:  # or two processes mix the outputs of one call
            for publication in sorted(publications, key=lambda each: each.root):
                others_wait.enter_context(publication.exclusive())
            contents = [publication.commit() for publication in publications]
        if _log.isEnabledFor(logging.INFO):
            names = ", ".join([artifact.name for artifact in stored])
            _log.info("stage %s: stored %s", call.name, names or "reportables")
        return dict(zip(stored, contents, strict=False))  # reportables are the last
    finally:
        for publication in publications:
            publication.discard()
