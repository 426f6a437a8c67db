"""Finding experiment and parameter files by reading them, without running any user code."""

import ast
import os
from collections.abc import Iterator
from typing import NamedTuple

from curifactory.config import Configuration


class SourceFile(NamedTuple):
    """A Python file that may define an experiment or parameter sets."""

    name: str
    """Dotted name below its folder, without ``.py``."""
    path: str
    functions: frozenset[str] = frozenset()
    """Names of the functions it defines at the top level."""
    description: str = ""
    """Its docstring, on one line."""
    error: str | None = None
    """Why it cannot be parsed."""


def module_folder(configuration: Configuration, module_name: str) -> str:
    """Return the folder of the project's module ``module_name``, such as ``experiments``."""
    return os.path.normpath(os.path.join(configuration.root, *module_name.split(".")))


def find_file(configuration: Configuration, module_name: str, name: str) -> str | None:
    """Return the path of the file or package ``name`` of a module, ``None`` if there is none."""
    stem = os.path.join(module_folder(configuration, module_name), *name.split("."))
    for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
        if os.path.isfile(path):
            return path
    return None


def describe_experiment(configuration: Configuration, name: str) -> str:
    """Return the docstring of the file of an experiment, on one line; empty without one."""
    path = find_file(configuration, configuration.experiments_module_name, name)
    return "" if path is None else _read(name, path).description


def list_experiments(configuration: Configuration) -> list[SourceFile]:
    """Return the files with a ``run()``, and those that cannot be parsed, by name."""
    return _with_run(_read_all(configuration, configuration.experiments_module_name))


def list_params(configuration: Configuration) -> list[SourceFile]:
    """Return the files with a ``get_params()``, of both folders, by name.

    Files that cannot be parsed are listed where they are in the folder of parameter files.
    """
    return list_all(configuration)[1]


def list_all(configuration: Configuration) -> tuple[list[SourceFile], list[SourceFile]]:
    """Return the experiments and the parameter files, reading each file once."""
    experiments = _read_all(configuration, configuration.experiments_module_name)
    found = {file.name: file for file in experiments if "get_params" in file.functions}
    for file in _read_all(configuration, configuration.params_module_name):
        if file.error or "get_params" in file.functions:
            found[file.name] = file
    return _with_run(experiments), [found[name] for name in sorted(found)]


def _with_run(files: list[SourceFile]) -> list[SourceFile]:
    return [file for file in files if file.error or "run" in file.functions]


def _read_all(configuration: Configuration, module_name: str) -> list[SourceFile]:
    folder = module_folder(configuration, module_name)
    return sorted(
        (_read(name, path) for name, path in _walk(folder, "")), key=lambda file: file.name
    )


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # a missing folder has no files; the caller says so
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.name.startswith((".", "__pycache__")):
                yield from _walk(entry.path, f"{prefix}{entry.name}.")
        elif entry.name == "__init__.py" and prefix:
            yield prefix[:-1], entry.path
        elif entry.name.endswith(".py") and entry.name != "__init__.py":
            yield f"{prefix}{entry.name[:-3]}", entry.path


def _read(name: str, path: str) -> SourceFile:
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError) as error:
        where = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        return SourceFile(name, path, error=f"{type(error).__name__}: {message}{where}")
    functions = frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    docstring = ast.get_docstring(tree, clean=False) or ""  # cleaning it imports inspect
    return SourceFile(name, path, functions, " ".join(docstring.split()))
