"""Finding what the inputs of a call stand for, and reading their values."""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Artifact
from curifactory.calls import BoundInput, InputSource, StageCall
from curifactory.exceptions import InputSignatureError, MissingInputError, UnhashableParameterError
from curifactory.hashing import represent
from curifactory.outputs import Deferred, Lazy

if TYPE_CHECKING:
    from curifactory.record import Record

_log = logging.getLogger(__name__)


def bind_inputs(call: StageCall) -> tuple[BoundInput, ...]:
    """Return what each input of ``call`` stands for now, reading no value.

    Raises
    ------
    MissingInputError
        If a stage's record does not have an input.
    InputSignatureError
        If a missing input is suppressed and the function has no default for it.

    """
    bind = _from_records if call.is_aggregate else _from_state
    return tuple(bind(call, name) for name in call.spec.inputs)


def _from_state(call: StageCall, name: str) -> BoundInput:
    if name in call.keywords:
        return BoundInput(name, InputSource.KEYWORD)
    state = call.record.state
    if name in state:
        artifact = state.artifacts.get(name)
        return BoundInput(name, InputSource.STATE, () if artifact is None else (artifact,))
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
        f"(hash {record.get_hash()}) does not have. It has: {there}. Call a stage that outputs "
        f"{name!r} before, or pass it: {call.name}(record, {name}=...)."
    )


def _from_records(call: StageCall, name: str) -> BoundInput:
    if name in call.keywords:
        return BoundInput(name, InputSource.KEYWORD)
    artifacts = []
    for record in call.records or ():
        if name not in record.state:
            _log.warning(
                "aggregate %r: %s does not have the input %r and is left out of it.",
                call.name,
                record.get_reference_name(),
                name,
            )
        elif name in record.state.artifacts:
            artifacts.append(record.state.artifacts[name])
    return BoundInput(name, InputSource.RECORDS, tuple(artifacts))


def artifacts_read(call: StageCall) -> Iterator[Artifact]:
    """Yield every artifact that ``call`` depends on.

    An aggregate that declares no inputs may read anything from its records' states, so it depends
    on all that is there.
    """
    for bound in call.inputs:
        yield from bound.artifacts
    if call.is_aggregate and not call.spec.inputs:
        for record in call.records or ():
            yield from record.state.artifacts.values()


def input_values(call: StageCall) -> dict[str, Any]:
    """Return the value of every input of ``call``, loading or computing what is not in memory."""
    values: dict[str, Any] = {}
    for bound in call.inputs:
        if bound.source is InputSource.STATE:
            values[bound.name] = _value(call.record, bound.name, bound.artifacts)
        elif bound.source is InputSource.RECORDS:
            values[bound.name] = _record_values(call, bound)
    return values


def _value(record: "Record", name: str, artifacts: tuple[Artifact, ...]) -> Any:
    """Return the value an input was bound to, although another may have taken its name since."""
    state = record.state
    if not artifacts or state.artifacts.get(name) is artifacts[0]:
        value = state.held(name)
        if type(value) is Lazy:
            return value.load() if value.resolve else value
        return state[name] if type(value) is Deferred else value
    return artifacts[0].fetch()


def _record_values(call: StageCall, bound: BoundInput) -> "dict[Record, Any]":
    produced = {id(artifact) for artifact in bound.artifacts}
    values = {}
    for record in call.records or ():
        artifact = record.state.artifacts.get(bound.name)
        if bound.name in record.state and (artifact is None or id(artifact) in produced):
            values[record] = _value(record, bound.name, () if artifact is None else (artifact,))
    return values


def lineage(call: StageCall) -> str:
    """Return a digest of what ``call`` computes: its stage and parameters and those of its inputs.

    Two calls of one run with equal lineage compute the same artifacts.
    """
    waiting = [call]
    while waiting:
        current = waiting[-1]
        missing = [read.call for read in artifacts_read(current) if read.call._lineage is None]
        if current._lineage is None and missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if current._lineage is None:
            current._lineage = _digest(current)
    return str(call._lineage)


def _digest(call: StageCall) -> str:
    parts = [str(id(call.spec)), call.record.get_hash()]
    for bound in call.inputs:
        parts.append(bound.name)
        if bound.source is InputSource.STATE and not bound.artifacts:
            parts.append(_identify(call.record.state.held(bound.name)))
    parts += [f"{artifact.call._lineage}.{artifact.name}" for artifact in artifacts_read(call)]
    parts += [_identify(value) for value in call.arguments]
    parts += [f"{name}={_identify(value)}" for name, value in sorted(call.keywords.items())]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _identify(value: object) -> str:
    try:
        return represent(value)
    except UnhashableParameterError:
        return f"object {id(value)}"


def call_arguments(call: StageCall) -> Mapping[str, Any]:
    """Return the keywords to call the stage's function with."""
    return {**input_values(call), **call.keywords}
