"""Which code is the project's, and which version what is not has."""

import os
import sys
from functools import cache
from types import ModuleType

from curifactory.environment import installed_version

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OURS = "curifactory"


@cache
def _standard_library() -> tuple[str, ...]:
    found = {os.path.realpath(os.path.dirname(os.__file__))}
    for path in sys.path:  # compiled modules may have a folder beside another one
        folder, name = os.path.split(path)
        if name == "lib-dynload":
            found.add(os.path.realpath(folder))
    return tuple(f"{path}{os.sep}" for path in found)


@cache
def is_project_file(name: str) -> bool:
    """Tell whether code of the file ``name`` is somebody's own: neither installed nor Python's.

    Cells of notebooks and what is typed at a prompt are.
    """
    if name.startswith("<"):
        return not name.startswith("<frozen ")
    path = os.path.realpath(name)
    return not (any(part in path for part in _INSTALLED) or path.startswith(_standard_library()))


def is_project_module(name: str | None) -> bool:
    """Tell whether the module ``name``, which has been imported, is the project's."""
    module = sys.modules.get(name or "")
    if module is None or is_ours(name):
        return False
    file = getattr(module, "__file__", None)
    if file is not None:
        return is_project_file(file)
    places = list(getattr(module, "__path__", ()))
    if places:  # a folder without __init__.py
        return all(is_project_file(os.path.join(place, "")) for place in places)
    return name == "__main__"


def is_ours(module: str | None) -> bool:
    """Tell whether a module is part of curifactory."""
    return (module or "").partition(".")[0] == _OURS


def is_standard(module: str) -> bool:
    """Tell whether a module comes with Python."""
    return module.partition(".")[0] in sys.stdlib_module_names


def version_of(top_level: str) -> str | None:
    """Return the version of the distribution with the module ``top_level``, ``None`` if unknown."""
    try:
        return installed_version(top_level)
    except (ModuleNotFoundError, ValueError):
        version = getattr(sys.modules.get(top_level), "__version__", None)
        if isinstance(version, str):
            return version
        from importlib import metadata

        names = metadata.packages_distributions().get(top_level)
        return metadata.version(names[0]) if names else None


def is_extension(module: ModuleType) -> bool:
    """Tell whether a module is compiled, so that its code cannot be seen."""
    file = getattr(module, "__file__", None) or ""
    return file.endswith((".so", ".pyd"))
