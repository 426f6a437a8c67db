import importlib
from types import ModuleType

import pytest

PACKAGES = [
    "curifactory",
    "curifactory.caching",
    "curifactory.cli",
    "curifactory.dag",
    "curifactory.notebook",
    "curifactory.docker",
    "curifactory.project",
    "curifactory.reporting",
]


def is_our_own(value: object) -> bool:
    """Tell whether a module's attribute is defined in curifactory, and is no module itself."""
    defined_in = getattr(value, "__module__", "") or ""
    return not isinstance(value, ModuleType) and defined_in.partition(".")[0] == "curifactory"


def listed(package: ModuleType) -> set[str]:
    """Return what ``__all__`` lists; a package that re-exports nothing needs none."""
    return set(getattr(package, "__all__", ()))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_in_all_exists(name: str) -> None:
    package = importlib.import_module(name)

    assert [public for public in listed(package) if not hasattr(package, public)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_in_all(name: str) -> None:
    package = importlib.import_module(name)

    public = {
        attribute
        for attribute, value in vars(package).items()
        if not attribute.startswith("_") and is_our_own(value)
    }

    assert sorted(public - listed(package)) == []
