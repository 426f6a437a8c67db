"""The only reader of entry points: what installed distributions plug into core.

Groups: ``curifactory.cachers``, ``curifactory.stores``, ``curifactory.exporters``,
``curifactory.displays``, ``curifactory.upkeep``, ``curifactory.run_hooks`` and
``curifactory.executors``.
"""

from functools import lru_cache
from typing import Any

CACHERS = "curifactory.cachers"
STORES = "curifactory.stores"
EXPORTERS = "curifactory.exporters"
DISPLAYS = "curifactory.displays"
UPKEEP = "curifactory.upkeep"
RUN_HOOKS = "curifactory.run_hooks"


@lru_cache(maxsize=64)
def find(group: str, name: str) -> Any | None:
    """Return what the entry point ``name`` of ``group`` refers to, or ``None`` if there is none."""
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    for entry_point in entry_points(group=group, name=name):
        return entry_point.load()
    return None


def find_all(group: str) -> list[Any]:
    """Return what every entry point of ``group`` refers to, in the order of their names."""
    from importlib.metadata import entry_points

    return [point.load() for point in sorted(entry_points(group=group), key=lambda item: item.name)]
