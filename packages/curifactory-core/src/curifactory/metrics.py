"""The numbers in what stages return, kept in a run's journal to compare it with other runs."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

MOST = 200
"""How many numbers of one value count; a value with more is data."""


def find_metrics(value: Any) -> dict[str, float]:
    """Return ``{dotted name: number}`` of the numbers in ``value``, at most :data:`MOST`.

    A number alone has an empty name; only dictionaries are searched.

    Examples
    --------
    >>> find_metrics({"accuracy": 0.9, "loss": {"test": 2, "curve": [3, 2]}})
    {'accuracy': 0.9, 'loss.test': 2}
    >>> find_metrics(0.5)
    {'': 0.5}

    """
    if isinstance(value, dict):
        return dict(islice(_numbers(value, ""), MOST))
    return {"": value} if _is_number(value) else {}


def _numbers(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict) and depth < 8:
        for key, part in value.items():
            yield from _numbers(part, f"{name}.{key}" if name else str(key), depth + 1)
    elif _is_number(value):
        yield name, value


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


_NUMBERS = (int, float)
