"""The only reader of entry points: what installed distributions plug into core.

Groups: ``curifactory.cachers``, ``curifactory.stores``, ``curifactory.exporters``,
``curifactory.displays``, ``curifactory.upkeep``, ``curifactory.run_hooks``,
``curifactory.executors`` and ``curifactory.coordinators``.
"""

import os
import sys
from functools import lru_cache
from importlib import import_module
from typing import Any

from curifactory.exceptions import MissingPartError
from curifactory.paths import read_file

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
    return next((_load(target) for offer, target in _offers(group) if offer == name), None)


def require(group: str, name: str, what: str, distribution: str) -> Any:
    """Return what the entry point ``name`` of ``group`` refers to.

    Parameters
    ----------
    group, name
        As for :func:`find`.
    what, distribution
        What is missing without it, as in ``reports come``, and what it comes with.

    Raises
    ------
    MissingPartError
        If there is none; says what to install.

    """
    found = find(group, name)
    if found is None:
        raise MissingPartError(f"{what} with {distribution!r}. Run 'pip install {distribution}'.")
    return found


def names(group: str) -> list[str]:
    """Return the names of every entry point of ``group``, sorted."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})


def find_all(group: str) -> list[Any]:
    """Return what every entry point of ``group`` refers to, in the order of their names."""
    return [_load(target) for _, target in sorted(_offers(group), key=lambda offer: offer[0])]


def _offers(group: str) -> list[tuple[str, str]]:
    """Return each ``(name, "module:attribute")`` that the distributions on the path offer.

    Of a distribution that is there twice, the first on the path counts. ``importlib.metadata``
    tells the same, but its import and search cost a fifth of a run in which all is cached.
    """
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for folder in sys.path:
        try:
            changed = os.stat(folder or ".").st_mtime_ns
        except OSError:  # it is gone
            continue
        for distribution, offers in _offers_in(os.path.abspath(folder), changed):
            if distribution not in seen:
                seen.add(distribution)
                found += offers.get(group, ())
    return found


_Offers = dict[str, list[tuple[str, str]]]


@lru_cache(maxsize=64)
def _offers_in(folder: str, _changed: int) -> list[tuple[str, _Offers]]:
    """Return what each distribution in a folder offers by group, read once unless it changes."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:  # a zip file
        return []
    return [
        (name.partition("-")[0].lower(), _read_offers(f"{folder}/{name}/entry_points.txt"))
        for name in names
        if name.endswith((".dist-info", ".egg-info"))
    ]


def _read_offers(path: str) -> _Offers:
    """Return the lines ``name = target`` of a file, by the heading above them, if any are ours."""
    try:
        content, _ = read_file(path)
    except OSError:  # most distributions offer nothing
        return {}
    if b"[curifactory." not in content:  # nor this one to us
        return {}
    offers: _Offers = {}
    section: list[tuple[str, str]] = []
    for line in map(str.strip, content.decode(errors="replace").splitlines()):
        if line.startswith("["):
            section = offers.setdefault(line.strip("[]"), [])
            continue
        name, equals, target = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            section.append((name.strip(), target.partition("[")[0].strip()))
    return offers


def _load(target: str) -> Any:
    """Return what ``module:attribute`` refers to."""
    module, _, attribute = target.partition(":")
    found: Any = import_module(module)
    for name in filter(None, attribute.split(".")):
        found = getattr(found, name)
    return found
