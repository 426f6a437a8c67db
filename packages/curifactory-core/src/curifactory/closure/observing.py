"""What a walk through code looked at, to tell later whether another one would find the same."""

import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from curifactory.closure.resolving import is_code

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})
_PLAINLY_CODE = frozenset({FunctionType, ModuleType, type})


class Observations:
    """Questions that a walk asked, each with its answer.

    Where every question has the same answer again, another walk finds what this one has found.

    Parameters
    ----------
    wanted
        Whether somebody may ask; otherwise nothing is noted.

    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._asked: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] = []
        self._complete = wanted

    def note(self, ask: Callable[..., Any], *arguments: Any) -> None:
        """Take note of what ``ask`` answers now: a text, an object, or a tuple of such."""
        if self._complete:
            self._asked.append((ask, arguments, ask(*arguments)))

    def give_up(self) -> None:
        """Take note that something was looked at that cannot be asked again for less."""
        self._complete = False
        self._asked.clear()

    def hold(self) -> bool:
        """Tell whether every answer is the same now."""
        if not self._complete:
            return False
        try:
            return all(_same(ask(*arguments), answer) for ask, arguments, answer in self._asked)
        except Exception:  # noqa: BLE001 - whatever has become of it, it has changed
            return False


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is tuple and type(other) is tuple and len(one) == len(other):
        return all(map(_same, one, other))
    return type(one) is str and type(other) is str and one == other


def token(value: Any) -> Any:
    """Return what tells whether a name stands for something else: its value, if that is code.

    Of what is neither code nor plain it is the class alone, so that nothing is kept in memory; a
    text tells whether that has changed.
    """
    kind = type(value)
    return value if kind in _PLAINLY_CODE or kind in _PLAIN or is_code(value) else kind


def is_plain(value: Any) -> bool:
    """Tell whether a value never changes, so that its token says all."""
    return type(value) in _PLAIN


def function_facts(function: FunctionType) -> tuple[Any, ...]:
    """Return everything that a walk looks at in a function itself."""
    return (
        function.__code__,
        getattr(function, "__wrapped__", None),
        *map(token, function.__defaults__ or ()),
        *(function.__kwdefaults__ or {}),
        *map(token, (function.__kwdefaults__ or {}).values()),
        *map(_cell_token, function.__closure__ or ()),
    )


def _cell_token(cell: Any) -> Any:
    try:
        return token(cell.cell_contents)
    except ValueError:  # not set yet
        return ValueError


def class_facts(cls: type) -> tuple[Any, ...]:
    """Return everything that a walk looks at in a class besides its definition."""
    members = (each for name, value in vars(cls).items() for each in (name, token(value)))
    return *cls.__bases__, sys.modules.get(cls.__module__), *members


def wrapped_by(value: Any) -> Any:
    """Return the function that an object was put around; ``None`` if it is no such object."""
    return getattr(value, "__wrapped__", getattr(value, "__func__", None))
