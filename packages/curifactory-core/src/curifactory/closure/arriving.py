"""Code that arrives in values: classes of inputs, and what parameter sets hold and compute."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from types import MethodType
from typing import Any

from curifactory.closure.placing import is_ours, is_project_module, is_standard
from curifactory.closure.resolving import is_code

PACKAGE = "package "
_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})
_MOST_MEMBERS = 100
_MOST_VALUES = 1000


def arriving_names(
    inputs: Iterable[Any], parameters: Iterable[Any], attributes: frozenset[str]
) -> list[str]:
    """Return the names, with their modules, of the project's code that arrives in values.

    Of what is not the project's, only the package is named, as ``package numpy``.

    Parameters
    ----------
    inputs
        Values that a stage is given: the classes of the objects in them count.
    parameters
        Parameter sets: what they hold or define under one of the ``attributes`` counts.
    attributes
        Every attribute that the code of the stage names.

    """
    found: dict[str, None] = {}
    for value in _inside(inputs):
        found |= dict.fromkeys(_names_of(value))
    for each in parameters:
        found |= dict.fromkeys(_of_parameters(each, attributes))
    return sorted(found)


def _inside(values: Iterable[Any]) -> Iterator[Any]:
    """Yield values and what is in them: of large collections the first members."""
    waiting = list(values)
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_VALUES:
        value = waiting.pop()
        if type(value) in _PLAIN or id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        waiting += islice(_members(value), _MOST_MEMBERS)


def _members(value: Any) -> Iterable[Any]:
    """Return what is in a collection or an object of the project, running none of their code."""
    kind = type(value)
    if issubclass(kind, dict):
        return dict.values(value)
    for base in (list, tuple, set, frozenset):
        if issubclass(kind, base):
            return base.__iter__(value)
    if is_project_module(kind.__module__) and not issubclass(kind, type):
        try:
            held: dict[str, Any] = object.__getattribute__(value, "__dict__")
        except AttributeError:  # it has slots
            return ()
        return dict.values(held)
    return ()


def _names_of(value: Any) -> Iterator[str]:
    """Yield the name of a function or class of the project, or of an object's class."""
    while isinstance(value, partial | MethodType):
        value = value.func if isinstance(value, partial) else value.__func__
    named = value if is_code(value) else type(value)
    name = getattr(named, "__qualname__", "<")
    lambda_or_local = "<" in name  # these count by the hash of the parameters
    module = getattr(named, "__module__", None)
    if not isinstance(module, str):
        return
    if is_project_module(module):
        if not lambda_or_local:
            yield f"{module}.{name}"
    elif not (is_standard(module) or is_ours(module)):
        yield f"{PACKAGE}{module.partition('.')[0]}"


def _of_parameters(parameters: Any, attributes: frozenset[str]) -> Iterator[str]:
    held = getattr(parameters, "__dict__", {})
    values = [held[name] for name in attributes & held.keys() if type(held[name]) not in _PLAIN]
    if values:
        for value in _inside(values):
            yield from _names_of(value)
    for cls in type(parameters).__mro__:
        named = attributes & vars(cls).keys()
        if named and is_project_module(cls.__module__):
            for name in sorted(named):
                member = vars(cls)[name]
                if is_code(member) or hasattr(member, "__get__"):  # and no field's default
                    yield f"{cls.__module__}.{cls.__qualname__}.{name}"


def find(name: str) -> Any:
    """Return what has this name, importing its module; ``None`` if nothing has."""
    from pkgutil import resolve_name  # seldom needed, and slow to import

    try:
        return resolve_name(name)
    except Exception:  # noqa: BLE001 - whatever the user's module raises
        return None
