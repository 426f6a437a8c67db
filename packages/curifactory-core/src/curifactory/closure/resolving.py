"""What a name stands for in a live module, and in which module it was set."""

import sys
from collections.abc import Mapping
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from curifactory.closure.defining import Path
from curifactory.closure.placing import is_ours, is_project_file, is_project_module, is_standard
from curifactory.closure.sources import Sources

MISSING = object()
_CODE = (FunctionType, BuiltinFunctionType, ModuleType, type)
_CODE += (staticmethod, classmethod, property, cached_property)  # type: ignore[assignment]


def is_code(value: Any) -> bool:
    """Tell whether ``value`` is followed by itself, and not what a name is set to."""
    if issubclass(type(value), _CODE):  # unlike isinstance(), it asks no proxy what it stands for
        return True
    try:
        return "__wrapped__" in object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - no __dict__, or whatever the user's class raises
        return False


def resolve(path: Path, namespace: Mapping[str, Any]) -> tuple[Mapping[str, Any], str, Any] | None:
    """Return the module, name and value that ``path`` leads to, through modules of the project."""
    name = path[0]
    if name not in namespace:
        return None
    value = namespace[name]
    for attribute in path[1:]:
        if not isinstance(value, ModuleType) or not is_project_module(value.__name__):
            break
        namespace, name = vars(value), attribute
        value = namespace.get(name, sys.modules.get(f"{value.__name__}.{name}", MISSING))
        if value is MISSING:
            return None
    return namespace, name, value


def package_of(importer: Any) -> str:
    """Return the package that relative imports of a function or class start from."""
    namespace = getattr(importer, "__globals__", None)
    if namespace is None:
        namespace = vars(sys.modules[importer.__module__])
    return str(namespace.get("__package__") or "")


def absolute_name(written: str, package: str) -> str:
    """Return the name of a module that an import in ``package`` means by ``written``.

    Raises
    ------
    ImportError
        If there is none: it leads out of the package.

    """
    if not written.startswith("."):
        return written
    from importlib.util import resolve_name  # slow to import, and not needed but here

    return resolve_name(written, package)


def is_project_import(absolute: str) -> bool:
    """Tell whether a module is the project's, without importing it."""
    top = absolute.partition(".")[0]
    if is_standard(top) or is_ours(top):
        return False
    if top in sys.modules:
        return is_project_module(top)
    from importlib.util import find_spec  # seldom needed

    spec = find_spec(top)
    if spec is None:
        raise ModuleNotFoundError(absolute)
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return all(is_project_file(place) for place in places)


def owner_module(value: Any) -> str | None:
    """Return the module of a method of a class that is not written in Python."""
    return getattr(getattr(value, "__objclass__", type(value)), "__module__", None)


def origin(
    namespace: Mapping[str, Any], name: str, value: Any, sources: Sources
) -> tuple[Mapping[str, Any], str]:
    """Return the module, and the name in it, from which a module imported ``value``."""
    for _ in range(10):
        file_name = namespace.get("__file__")
        file = sources.file(file_name) if isinstance(file_name, str) else None
        found = None if file is None else file.imports.get(name)
        if found is None:
            break
        module, level, original = found
        package = str(namespace.get("__package__") or "")
        written = f"{'.' * level}{module}"
        absolute = absolute_name(written, package)
        source = vars(sys.modules[absolute]) if absolute in sys.modules else {}
        if source.get(original, MISSING) is not value or not is_project_module(absolute):
            break
        namespace, name = source, original
    return namespace, name
