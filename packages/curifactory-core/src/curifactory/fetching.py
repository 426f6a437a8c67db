"""Values that somebody reads although they are not in memory: loaded, or computed after all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curifactory.artifact import NOT_IN_MEMORY, Artifact
from curifactory.binding import is_available, is_held, origins_read
from curifactory.calls import Origin, StageCall
from curifactory.exceptions import ExecutingWithSkippedInputError, UnreadableArtifactError
from curifactory.holding import look_up
from curifactory.outputs import Deferred
from curifactory.performing import execute
from curifactory.planning import Action, Decision

_log = logging.getLogger(__name__)


def fetch(artifact: Artifact) -> Any:
    """Return the value of ``artifact``: from memory or the cache, or else computed now.

    Raises
    ------
    ExecutingWithSkippedInputError
        If the session must not compute what its plan left out.

    """
    held = artifact.in_memory()
    if held is not NOT_IN_MEMORY:
        return held
    manager = artifact.call.record.manager
    if manager.plan is not None:
        manager.plan.mapped.collect()
    if manager.scratch is not None and manager.scratch.has(artifact):
        return manager.scratch.load(artifact)
    if artifact.cacher is not None and artifact.cacher.look_up().hit:
        try:
            return artifact.cacher.fetch()
        except UnreadableArtifactError as error:
            _log.warning("%s It is computed again.", error)
    if not manager.computes_missing:
        raise ExecutingWithSkippedInputError(
            f"{artifact.name!r} of {artifact.call.label} is read, but it is neither in memory nor "
            "in the cache, and this session only executes what it was told to.",
            artifact.call.key,
        )
    return _compute(artifact)


def _compute(artifact: Artifact) -> Any:
    """Execute what is missing and return the value; later results keep their names."""
    calls = _missing_calls(artifact)
    restore = [record.snapshot() for record in {call.record: None for call in calls}]
    values: tuple[Any, ...] = ()
    try:
        for call in calls:
            _log.info(
                "stage %s runs after all: its result is read and not in the cache", call.label
            )
            call.decision = Decision(Action.RUN, look_up(call)[0])
            with _states_as_they_were(call):
                values = execute(call)
    finally:
        for put_back in restore:
            put_back(calls)
    return values[artifact.call.outputs.index(artifact)]


@contextmanager
def _states_as_they_were(call: StageCall) -> Iterator[None]:
    """Let records hold what they did when ``call`` was made, if it reads their states itself."""
    records = dict.fromkeys(() if call.spec.inputs else call.records or ())
    restore = [record.snapshot() for record in records]
    held = [_held(origin) for origin in call.others]
    for record in records:
        record.state.clear()
    for origin, value in zip(call.others, held, strict=True):
        origin.record.state.put(origin.name, value, origin.artifact)
    try:
        yield
    finally:
        for put_back in restore:
            put_back((call,))


def _held(origin: Origin) -> Any:
    """Return what the record's state had, to be loaded or computed if it is read."""
    if origin.artifact is None:
        return origin.value
    return origin.record.state.held(origin.name) if is_held(origin) else Deferred(origin.artifact)


def _missing_calls(artifact: Artifact) -> list[StageCall]:
    """Return the call of ``artifact`` and those it needs whose results are nowhere, in order."""
    found = {artifact.call: None}
    waiting = [artifact.call]
    while waiting:
        for origin in origins_read(waiting.pop()):
            missing = origin.artifact
            if missing is not None and missing.call not in found and not is_available(origin):
                found[missing.call] = None
                waiting.append(missing.call)
    return sorted(found, key=lambda call: call.number)
