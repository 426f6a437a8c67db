"""Finding what belongs to the package: its public names, and what other distributions ship."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from curifactory.exceptions import MissingPartError

DISTRIBUTIONS = {
    "curifactory.caching": "curifactory-cache",
    "curifactory.reporting": "curifactory-report",
    "curifactory.cli": "curifactory-cli",
    "curifactory.notebook": "curifactory-report",
    "curifactory.docker": "curifactory-cli",
    "curifactory.project": "curifactory-cli",
}
"""Import name of each part, or module of one -> the distribution that ships it."""

HOMES = {
    "ArtifactManager": "manager",
    "CachersMismatchError": "exceptions",
    "EmptyCachersError": "exceptions",
    "ExperimentParameters": "params",
    "InputSignatureError": "exceptions",
    "Lazy": "outputs",
    "OutputSignatureError": "exceptions",
    "Procedure": "procedure",
    "Record": "record",
    "aggregate": "staging",
    "set_hash_functions": "hashing",
    "stage": "staging",
}
"""Public name -> the module it is defined in."""

_SUBMODULES = frozenset(
    {
        *HOMES.values(),
        "args",
        "config",
        "dag",
        "experiment",
        "journal",
        "logs",
        "options",
        "store",
        "utils",
    }
)
"""Modules that are there as attributes of the package before anybody has imported them."""


def other_folders(name: str, known: Sequence[str]) -> list[str]:
    """Return the folders on ``sys.path`` for the package ``name`` besides ``known``.

    As ``pkgutil.extend_path``, whose import takes longer than all that the package does itself.
    """
    found = (os.path.abspath(os.path.join(each, name)) for each in sys.path)
    return [each for each in dict.fromkeys(found) if each not in known and os.path.isdir(each)]


class _MissingPartHint:
    """Last finder on ``sys.meta_path``: asked only once no other has found the part.

    Not a subclass of ``MetaPathFinder``, whose module is slow to import and not needed for this.
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        distribution = DISTRIBUTIONS.get(fullname)
        if distribution is not None:
            raise missing_part(fullname)


def missing_part(fullname: str) -> MissingPartError:
    """Return the error that says which distribution ships ``fullname``."""
    distribution = DISTRIBUTIONS[fullname]
    return MissingPartError(
        f"{fullname!r} is not installed; it comes with {distribution!r}. "
        f"Run 'pip install {distribution}'."
    )


def install_hint() -> None:
    """Append the hint to ``sys.meta_path``, once per interpreter."""
    if not any(type(finder).__name__ == "_MissingPartHint" for finder in sys.meta_path):
        sys.meta_path.append(_MissingPartHint())


def load(name: str) -> object:
    """Return what ``curifactory.<name>`` stands for.

    Raises
    ------
    AttributeError
        If there is no such name, or the part it belongs to is not installed.

    """
    if name in HOMES:
        return getattr(import_module(f"curifactory.{HOMES[name]}"), name)
    if name == "ExperimentArgs":
        return import_module("curifactory.params").old_experiment_args(stacklevel=4)
    if name == "__version__":
        return import_module("curifactory.environment").installed_version("curifactory-core")
    if name == "Cacheable":
        return getattr(load("caching"), name)
    fullname = f"curifactory.{name}"
    if fullname not in DISTRIBUTIONS and name not in _SUBMODULES:
        raise AttributeError(f"module 'curifactory' has no attribute {name!r}")
    try:
        return import_module(fullname)
    except MissingPartError as error:
        raise AttributeError(str(error)) from None
