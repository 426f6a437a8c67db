"""Finding what the inputs of a call stand for, and reading their values."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Artifact
from curifactory.calls import BoundInput, InputSource, Origin, StageCall
from curifactory.exceptions import InputSignatureError, MissingInputError
from curifactory.outputs import Deferred, Lazy

if TYPE_CHECKING:
    from curifactory.record import Record

_log = logging.getLogger(__name__)


def bind_inputs(call: StageCall) -> None:
    """Fix what ``call`` reads, loading nothing; later changes of the states do not matter to it.

    Raises
    ------
    MissingInputError
        If a stage's record does not have an input.
    InputSignatureError
        If a missing input is suppressed and the function has no default for it.

    """
    if _reads_own_artifacts(call):
        return
    bind = _from_records if call.is_aggregate else _from_state
    call.inputs = tuple([bind(call, name) for name in call.spec.inputs])
    if call.is_aggregate and not call.spec.inputs:
        call.others = tuple(
            _origin(record, name) for record in call.records or () for name in record.state
        )
    artifacts = [origin.artifact for origin in origins_read(call)]
    call.reads = tuple([artifact for artifact in artifacts if artifact is not None])
    call.reads_values = len(call.reads) < len(artifacts)
    if call.is_aggregate and not (call.keywords or call.reads_values):
        call.is_plain = _is_lasting(call)


def _reads_own_artifacts(call: StageCall) -> bool:
    """Let ``call`` read artifacts of its record, if that is where all of its inputs are."""
    if call.spec.is_aggregate or call.keywords:
        return False
    artifacts = call.record.state.artifacts
    try:
        call.reads = tuple(map(artifacts.__getitem__, call.spec.inputs))
    except KeyError:
        return False
    call.is_plain = _is_lasting(call)
    return True


def _is_lasting(call: StageCall) -> bool:
    """Tell whether the lineage of ``call``, which reads artifacts alone, stays as it is."""
    if call.arguments or call.spec.function.__closure__:
        return False
    for artifact in call.reads:
        read = artifact.call
        if not read.is_plain and read._lineage is None:
            return False
    return True


def _origin(record: "Record", name: str) -> Origin:
    artifact = record.state.artifacts.get(name)
    if artifact is not None:
        return Origin(record, artifact, name=name)
    return Origin(record, None, record.state.held(name), name)


def _from_state(call: StageCall, name: str) -> BoundInput:
    if name in call.keywords:
        return BoundInput(name, InputSource.KEYWORD)
    if name in call.record.state:
        return BoundInput(name, InputSource.STATE, (_origin(call.record, name),))
    if not call.spec.suppress_missing_inputs:
        raise MissingInputError(_missing(call, name))
    if name not in call.spec.defaults:
        raise InputSignatureError(
            f"{_missing(call, name)} Missing inputs are suppressed, but the function has no "
            f"default for {name!r}; give it one."
        )
    _log.warning("%s The function's default is used.", _missing(call, name))
    return BoundInput(name, InputSource.DEFAULT)


def _missing(call: StageCall, name: str) -> str:
    record = call.record
    there = ", ".join(map(repr, record.state)) or "nothing"
    return (
        f"stage {call.name!r} needs the input {name!r}, which {record.get_reference_name()} "
        f"(hash {call.hash}) does not have. It has: {there}. Call a stage that outputs "
        f"{name!r} before, or pass it: {call.name}(record, {name}=...)."
    )


def _from_records(call: StageCall, name: str) -> BoundInput:
    if name in call.keywords:
        return BoundInput(name, InputSource.KEYWORD)
    origins = []
    for record in call.records or ():
        if name in record.state:
            origins.append(_origin(record, name))
        else:
            _log.warning(
                "aggregate %r: %s does not have the input %r and is left out of it.",
                call.name,
                record.get_reference_name(),
                name,
            )
    return BoundInput(name, InputSource.RECORDS, tuple(origins))


def origins_read(call: StageCall) -> Iterator[Origin]:
    """Yield where everything comes from that ``call`` depends on."""
    for bound in call.inputs:
        yield from bound.origins
    yield from call.others


def call_keywords(call: StageCall) -> dict[str, Any]:
    """Return the keywords for the stage's function, with inputs loaded or computed as needed."""
    if call.reads_own_artifacts:
        record = call.record
        return {artifact.name: _artifact_value(record, artifact) for artifact in call.reads}
    values: dict[str, Any] = {}
    for bound in call.inputs:
        if bound.source is InputSource.STATE:
            values[bound.name] = _value(bound.origins[0])
        elif bound.source is InputSource.RECORDS:
            values[bound.name] = {origin.record: _value(origin) for origin in bound.origins}
    values.update(call.keywords)
    return values


def _value(origin: Origin) -> Any:
    if origin.artifact is not None:
        return _artifact_value(origin.record, origin.artifact)
    value = origin.value
    return value.load() if type(value) is Lazy and value.resolve else value


def _artifact_value(record: "Record", artifact: Artifact) -> Any:
    """Return the value of ``artifact``, which was found in the state of ``record``."""
    state = record.state
    if state.artifacts.get(artifact.name) is not artifact:
        return artifact.fetch()
    value = state.held(artifact.name)
    if type(value) is Deferred:
        value = state[artifact.name]
    return value.load() if type(value) is Lazy and value.resolve else value


def is_held(origin: Origin) -> bool:
    """Tell whether the record's state still has the artifact that was found there."""
    artifact = origin.artifact
    return artifact is not None and origin.record.state.artifacts.get(artifact.name) is artifact


def is_available(origin: Origin) -> bool:
    """Tell whether the value can be had without executing a stage."""
    artifact = origin.artifact
    if artifact is None:
        return True
    for state in (origin.record.state, artifact.call.record.state):
        if state.artifacts.get(artifact.name) is artifact:
            held = state.held(artifact.name)
            if not isinstance(held, Lazy | Deferred):
                return True
    scratch = artifact.call.record.manager.scratch
    if scratch is not None and scratch.has(artifact):
        return True
    return artifact.cacher is not None and artifact.cacher.look_up().hit
