"""Importing a project's experiment and parameter files, and collecting its parameter sets."""

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType

from curifactory.config import Configuration
from curifactory.discovery import find_file, list_experiments, list_params
from curifactory.exceptions import BadInputError, CurifactoryError
from curifactory.options import RunOptions
from curifactory.params import ExperimentParameters


@dataclass(frozen=True, slots=True)
class Collection:
    """The parameter sets of a run."""

    parameter_sets: list[ExperimentParameters] = field(default_factory=list)
    by_file: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Name and hash of the parameter sets of each file."""


@contextmanager
def project_imports(configuration: Configuration) -> Iterator[None]:
    """Let the project's modules be imported inside the block, before any installed one."""
    root = os.path.abspath(configuration.root)
    for name in (configuration.experiments_module_name, configuration.params_module_name):
        _forget_other_projects(name.split(".")[0], root)
    importlib.invalidate_caches()
    sys.path.insert(0, root)
    try:
        yield
    finally:
        if root in sys.path:
            sys.path.remove(root)


def _forget_other_projects(package: str, root: str) -> None:
    """Drop modules of the same name that an earlier run imported from another project."""
    module = sys.modules.get(package)
    if module is None:
        return
    places = [*getattr(module, "__path__", []), getattr(module, "__file__", None) or root]
    if all(os.path.abspath(place).startswith(root + os.sep) or place == root for place in places):
        return
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def import_experiment(configuration: Configuration, name: str) -> ModuleType:
    """Return the module of the experiment ``name``.

    Raises
    ------
    BadInputError
        If there is no such file, it cannot be imported, or it has no ``run()``.

    """
    module_name = configuration.experiments_module_name
    if find_file(configuration, module_name, name) is None:
        known = [file.name for file in list_experiments(configuration)]
        raise BadInputError(_unknown("experiment", name, known, "experiment ls"))
    module = _import(f"{module_name}.{name}", f"experiment {name!r}")
    if not callable(getattr(module, "run", None)):
        raise BadInputError(
            f"experiment {name!r} ({module.__file__}) has no function run(param_sets, manager); "
            "add one."
        )
    return module


def _unknown(kind: str, name: str, known: Sequence[str], command: str | None = None) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    if near:
        hint = f"Did you mean {' or '.join(map(repr, near))}?"
    elif known:
        hint = f"There is: {', '.join(map(repr, known))}."
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


def collect(configuration: Configuration, options: RunOptions) -> Collection:
    """Return the hashed parameter sets that ``options`` ask for.

    Raises
    ------
    BadInputError
        If a file or name is not there, ``get_params()`` fails or does not return a list of
        parameter sets, or none is left.

    """
    files = options.param_files or (options.experiment,)
    by_file = {file: _parameter_sets(configuration, file) for file in dict.fromkeys(files)}
    if options.names:
        by_file = _with_names(by_file, options.names)
    sets = [parameter_set for file in files for parameter_set in by_file[file]]
    if not sets:
        raise BadInputError(f"No parameter sets found in {', '.join(map(repr, files))}.")
    try:
        pairs = {
            file: [(item.name, item.fill_hash()) for item in by_file[file]] for file in by_file
        }
    except CurifactoryError as error:
        raise BadInputError(str(error)) from error
    return Collection(sets, pairs)


def _with_names(
    by_file: dict[str, list[ExperimentParameters]], names: Sequence[str]
) -> dict[str, list[ExperimentParameters]]:
    known = list(dict.fromkeys(item.name for sets in by_file.values() for item in sets))
    for name in names:
        if name not in known:
            raise BadInputError(_unknown("Paramset name", name, known))
    return {file: [item for item in sets if item.name in names] for file, sets in by_file.items()}


def _parameter_sets(configuration: Configuration, file: str) -> list[ExperimentParameters]:
    module = _import_parameters(configuration, file)
    get_params = getattr(module, "get_params", None)
    if not callable(get_params):
        raise BadInputError(
            f"parameter file {file!r} ({module.__file__}) has no function get_params(); add one "
            "that returns a list of parameter sets, or name another file with -p."
        )
    try:
        sets = get_params()
    except Exception as error:
        raise BadInputError(f"get_params() of {file!r} failed: {describe_error(error)}") from error
    if not isinstance(sets, list):
        raise BadInputError(
            f"Parameter file {file!r} did not return a list: get_params() returned "
            f"{type(sets).__name__}, expected a list of parameter sets."
        )
    for item in sets:
        if not isinstance(item, ExperimentParameters):
            raise BadInputError(
                f"get_params() of {file!r} returned a list with {item!r} in it, which is no "
                "parameter set; make it an instance of a subclass of "
                "curifactory.ExperimentParameters."
            )
    return sets


def _import_parameters(configuration: Configuration, file: str) -> ModuleType:
    for module_name in (configuration.params_module_name, configuration.experiments_module_name):
        if find_file(configuration, module_name, file) is not None:
            return _import(f"{module_name}.{file}", f"parameter file {file!r}")
    known = [found.name for found in list_params(configuration)]
    raise BadInputError(_unknown("parameter file", file, known, "experiment ls"))
