"""Full stores: a folder with everything one run made or used, from which it can be run again."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from curifactory.caching.cacheable import Cacheable
from curifactory.caching.digesting import undigested
from curifactory.caching.locating import METADATA, locate, place_in_store
from curifactory.caching.pending_digests import wait_for_digests
from curifactory.caching.publishing import StagedFiles
from curifactory.caching.reference_cachers import FileReferenceCacher
from curifactory.caching.run_folder import RunFolder
from curifactory.caching.staging_folders import nobody_publishes
from curifactory.caching.verifying import find_damage
from curifactory.calls import CallStatus
from curifactory.exceptions import CacheError
from curifactory.files import ARTIFACTS
from curifactory.reportables import reportables_cacher

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager
    from curifactory.protocols import Cacher, Writer

_ATTEMPTS = 5


class FullStore:
    """The folder ``<runs_path>/<reference>`` of a run that is going on.

    Artifacts lie in ``artifacts`` under the names they have in the cache. Those with a path of
    their own outside of the cache are in ``artifacts/overrides``, and the files that a
    :class:`~curifactory.caching.FileReferenceCacher` refers to beside it; its copy refers to these.
    """

    def __init__(self, manager: "ArtifactManager") -> None:
        self.manager = manager
        self.folder = RunFolder(manager)
        self.artifacts = manager.get_run_output_path(ARTIFACTS)
        self._copied: dict[str, tuple[int, ...]] = {}

    def open(self) -> None:
        """Write what is known when the run begins: its facts, environment and parameters."""
        self.folder.open()

    def close(self, report_path: str | None) -> None:
        """Write the run's outcome, and copy its log and report."""
        self.folder.close(report_path)

    def relocated(self, cacher: "Cacher") -> "Writer":
        """Return what stores in the folder what ``cacher`` stores in the cache."""
        if not isinstance(cacher, Cacheable):
            return cacher
        return InPlace(cacher, self) if cacher.in_place else cacher.relocated(self.artifacts)

    def keep(self, call: "StageCall") -> None:
        """Copy what ``call`` has in the cache, unless it was put here when it was made."""
        if call.status is CallStatus.EXECUTED and not self.manager.writes_cache:
            return
        for cacher in (*(call.cachers or ()), reportables_cacher(call)):
            if isinstance(cacher, Cacheable) and cacher.track:
                try:
                    self._keep_artifact(cacher)
                except OSError as error:
                    raise self._not_kept(
                        f"output {cacher.name!r} of stage {call.name!r}", error
                    ) from error

    def keep_path(self, path: str) -> None:
        """Copy a file or folder of the cache, with the metadata of a file if it has any."""
        beside = f"{os.path.splitext(path)[0]}{METADATA}"
        wait_for_digests(beside)
        try:
            self._copy_all([path, *([beside] if os.path.isfile(beside) else [])], path, None)
        except OSError as error:
            raise self._not_kept(f"tracked path {path!r}", error) from error

    def _not_kept(self, what: str, error: OSError) -> CacheError:
        return CacheError(
            f"{what} cannot be copied to the full store {os.path.dirname(self.artifacts)!r}: "
            f"{error.strerror or error}. Check the folder's permissions and the free space, then "
            "run again; what is in the cache is kept."
        )

    # -- one artifact ------------------------------------------------------------------------

    def _keep_artifact(self, cacher: Cacheable) -> None:
        """Copy an artifact that is complete; while others replace it, try again."""
        for attempt in range(_ATTEMPTS):
            found = cacher.look_up()
            if not found.hit:
                return
            if undigested(found.metadata):
                cacher.digested_metadata()
            with self._undisturbed(cacher) if attempt == _ATTEMPTS - 1 else nullcontext():
                if self._copy_artifact(cacher, found.metadata):
                    return

    def _undisturbed(self, cacher: Cacheable) -> AbstractContextManager[None]:
        folder = os.path.dirname(cacher.main_path()) or "."
        if not os.access(folder, os.W_OK):
            return nullcontext()
        return nobody_publishes(folder, self.manager.manager_cache_path)

    def _copy_artifact(self, cacher: Cacheable, metadata: Mapping[str, Any] | None) -> bool:
        """Copy an artifact and tell whether the copy is the one that ``metadata`` describes."""
        main, beside = cacher.main_path(), locate(cacher, METADATA)
        try:
            if isinstance(cacher, FileReferenceCacher):
                self._copy_references(cacher, metadata)
                return True
            paths = sorted({main, *artifact_paths(cacher, metadata)})
            if metadata is None:
                self._copy_all(paths, main, None)
                return True
            self._copy_all(paths, main, beside)
        except FileNotFoundError:  # being replaced
            if os.path.exists(main):
                return False
            raise
        return find_damage(metadata.get("files", {}), os.path.dirname(self._place(beside))) is None

    def _copy_all(self, paths: list[str], main: str, metadata: str | None) -> None:
        """Copy files and folders as they are; all of them appear, and the metadata last."""
        marks = tuple(mark for path in (main, metadata or main) for mark in _state(path))
        if self._copied.get(main) == marks:
            return
        staged = StagedFiles(self.manager.manager_cache_path)
        try:
            for path in paths:
                _copy(path, staged.stage(self._place(path)))
            if metadata is not None:
                place = self._place(metadata)
                _copy(metadata, staged.stage_metadata(place))
            staged.commit(self._place(main), _nothing)
        finally:
            staged.discard()
        self._copied[main] = marks

    def _place(self, path: str) -> str:
        return place_in_store(path, self.artifacts, self.manager)

    # -- references --------------------------------------------------------------------------

    def _copy_references(
        self, cacher: FileReferenceCacher, metadata: Mapping[str, Any] | None
    ) -> None:
        """Copy the files an artifact refers to, and the artifact referring to the copies."""
        main = cacher.main_path()
        place, beside = self._place(main), self._place(locate(cacher, METADATA))
        folder = os.path.dirname(place)
        staged = StagedFiles(self.manager.manager_cache_path)
        try:
            places = self._copies(cacher, f"{os.path.splitext(place)[0]}_files")
            for source, copy in places.items():
                _copy(source, staged.stage(copy))
            relative = {source: os.path.relpath(copy, folder) for source, copy in places.items()}
            cacher.write_references(staged.stage(place), relative)
            facts = {**(metadata or {}), "extra": {**(metadata or {}).get("extra", {})}}
            facts["extra"][FileReferenceCacher.RELATIVE] = True
            staged.add_metadata(beside, facts, {place: os.stat(staged.stage(place))}, [place])
            staged.commit(place, _nothing)
        finally:
            staged.discard()

    def _copies(self, cacher: FileReferenceCacher, folder: str) -> dict[str, str]:
        """Return where to copy each path that an artifact refers to."""
        cache = os.path.abspath(self.manager.cache_path)
        places: dict[str, str] = {}
        for path in cacher.referenced_paths():
            if path in places:
                continue
            absolute = os.path.abspath(path)
            if os.path.commonpath([absolute, cache]) == cache and absolute != cache:
                places[path] = self._place(path)
                continue
            name = os.path.basename(absolute)
            taken, count = set(places.values()), 1
            while os.path.join(folder, name) in taken:
                count += 1
                name = f"{count}-{os.path.basename(absolute)}"
            places[path] = os.path.join(folder, name)
        return places


