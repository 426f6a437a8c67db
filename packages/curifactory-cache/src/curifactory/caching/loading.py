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
from curifactory.caching.metadata_index import FileState, state_of
from curifactory.caching.publishing import nobody_publishes
from curifactory.caching.verifying import find_damage
from curifactory.causes import CauseKind
from curifactory.exceptions import UnreadableArtifactError

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable

_CORRUPT = ".corrupt"
_READ_ATTEMPTS = 5


class _UnusableError(Exception):
    """An artifact that cannot be used as it lies there just now; its text says why."""


def fetch(cacher: "Cacheable") -> Any:
    """Return the stored value, if it is the one that was stored; else set it aside."""
    known = cacher._known_hit
    if known is not None:
        with suppress(_UnusableError):
            return _load(cacher, *known)
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


def _read(cacher: "Cacheable") -> Any:
    """Return the stored value, if it is complete and the same before and after it is read."""
    before = state_of(locate(cacher, METADATA))
    found = look_up(cacher)
    if not found.hit:
        raise _UnusableError(found.causes[0].detail or "it is missing")
    return _load(cacher, before, found)


def _load(cacher: "Cacheable", before: FileState | None, found: Lookup) -> Any:
    """Return the stored value, if all is afterwards as it was ``before``, when it was ``found``."""
    try:
        value = cacher.load()
    except MemoryError:  # says nothing about the artifact
        raise
    except Exception as error:
        raise _UnusableError(f"{type(error).__name__}: {error}") from error
    files = (found.metadata or {}).get("files", {})
    metadata = locate(cacher, METADATA)
    same = state_of(metadata) == before or _is_still_described(cacher, found.metadata)
    if find_damage(files, os.path.dirname(metadata)) or not same:
        raise _UnusableError("it was replaced while it was read")
    return value


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
