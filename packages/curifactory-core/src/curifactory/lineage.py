"""What a call computes, as a digest that is the same in every session and process.

Two calls with equal lineage compute the same artifacts: the same stage, with the same parameters
and keywords, from artifacts of equal lineage. It does not cover the code of the stages.
"""

from collections.abc import Callable
from typing import Any

from curifactory.binding import origins_read
from curifactory.calls import Origin, StageCall
from curifactory.digests import blake2b, sha256_of
from curifactory.record import Record
from curifactory.representing import is_content_represented, represent

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})


def lineage(call: StageCall) -> str:
    """Return the lineage of ``call``, 32 hexadecimal digits."""
    if call._lineage is not None:
        return call._lineage
    waiting = [call]
    while waiting:
        current = waiting[-1]
        if current._lineage is None:
            unknown = [read.call for read in current.reads if read.call._lineage is None]
            if unknown:
                waiting.extend(unknown)
                continue
            current._lineage = _digest(current)
        waiting.pop()
    return str(call._lineage)


def _digest(call: StageCall) -> str:
    spec = call.spec
    parts = [spec.name, call.hash]
    if not call.is_plain:
        parts += _captured(spec.function)
    parts += spec.inputs
    if call.reads_values:
        parts += map(_origin_text, origins_read(call))
    else:
        parts += [f"{artifact.call._lineage} {artifact.name}" for artifact in call.reads]
    if not call.is_plain:
        parts += map(identify, call.arguments)
        parts += [f"{name}={identify(value)}" for name, value in sorted(call.keywords.items())]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _origin_text(origin: Origin) -> str:
    if origin.artifact is None:
        return f"{origin.record.get_hash()} {identify(origin.value)}"
    return f"{origin.artifact.call._lineage} {origin.artifact.name}"


def _captured(function: Callable[..., Any]) -> list[str]:
    """Return texts of the plain values that a stage defined inside a function has captured.

    Anything that can change, such as a list the stage appends to, says nothing about the stage.
    """
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        if type(value) in _PLAIN:
            found.append(repr(value))
    return found


def identify(value: Any) -> str:
    """Return a text that is equal only for equal values.

    Plain values, their containers, arrays and frames give the same text in every session, and so
    does what can be pickled; anything else is equal to itself alone.
    """
    kind = type(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is list or kind is tuple:
        return f"{kind.__name__}[{', '.join(map(identify, value))}]"
    if kind is dict:
        pairs = (f"{identify(key)}: {identify(item)}" for key, item in value.items())
        return f"dict[{', '.join(pairs)}]"
    if isinstance(value, Record):
        return f"record {value.get_hash()}"
    if is_content_represented(value):
        return represent(value)
    import pickle  # seldom needed, and slow to import

    try:
        return f"{kind.__qualname__} {sha256_of(pickle.dumps(value, 5))}"
    except Exception:  # noqa: BLE001 - any class may fail to be pickled in any way
        return f"{kind.__qualname__} at {id(value)}"