class InPlace:
    """Copies to a full store what a stage wrote in its place, although the cache is not written."""

    def __init__(self, cacher: Cacheable, store: FullStore) -> None:
        self._cacher = cacher
        self._store = store

    def write(self, _value: Any) -> "InPlace":
        """Wait for what else the stage made."""
        return self

    @property
    def root(self) -> str:
        """Nothing is kept from others: the folder is this run's own."""
        return ""

    def exclusive(self) -> AbstractContextManager[None]:
        """Do nothing, for the same reason."""
        return nullcontext()

    def commit(self) -> None:
        """Copy the artifact."""
        if os.path.exists(self._cacher.main_path()):
            self._store.keep_path(self._cacher.main_path())

    def discard(self) -> None:
        """Nothing was written aside."""


def artifact_paths(cacher: Cacheable, metadata: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the files and folders of an artifact, besides its metadata, that are there.

    Where its metadata does not list them, these are the ones whose names begin as its own does.
    """
    main = cacher.main_path()
    folder = os.path.dirname(locate(cacher, METADATA))
    if metadata is not None and "paths" in metadata:
        listed = [*metadata["paths"], *metadata.get("tracked", ())]
        yield from filter(os.path.exists, (os.path.join(folder, name) for name in listed))
        return
    stem = os.path.splitext(os.path.basename(main))[0]
    for name in sorted(os.listdir(folder or ".")):
        if name.startswith((f"{stem}_", f"{stem}.")) and not name.endswith((METADATA, ".corrupt")):
            yield os.path.join(folder, name)


def _state(path: str) -> tuple[int, ...]:
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _copy(source: str, target: str) -> None:
    if os.path.isdir(source):
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _nothing() -> None:
    """Nothing else is to be done when a copy is in its place."""
