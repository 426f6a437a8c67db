"""From a cacher's ``save`` to files in their places."""

import functools
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from io import FileIO
from typing import TYPE_CHECKING, Any

from curifactory.caching.locating import METADATA, locate
from curifactory.caching.locking import exclusive
from curifactory.caching.metadata_index import FileState, index_of
from curifactory.caching.pending_digests import Digestion, pending_digests
from curifactory.caching.publishing import StagedFiles, WrittenMetadata
from curifactory.exceptions import CacheError
from curifactory.previewing import preview

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.manager import ArtifactManager


class PendingArtifact:
    """An artifact that is written and not yet in its place."""

    def __init__(self, cacher: "Cacheable", staged: StagedFiles, result: Any) -> None:
        self._cacher = cacher
        self._staged = staged
        self.result = staged.final(result)
        """What ``save`` returned."""

    @property
    def root(self) -> str:
        """Where :meth:`exclusive` keeps others out."""
        return self._staged.root

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from publishing at this place while the block runs.

        Entering it raises ``CacheError`` if nothing can be written there.
        """
        return self._staged.exclusive(functools.partial(not_stored, self._cacher))

    def commit(self) -> str | None:
        """Put it in its place and return a digest of its content.

        ``None`` if it is still to be computed, or for the cacher to tell in its own way.

        Raises
        ------
        CacheError
            If that fails.

        """
        cacher, main = self._cacher, self._cacher.main_path()
        try:
            self._staged.commit(main, cacher.published)
        except OSError as error:
            raise not_stored(cacher, error) from error
        metadata = self._staged.metadata
        if metadata is None or cacher.record is None:
            return None
        if large := self._staged.take_large():
            self._digest(cacher.record.manager, main, metadata, large)
            return None
        content = _note(cacher.record.manager, main, metadata)
        return content if cacher.looks_as_all() else None

    def _digest(
        self,
        manager: "ArtifactManager",
        main: str,
        metadata: WrittenMetadata,
        large: "Mapping[str, FileIO]",
    ) -> None:
        """Let the digests of large files be computed while the session goes on."""
        staged, index = self._staged, index_of(manager)
        digestion = Digestion(
            metadata.path,
            metadata.text,
            large,
            spare=staged.spare,
            exclusive=functools.partial(exclusive, staged.root),
            note=functools.partial(index.note, main, metadata.path),
            log=manager.log,
        )
        pending_digests(manager).add(digestion)

    def discard(self) -> None:
        """Remove what was written and is not in its place."""
        self._staged.discard()


def _note(manager: "ArtifactManager", main: str, metadata: WrittenMetadata) -> str | None:
    """Let the session know the metadata in its place, if it still is what was written.

    Return a digest of the artifact's content then.
    """
    try:
        now = os.stat(metadata.path)
    except OSError:
        return None
    if (now.st_ino, now.st_mtime_ns) != (metadata.status.st_ino, metadata.status.st_mtime_ns):
        return None
    return index_of(manager).note(main, metadata.path, FileState.of(now), metadata.facts).content


def not_stored(cacher: "Cacheable", error: OSError) -> CacheError:
    """Return the error that names stage, output and path, and says what to do."""
    return CacheError(
        f"{cacher._label()} of stage {cacher.stage!r} cannot be stored at "
        f"{cacher.main_path()!r}: {error.strerror or error}. Check the folder's permissions and "
        "the free space, then run again; what was complete is kept."
    )


def publish(cacher: "Cacheable", save: Callable[[Any, Any], Any], obj: Any) -> Any:
    """Let the cacher save, put what it wrote into its place and return what it returned."""
    pending = PendingArtifact(cacher, *stage_artifact(cacher, save, obj, metadata=False))
    try:
        pending.commit()
    finally:
        pending.discard()
    return pending.result


def stage_artifact(
    cacher: "Cacheable", save: Callable[[Any, Any], Any], obj: Any, *, metadata: bool
) -> tuple[StagedFiles, Any]:
    """Let the cacher save into a staging folder, and return what it wrote and returned."""
    record = cacher.record
    staged = StagedFiles(None if record is None else record.manager.manager_cache_path)
    if record is not None:
        staged.puts_off_digests = True
        pending_digests(record.manager).make_room()
    cacher._staged, cacher._metadata_wanted = staged, metadata
    try:
        cacher._preview = preview(obj)
        result = save(cacher, obj)
        if cacher._metadata_wanted:
            path = locate(cacher, METADATA)
            described = _described(cacher, staged)
            paths = set(described) or _handed_out(cacher)
            staged.add_metadata(path, cacher.collect_metadata(), described, paths)
        return staged, result
    except BaseException:
        staged.discard()
        raise
    finally:
        cacher._staged = None


def _handed_out(cacher: "Cacheable") -> set[str]:
    """Return the paths of an artifact that is written in place."""
    given = {path for path in cacher.cache_paths if os.path.exists(path)}
    return {cacher.main_path(), *given}


def _described(cacher: "Cacheable", staged: StagedFiles) -> dict[str, os.stat_result]:
    """Return the states of the artifact's files: also of one that the stage wrote itself."""
    main, written = cacher.main_path(), staged.written()
    if main not in written:
        asked_for = cacher.call is None or cacher.path_override is not None or cacher.is_guarded()
        if not (asked_for and os.path.exists(main)):
            raise FileNotFoundError(
                "save() wrote nothing to get_path(), whose presence tells that it is there "
                f"({main!r})"
            )
        written = {main: os.stat(main), **written}
    return {} if cacher.in_place else written
