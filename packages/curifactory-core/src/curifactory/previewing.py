"""A few characters that show a value, however large it is."""

import reprlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

_LENGTH = 60
_CONTAINERS = (bytes, bytearray, list, tuple, dict, set, frozenset)


def preview(value: Any) -> str:
    """Return at most 60 characters that show ``value``, without rendering all of it.

    Of what has a ``shape`` it is that. Only a few items of containers and dataclasses are looked
    at, in their own order. The text of any other object is its own, which takes what it takes.
    """
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"shape {shape}"
    return _previews.repr(value)[:_LENGTH]


class _Previews(reprlib.Repr):
    """What Python has for this, without the containers' sorting and whole bytes and dataclasses."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _LENGTH

    def repr1(self, x: Any, level: int) -> str:
        """Show ``x``, and so many levels of what is in it; what derives from a container, too."""
        kind = type(x)
        if kind in _CONTAINERS or not isinstance(x, _CONTAINERS):
            return super().repr1(x, level)
        if hasattr(kind, "_fields"):
            return self._with_fields(x, kind._fields, level)
        base = next(each for each in _CONTAINERS if isinstance(x, each))
        return f"{kind.__name__}({getattr(self, f'repr_{base.__name__}')(x, level)})"

    def repr_bytes(self, x: bytes, level: int) -> str:
        """Show the first bytes."""
        return repr(x[:_LENGTH])

    def repr_bytearray(self, x: bytearray, level: int) -> str:
        """Show the first bytes."""
        return repr(x[:_LENGTH])

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Show the first items."""
        if level <= 0 < len(x):
            return "{...}"
        pairs = (
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in x.items()
        )
        return f"{{{self._first(pairs, len(x), self.maxdict)}}}"

    def repr_set(self, x: set[Any], level: int) -> str:
        """Show some of the items."""
        if not x:
            return "set()"
        return f"{{{self._first(self._items(x, level), len(x), self.maxset)}}}"

    def repr_frozenset(self, x: frozenset[Any], level: int) -> str:
        """Show some of the items."""
        if not x:
            return "frozenset()"
        return f"frozenset({{{self._first(self._items(x, level), len(x), self.maxfrozenset)}}})"

    def repr_instance(self, x: Any, level: int) -> str:
        """Show the first fields of a dataclass, and of anything else what it says itself."""
        # The method that a dataclass is given wraps another one.
        if is_dataclass(x) and hasattr(type(x).__repr__, "__wrapped__"):
            return self._with_fields(x, [each.name for each in fields(x) if each.repr], level)
        return super().repr_instance(x, level)

    def _with_fields(self, x: Any, names: Sequence[str], level: int) -> str:
        if level <= 0:
            return f"{type(x).__name__}(...)"
        shown = (f"{name}={self.repr1(getattr(x, name, None), level - 1)}" for name in names)
        return f"{type(x).__name__}({self._first(shown, len(names), self.maxdict)})"

    def _items(self, x: Iterable[Any], level: int) -> Iterator[str]:
        return (self.repr1(item, level - 1) for item in x) if level > 0 else iter(["..."])

    def _first(self, shown: Iterator[str], length: int, most: int) -> str:
        return ", ".join([*islice(shown, most), *(["..."] if length > most else [])])


_previews = _Previews()
