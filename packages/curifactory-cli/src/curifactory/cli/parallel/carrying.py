"""Carrying an experiment that no file has, such as one of a notebook, to other processes.

Functions and classes of ``__main__`` are sent by value, everything else by the name to import.
"""

import io
import linecache
import marshal
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

from curifactory.collecting import Definition
from curifactory.exceptions import BadInputError


@dataclass(frozen=True, slots=True)
class _Load:
    definition: Definition
    sources: Mapping[str, list[str]]
    """Lines of what was typed and lies in no file, by the name that its code has for it."""
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What the notebook or script has imported: module, and name in it or nothing."""


def pack(definition: Definition) -> bytes:
    """Return ``definition`` as :func:`unpack` takes it in another process.

    Raises
    ------
    BadInputError
        If something cannot be pickled; names the parameter set and its field, or what a function
        uses.

    """
    dumps = _find_dumps(definition)
    names = {name: value for each in _namespaces(definition) for name, value in _imported(each)}
    load = _Load(definition, dict(_typed_sources()), names)
    try:
        return dumps(load)
    except Exception as error:
        what = _blame(definition, dumps)
        raise BadInputError(
            f"{what} cannot be sent to the processes that execute stages: {_short(error)}. Give "
            "run_experiment a function as param_sets, which each process calls for itself, or let "
            "stages make what cannot be pickled."
        ) from error


def unpack(packed: bytes) -> Definition:
    """Return what was packed, its names where pickles and code look for them."""
    load: _Load = pickle.loads(packed)
    for name, lines in load.sources.items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    for namespace in _namespaces(load.definition):
        for name, (module, attribute) in load.names.items():
            if name not in namespace and (value := _import(module, attribute)) is not None:
                namespace[name] = value
        _put_into_main(namespace)
    return load.definition


def _namespaces(definition: Definition) -> list[dict[str, Any]]:
    """Return the global variables of what is defined in ``__main__``, and its classes."""
    sets = definition.parameters
    functions: tuple[Any, ...] = (definition.function, sets)
    found = [
        each.__globals__ for each in functions if getattr(each, "__module__", "") == "__main__"
    ]
    kinds = {type(item) for item in sets} if isinstance(sets, list) else set()
    classes = {kind.__name__: kind for kind in kinds if kind.__module__ == "__main__"}
    return [*found, *([classes] if classes else [])]


def _find_dumps(definition: Definition) -> Callable[[Any], bytes]:
    try:
        from cloudpickle import CloudPickler
    except ImportError:
        if not _namespaces(definition):
            return pickle.dumps
        raise BadInputError(
            "an experiment of a notebook or script needs cloudpickle to be executed in other "
            "processes. Run 'pip install cloudpickle', or put it into a file of the project."
        ) from None

    class Pickler(CloudPickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, CodeType):  # cloudpickle's own leaves out where it was written
                return marshal.loads, (marshal.dumps(value),)
            return super().reducer_override(value)

    def dumps(value: Any) -> bytes:
        file = io.BytesIO()
        Pickler(file).dump(value)
        return file.getvalue()

    return dumps


def _typed_sources() -> Iterator[tuple[str, list[str]]]:
    for name, entry in list(linecache.cache.items()):
        if len(entry) == 4 and not os.path.exists(name):  # else only a way to find the lines
            yield name, entry[2]


def _imported(namespace: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, value in list(namespace.items()):
        if isinstance(value, ModuleType):
            yield name, (value.__name__, "")
            continue
        module, attribute = getattr(value, "__module__", None), getattr(value, "__name__", None)
        named = isinstance(module, str) and isinstance(attribute, str) and module != "__main__"
        if named and getattr(sys.modules.get(str(module)), str(attribute), None) is value:
            yield name, (str(module), str(attribute))


def _import(module: str, attribute: str) -> Any:
    import importlib

    try:
        found = importlib.import_module(module)
    except ImportError:  # of this process nothing may need it
        return None
    return getattr(found, attribute, None) if attribute else found


def _put_into_main(namespace: Mapping[str, Any]) -> None:
    """Let ``__main__`` have what the experiment's own has, where pickles look for its classes."""
    main = vars(sys.modules["__main__"])
    for name, value in namespace.items():
        if name not in main or getattr(value, "__module__", None) == "__main__":
            main[name] = value


def _blame(definition: Definition, dumps: Callable[[Any], bytes]) -> str:
    """Return what of ``definition`` cannot be pickled, in words."""
    sets = definition.parameters
    for item in sets if isinstance(sets, list) else ():
        for name, value in vars(item).items():
            if not _can(dumps, value):
                kind = type(value).__qualname__
                return f"field {name!r} of parameter set {item.name!r}, a {kind},"
    if callable(sets) and not _can(dumps, sets):
        return f"the function that makes the parameter sets{_used_by(sets, dumps)}"
    return f"the experiment's function{_used_by(definition.function, dumps)}"


def _used_by(function: Any, dumps: Callable[[Any], bytes]) -> str:
    """Return which global variable is the reason, also one of a stage that is called."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        current = waiting.pop()
        code = getattr(current, "__code__", None)
        if code is None or id(current) in seen:
            continue
        seen.add(id(current))
        for name in code.co_names:
            value = current.__globals__.get(name)
            inner = getattr(getattr(value, "spec", None), "function", value)
            if hasattr(inner, "__code__"):
                waiting.append(inner)
            elif not _can(dumps, value):
                return f", which uses {name!r}, a {type(value).__qualname__},"
    return ""


def _can(dumps: Callable[[Any], bytes], value: Any) -> bool:
    try:
        dumps(value)
    except Exception:  # noqa: BLE001 - whatever a class raises
        return False
    return True


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
