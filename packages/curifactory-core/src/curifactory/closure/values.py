"""Texts that stand for the values of module constants, class instances and captured variables."""

import enum
import logging
import os
import sys
import types
from abc import ABCMeta
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from curifactory.closure.placing import is_project_module
from curifactory.closure.resolving import is_code
from curifactory.representing import is_content_represented, represent

_SCALARS = (int, float, complex, bool, bytes, type(None), type(Ellipsis), type(NotImplemented))
_SHOWN_WHOLE = {
    "builtins": ("range", "slice"),
    "datetime": ("date", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "re": ("Pattern",),
    "uuid": ("UUID",),
}
"""Types whose ``repr`` is all there is to a value, by module: one not imported has no values."""
_LARGEST = 100_000
_BUILT_IN = (list, tuple, set, frozenset, dict)
CHANGEABLE = (list, dict, set, deque, bytearray)


def _is_one_of(value: Any, types_by_module: Mapping[str, Iterable[str]]) -> bool:
    """Tell whether ``value`` is an instance of one of the types, without importing any."""
    return any(
        isinstance(value, getattr(sys.modules[module], name))
        for module, names in types_by_module.items()
        if module in sys.modules
        for name in names
    )


class UnknownValueError(Exception):
    """A value for which no text stands; its text says why."""


def untold_attributes(cls: type, literals: Mapping[str, Any]) -> Iterator[str]:
    """Yield attributes that never change by themselves and that the source of ``cls`` lacks.

    They were computed, or set from elsewhere. A class with a metaclass of its own, such as an
    enumeration, is what its source says.
    """
    if type(cls) not in {type, ABCMeta}:
        return
    for name, value in vars(cls).items():
        told = name in literals and repr(literals[name]) == repr(value)
        if not (told or name.startswith("__")) and _never_changes(value):
            yield name


def _never_changes(value: Any) -> bool:
    if type(value) in {tuple, frozenset}:
        return all(map(_never_changes, value))
    return type(value) is str or type(value) in _SCALARS


class ValueText:
    """Puts values into texts, handing on what is code.

    Parameters
    ----------
    follow
        Is given everything that is code and returns what stands for it.
    root
        The project's folder, which paths are given relative to.

    """

    def __init__(self, follow: Callable[[Any], str], root: str) -> None:
        self._follow = follow
        self._root = os.path.join(root, "")
        self._inside: list[int] = []

    def of(self, value: Any) -> str:
        """Return the text that stands for ``value``.

        Raises
        ------
        UnknownValueError
            If there is none that is the same in every process.

        """
        if id(value) in self._inside:
            return "itself"
        self._inside.append(id(value))
        try:
            return self._of(value)
        except UnknownValueError:
            raise
        except Exception as error:
            raise UnknownValueError(f"looking at it raises {type(error).__name__}") from error
        finally:
            self._inside.pop()

    def _of(self, value: Any) -> str:
        if isinstance(value, enum.Enum):
            return f"{self._follow(type(value))}.{value.name}"
        if type(value) in _SCALARS or _is_one_of(value, _SHOWN_WHOLE):
            return repr(value)
        if type(value) is str:
            return repr(value.replace(self._root, "<project>/"))
        if _is_one_of(value, {"pathlib": ("PurePath",)}):
            return f"Path {self.of(str(value))}"
        if isinstance(value, logging.Logger):
            return "a logger"
        if isinstance(value, types.MethodType):
            return f"{self._follow(value.__func__)} of {self.of(value.__self__)}"
        if isinstance(value, partial):
            given = self.of([value.args, value.keywords])
            return f"partial {self.of(value.func)} {given}"
        if is_code(value):
            return self._follow(value)
        if is_content_represented(value):
            return represent(value)
        return self._of_members(value)

    def _of_members(self, value: Any) -> str:
        kind = type(value)
        if isinstance(value, list | tuple | set | frozenset | deque | Mapping):
            if len(value) > _LARGEST:
                raise UnknownValueError(f"it has {len(value)} members")
            own = "" if kind in _BUILT_IN else self._follow(kind)
            if isinstance(value, Mapping):
                pairs = (f"{self.of(key)}: {self.of(item)}" for key, item in value.items())
                return f"{own}{{{', '.join(pairs)}}}"
            texts: Iterable[str] = map(self.of, value)
            if isinstance(value, set | frozenset):
                return f"{own}{{{', '.join(sorted(texts))}}}"
            return f"{own}({', '.join(texts)})" if kind is tuple else f"{own}[{', '.join(texts)}]"
        if isinstance(value, types.SimpleNamespace):
            return f"namespace{self.of(vars(value))}"
        if is_project_module(kind.__module__):
            return self._of_instance(value)
        raise UnknownValueError(f"it is a {kind.__module__}.{kind.__qualname__}")

    def _of_instance(self, value: Any) -> str:
        members = dict(getattr(value, "__dict__", {}))
        for cls in type(value).__mro__:
            names = cls.__dict__.get("__slots__", ())
            for name in (names,) if isinstance(names, str) else names:
                if hasattr(value, name) and name not in {"__dict__", "__weakref__"}:
                    members[name] = getattr(value, name)
        return f"{self._follow(type(value))}{self.of(members)}"
