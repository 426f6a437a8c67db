"""Finding the parts of curifactory that other distributions ship."""

import sys
from importlib import import_module
from types import ModuleType

from curifactory.exceptions import MissingPartError

DISTRIBUTIONS = {
    "curifactory.caching": "curifactory-cache",
    "curifactory.reporting": "curifactory-report",
    "curifactory.cli": "curifactory-cli",
}
"""Import name of each part -> the distribution that ships it."""


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


def load(name: str) -> ModuleType:
    """Import ``curifactory.<name>`` for attribute access on the package."""
    fullname = f"curifactory.{name}"
    if fullname not in DISTRIBUTIONS:
        raise AttributeError(f"module 'curifactory' has no attribute {name!r}")
    try:
        return import_module(fullname)
    except MissingPartError as error:
        raise AttributeError(str(error)) from None
