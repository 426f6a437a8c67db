"""The only reader of entry points: what installed distributions plug into core.

Groups: ``curifactory.cachers``, ``curifactory.stores``, ``curifactory.exporters``,
``curifactory.displays``, ``curifactory.upkeep``, ``curifactory.run_hooks``,
``curifactory.executors`` and ``curifactory.coordinators``.
"""

from functools import lru_cache
from typing import Any

CACHERS = "curifactory.cachers"
STORES = "curifactory.stores"
EXPORTERS = "curifactory.exporters"
DISPLAYS = "curifactory.displays"
UPKEEP = "curifactory.upkeep"
RUN_HOOKS = "curifactory.run_hooks"
EXECUTORS = "curifactory.executors"
COORDINATORS = "curifactory.coordinators"


@lru_cache(maxsize=64)
def find(group: str, name: str) -> Any | None:
    """Return what the entry point ``name`` of ``group`` refers to, or ``None`` if there is none."""
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    for entry_point in entry_points(group=group, name=name):
        return entry_point.load()
    return None


def names(group: str) -> list[str]:
    """Return the names of every entry point of ``group``, sorted."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})


def find_all(group: str) -> list[Any]:
    """Return what every entry point of ``group`` refers to, in the order of their names."""
    from importlib.metadata import entry_points

    return [point.load() for point in sorted(entry_points(group=group), key=lambda item: item.name)]
