"""Importing a project's experiment and parameter files."""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

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
    installed = (sys.prefix, sys.base_prefix, root)
    return any(place.startswith(folder + os.sep) for folder in installed)


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
    return module


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
        raise BadInputError(f"{what} cannot be imported: {describe_error(error)}") from error


def describe_error(error: BaseException) -> str:
    """Return class, message and the last place of ``error``, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    text = " ".join(traceback.format_exception_only(type(error), error)[-1].split())
    if isinstance(error, SyntaxError):
        return f"{text} ({error.filename}, line {error.lineno})"
    own = [frame for frame in frames if not frame.filename.startswith("<frozen ")]
    return f"{text} ({own[-1].filename}, line {own[-1].lineno})" if own else text


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
