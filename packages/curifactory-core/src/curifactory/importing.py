"""Importing a project's experiment and parameter files."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from curifactory.config import Configuration
from curifactory.discovery import find_file, list_experiments, list_params
from curifactory.exceptions import BadInputError


@contextmanager
def project_imports(configuration: Configuration) -> Iterator[None]:
    """Let the project's modules be imported inside the block, before any installed one."""
    root = os.path.abspath(configuration.root)
    _forget_other_projects(root, configuration.module_names())
    importlib.invalidate_caches()
    sys.path.insert(0, root)
    try:
        yield
    finally:
        if root in sys.path:
            sys.path.remove(root)


def _forget_other_projects(root: str, own: frozenset[str]) -> None:
    """Drop modules named like this project's that an earlier run took from another project."""
    foreign = {
        name
        for name in (own & sys.modules.keys()) - {"curifactory"}
        if not all(_may_stay(place, root) for place in _places(sys.modules[name]))
    }
    for name in [name for name in sys.modules if name.split(".")[0] in foreign]:
        del sys.modules[name]


def _places(module: ModuleType) -> list[str]:
    places = [*getattr(module, "__path__", []), getattr(module, "__file__", None)]
    return [os.path.abspath(place) for place in places if place is not None]


def _may_stay(place: str, root: str) -> bool:
    """Tell whether a module is this project's, or installed and nobody's project."""
    return place.startswith(root + os.sep) or _is_installed(place)


def _is_installed(path: str) -> bool:
    return any(path.startswith(folder + os.sep) for folder in (sys.prefix, sys.base_prefix))


def require_experiment(configuration: Configuration, name: str) -> None:
    """Make sure that there is a file of the experiment ``name``, without importing it.

    Raises
    ------
    BadInputError
        If there is none.

    """
    if find_file(configuration, configuration.experiments_module_name, name) is None:
        known = [file.name for file in list_experiments(configuration)]
        raise BadInputError(unknown("experiment", name, known, "experiment ls"))


def import_experiment(configuration: Configuration, name: str) -> ModuleType:
    """Return the module of the experiment ``name``.

    Raises
    ------
    BadInputError
        If there is no such file, it cannot be imported, or it has no ``run()``.

    """
    require_experiment(configuration, name)
    module_name = configuration.experiments_module_name
    module = _import(f"{module_name}.{name}", f"experiment {name!r}")
    if not callable(getattr(module, "run", None)):
        raise BadInputError(
            f"experiment {name!r} ({module.__file__}) has no function run(param_sets, manager); "
            "add one."
        )
    if not takes(module.run, [], None):
        raise BadInputError(
            f"run() of experiment {name!r} ({module.__file__}) does not take the parameter sets "
            "and the manager that it is called with; make it run(param_sets, manager)."
        )
    return module


def takes(function: Callable[..., Any], *arguments: Any) -> bool:
    """Tell whether a function can be called with so many arguments, as far as that is known."""
    from inspect import signature  # slow to import, and experiments import it anyway

    try:
        signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # such as some written in C
        return True
    return True


_MOST_NAMED = 20


def unknown(kind: str, name: str, known: Sequence[str], command: str | None = None) -> str:
    """Return the message that ``name`` is not there, with the nearest names that are."""
    import difflib  # only for this message

    near = difflib.get_close_matches(name, known, n=3)
    if near:
        hint = f"Did you mean {' or '.join(map(repr, near))}?"
    elif known:
        more = ", …" if len(known) > _MOST_NAMED else ""
        hint = f"There is: {', '.join(map(repr, known[:_MOST_NAMED]))}{more}."
    else:
        hint = "There is none at all."
    listing = f" List them with '{command}'." if command else ""
    return f"{kind} {name!r} not found. {hint}{listing}"


def _import(dotted: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(dotted)
    except Exception as error:
        described = describe_error(error)
        hint = ""
        if isinstance(error, TypeError) and str(error).startswith("non-default argument"):
            hint = ". A parameter set has a name by default, so all its fields need a default"
        raise BadInputError(f"{what} cannot be imported: {described}{hint}") from error


def describe_error(error: BaseException) -> str:
    """Return class and message of ``error``, and the last place in the project, on one line.

    If it never was in the project, the last place in a library.
    """
    import traceback  # slow to import, and seldom needed

    frames = traceback.extract_tb(error.__traceback__)
    text = " ".join(traceback.format_exception_only(type(error), error)[-1].split())
    if isinstance(error, SyntaxError):
        return f"{text} ({error.filename}, line {error.lineno})"
    ours = (os.path.join(os.path.dirname(__file__), ""), "<frozen ")
    others = [frame for frame in frames if not frame.filename.startswith(ours)]
    own = [frame for frame in others if not _is_installed(frame.filename)]
    place = next(reversed(own or others), None)
    return text if place is None else f"{text} ({place.filename}, line {place.lineno})"


def import_parameters(configuration: Configuration, file: str) -> ModuleType:
    """Return the module of the parameter file ``file``: of the params folder, or an experiment.

    Raises
    ------
    BadInputError
        If there is no such file or it cannot be imported.

    """
    for module_name in (configuration.params_module_name, configuration.experiments_module_name):
        if find_file(configuration, module_name, file) is not None:
            return _import(f"{module_name}.{file}", f"parameter file {file!r}")
    known = [found.name for found in list_params(configuration)]
    raise BadInputError(unknown("parameter file", file, known, "experiment ls"))
