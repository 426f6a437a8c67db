"""Values that somebody reads although they are not in memory: loaded, or computed after all."""

import logging
from typing import Any

from curifactory.artifact import NOT_IN_MEMORY, Artifact
from curifactory.binding import is_available, origins_read
from curifactory.calls import StageCall
from curifactory.exceptions import ExecutingWithSkippedInputError, UnreadableArtifactError
from curifactory.mapping import look_up
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
    if artifact.cacher is not None and artifact.cacher.look_up().hit:
        try:
            return artifact.cacher.fetch()
        except UnreadableArtifactError as error:
            _log.warning("%s It is computed again.", error)
    if not artifact.call.record.manager.computes_missing:
        raise ExecutingWithSkippedInputError(
            f"{artifact.name!r} of {artifact.call.label} is read, but it is neither in memory nor "
            "in the cache, and this session only executes what it was told to."
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
            call.decision = Decision(Action.RUN, look_up(call).misses)
            values = execute(call)
    finally:
        for put_back in restore:
            put_back(calls)
    return values[artifact.call.outputs.index(artifact)]


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
