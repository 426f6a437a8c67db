"""Parameter sets side by side: what differs between them, and what they share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OWN = frozenset({"name", "hash", "overwrite"})


@dataclass(frozen=True, slots=True)
class ParameterMatrix:
    """The fields in which parameter sets differ, and the others."""

    fields: tuple[str, ...]
    """Fields whose values differ, dotted where they are nested."""
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """Name of each set, with its values of these fields; empty where it has no such field."""
    shared: tuple[tuple[str, str], ...]
    """Field and value of what is the same in all sets."""


def compare_sets(sets: Sequence[tuple[str, Mapping[str, Any]]]) -> ParameterMatrix:
    """Return the matrix of ``(name, fields)``; nested fields are dictionaries.

    Examples
    --------
    >>> compare_sets([("a", {"n": "1", "m": "3"}), ("b", {"n": "2", "m": "3"})]).rows
    (('a', ('1',)), ('b', ('2',)))

    """
    flat = [dict(flatten(fields)) for _, fields in sets]
    names = list(dict.fromkeys(name for fields in flat for name in fields))
    differing = [name for name in names if len({fields.get(name) for fields in flat}) > 1]
    return ParameterMatrix(
        tuple(differing),
        tuple(
            (name, tuple(fields.get(field, "") for field in differing))
            for (name, _), fields in zip(sets, flat, strict=True)
        ),
        tuple((name, flat[0][name]) for name in names if name not in set(differing)),
    )


def flatten(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the text of each field a user defined."""
    for name, value in fields.items():
        if not prefix and name in _OWN:
            continue
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
