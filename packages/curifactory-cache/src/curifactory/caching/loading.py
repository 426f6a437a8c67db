"""From files in the cache to the value that was stored."""

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Lookup
from curifactory.caching.digesting import differ_in_digests_at_most
from curifactory.caching.locating import METADATA, locate
from curifactory.caching.looking_up import look_up
from curifactory.caching.metadata_index import FileState, Known, index_of, state_of
from curifactory.caching.staging_folders import nobody_publishes
from curifactory.caching.verifying import find_damage
from curifactory.causes import CauseKind
from curifactory.exceptions import UnreadableArtifactError
from curifactory.lineage import lineage

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable

_CORRUPT = ".corrupt"
_READ_ATTEMPTS = 5


class _UnusableError(Exception):
    """An artifact that cannot be used as it lies there just now; its text says why."""


def fetch(cacher: "Cacheable") -> Any:
    """Return the stored value, if it is the one that was stored; else set it aside."""
    known = _recall(cacher)
    if known is not None:
        with suppress(_UnusableError):
            return _load_known(cacher, known)
    for attempt in range(_READ_ATTEMPTS):
        if attempt:  # another process may be renaming files just now
            time.sleep(0.01 * attempt)
        with suppress(_UnusableError):
            return _read(cacher)
    with _undisturbed(cacher):
        try:
            return _read(cacher)
        except _UnusableError as unusable:
            raise _set_aside(cacher, str(unusable)) from unusable.__cause__


def _recall(cacher: "Cacheable") -> Known | None:
    """Return what the session knows of the artifact, if it can be proved after it was loaded."""
    if cacher.call is None or cacher.record is None:
        return None
    known = index_of(cacher.record.manager).recall(cacher.main_path())
    if known is None or known.content is None or not known.files:
        return None
    if "has_extra" in known.facts:  # which is there again when the value is loaded
        return None
    mine = known.stage, known.name, known.lineage
    if cacher.path_override is None and mine != (cacher.stage, cacher.name, lineage(cacher.call)):
        return None
    return known


def _load_known(cacher: "Cacheable", known: Known) -> Any:
    """Return the stored value, if what is ``known`` is true when it was loaded.

    All was then the same before: what replaces a file is of another time or inode.
    """
    cacher.owe_metadata()
    value = _loaded(cacher)
    if not known.is_true():
        raise _UnusableError("it was replaced while it was read")
    return value


def _read(cacher: "Cacheable") -> Any:
    """Return the stored value, if it is complete and the same before and after it is read."""
    before = state_of(locate(cacher, METADATA))
    found = look_up(cacher)
    if not found.hit:
        raise _UnusableError(found.causes[0].detail or "it is missing")
    return _load(cacher, before, found)


def _load(cacher: "Cacheable", before: FileState | None, found: Lookup) -> Any:
    """Return the stored value, if all is afterwards as it was ``before``, when it was ``found``."""
    value = _loaded(cacher)
    files = (found.metadata or {}).get("files", {})
    metadata = locate(cacher, METADATA)
    same = state_of(metadata) == before or _is_still_described(cacher, found.metadata)
    if find_damage(files, os.path.dirname(metadata)) or not same:
        raise _UnusableError("it was replaced while it was read")
    return value


def _loaded(cacher: "Cacheable") -> Any:
    try:
        return cacher.load()
    except MemoryError:  # says nothing about the artifact
        raise
    except Exception as error:
        raise _UnusableError(f"{type(error).__name__}: {error}") from error


def _is_still_described(cacher: "Cacheable", metadata: Mapping[str, Any] | None) -> bool:
    """Tell whether nothing of the artifact's metadata has changed but digests it did not have."""
    try:
        now = cacher._read_metadata()
    except ValueError:
        return False
    return bool(metadata) and now is not None and differ_in_digests_at_most(metadata or {}, now[1])


def _undisturbed(cacher: "Cacheable") -> AbstractContextManager[None]:
    """Keep other processes from replacing the artifact, if this one may write beside it."""
    manager = None if cacher.record is None else cacher.record.manager
    folder = os.path.dirname(cacher.main_path()) or "."
    if manager is None or not manager.writes_cache or not os.access(folder, os.W_OK):
        return nullcontext()
    return nobody_publishes(folder, manager.manager_cache_path)


def _set_aside(cacher: "Cacheable", problem: str) -> UnreadableArtifactError:
    path = cacher.main_path()
    found = look_up(cacher)
    foreign = any(cause.kind is CauseKind.FOREIGN for cause in found.causes)
    ours = not (foreign or cacher.is_guarded())
    where = ""
    if ours and cacher.record is not None and cacher.record.manager.writes_cache:
        for damaged in (path, locate(cacher, METADATA)):
            try:
                os.replace(damaged, f"{damaged}{_CORRUPT}")
                where = f" It was set aside as {os.path.basename(path)}{_CORRUPT}."
            except OSError:  # gone, or somebody else's: it counts as missing either way
                continue
    return UnreadableArtifactError(
        f"cached {cacher._label()} of stage {cacher.stage!r} at {path!r} cannot be used: "
        f"{problem}.{where}"
    )
