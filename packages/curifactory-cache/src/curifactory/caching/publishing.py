"""Publishing artifacts: written in a private folder, renamed into place, metadata last.

A reader sees what was there before, or all of what is there now, or files that do not fit their
metadata, which counts as a miss. That holds for a crash at any moment too.
"""

import itertools
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from io import FileIO
from typing import Any, NamedTuple

from curifactory.caching.digesting import LARGE, DigestingFile
from curifactory.caching.locking import exclusive
from curifactory.caching.staging_folders import remove_tree, staging_folder
from curifactory.caching.verifying import describe_files, digest, relative_path
from curifactory.paths import write_file

_MOST_OPEN = 8
"""So many files of one artifact are kept open for their digests; the others are read at once."""
_OPEN_FILES_ARE_RENAMED = os.name != "nt"
_encode = json.JSONEncoder(default=str).encode
_counter = itertools.count()


class WrittenMetadata(NamedTuple):
    """Metadata that is, or is to be, published."""

    path: str
    """Its place in the cache."""
    facts: dict[str, Any]
    text: bytes
    """The facts as they were written."""
    status: os.stat_result
    """The state of the file before it was published."""


class StagedFiles:
    """The files of one artifact, written aside and not yet in their places.

    Parameters
    ----------
    preferred
        Folder to write below, if it is on the file system of the artifact's place; otherwise a
        hidden folder at that place is used.

    """

    def __init__(self, preferred: str | None = None) -> None:
        self._preferred = preferred
        self._staged: dict[str, str] = {}
        self._own: dict[str, str] = {}
        self._root: str | None = None
        self._metadata: tuple[str, str] | None = None
        self._spare = ""
        self._digesting: dict[str, DigestingFile] = {}
        self._large: dict[str, FileIO] = {}
        self.puts_off_digests = False
        """Whether large files are digested when they are published: those of :meth:`take_large`."""
        self.metadata: WrittenMetadata | None = None
        """What :meth:`add_metadata` wrote."""

    def stage(self, path: str) -> str:
        """Return where to write what will become ``path``; the name stays, the folder differs."""
        staged = self._staged.get(path)
        if staged is None:
            folder, name = os.path.split(path)
            own = self._own_folder(folder)
            staged = f"{own}{os.sep}{name}"
            if staged in self._staged.values() or os.path.lexists(staged):
                inner = os.path.join(own, f"{len(self._staged)}-{time.time_ns()}")
                os.makedirs(inner)
                staged = os.path.join(inner, name)
            self._staged[path] = staged
        return staged

    def _own_folder(self, folder: str) -> str:
        """Return where to write what will lie in ``folder``."""
        own = self._own.get(folder)
        if own is None:
            own = self._own[folder] = staging_folder(folder or ".", self._preferred)
            self._root = os.path.dirname(own)
        return own

    def final(self, path: object) -> object:
        """Return the place in the cache of a staged ``path``; anything else comes back as it is."""
        for final, staged in self._staged.items():
            if path == staged:
                return final
        return path

    def written(self) -> dict[str, os.stat_result]:
        """Return the state of each file or folder that was really written, by its final path."""
        found = {}
        for path, staged in self._staged.items():
            try:
                status = os.lstat(staged)
            except FileNotFoundError:
                continue
            found[path] = os.stat(staged) if stat.S_ISLNK(status.st_mode) else status
        return found

    def add_metadata(
        self,
        path: str,
        metadata: Mapping[str, Any],
        described: Mapping[str, os.stat_result],
        paths: Iterable[str],
    ) -> None:
        """Write metadata to be published last, with size and digest of every file before it is.

        Parameters
        ----------
        path
            Its place in the cache.
        metadata
            What is known of the artifact.
        described
            The states of the files whose sizes and digests to record, and of folders with such
            files, by their final paths.
        paths
            The final paths of all files and folders of the artifact.

        """
        folder = os.path.dirname(path)
        places = {
            each: (self._staged.get(each, each), status) for each, status in described.items()
        }
        facts = {
            "format": 1,
            **metadata,
            "paths": sorted([relative_path(each, folder) for each in paths if each != path]),
            "files": describe_files(places, folder, self._digest),
        }
        text = _encode(facts).encode()
        status = write_file(self.stage_metadata(path), text)
        self.metadata = WrittenMetadata(path, facts, text, status)

    def new_file(self, staged: str) -> DigestingFile:
        """Return a new file at a place that :meth:`stage` returned, which computes its digest."""
        file = self._digesting[staged] = DigestingFile(staged)
        return file

    def _digest(self, name: str, staged: str, status: os.stat_result) -> str | None:
        """Return the digest of a file, ``None`` if it is put off."""
        file = self._digesting.get(staged)
        known = None if file is None else file.digest_of(status)
        if known is not None:
            return known
        large = status.st_size >= LARGE and len(self._large) < _MOST_OPEN
        if large and self.puts_off_digests and _OPEN_FILES_ARE_RENAMED:
            opened = open(staged, "rb", buffering=0)  # noqa: SIM115 - see take_large
            self._large[name] = opened
            return None
        return digest(staged)

    def take_large(self) -> dict[str, FileIO]:
        """Return the files whose digest was put off, open, by their names in the metadata.

        They are the caller's to close.
        """
        taken, self._large = self._large, {}
        return taken

    @property
    def spare(self) -> str:
        """Where metadata may be written that is to replace what was published, once it was."""
        return self._spare

    def stage_metadata(self, path: str) -> str:
        """Return where to write metadata that is to be published last, as ``path``."""
        staged = f"{self._own_folder(os.path.dirname(path))}{os.sep}{next(_counter)}_metadata.json"
        self._metadata = (path, staged)
        return staged

    def commit(self, main: str, when_published: Callable[[], None]) -> None:
        """Rename everything written into place.

        Parameters
        ----------
        main
            The path whose presence means that the artifact is there; renamed after the others, and
            before the metadata.
        when_published
            Is called when all is in place.

        """
        order = sorted(self._staged.items(), key=lambda pair: pair[0] == main)
        if self._metadata is not None:
            order.append(self._metadata)
        with self.exclusive():
            for path, staged in order:
                _move(staged, path)
            when_published()
        self._staged.clear()
        if self._metadata is not None:
            self._spare, self._metadata = f"{self._metadata[1]}.new", None

    @property
    def root(self) -> str:
        """The folder whose lock :meth:`exclusive` holds, empty as long as nothing is staged."""
        return self._root or ""

    def exclusive(
        self, refused: Callable[[OSError], Exception] | None = None
    ) -> AbstractContextManager[None]:
        """Keep other processes from publishing at this place while the block runs.

        What ``refused`` returns is raised if nothing can be written there.
        """
        return nullcontext() if self._root is None else exclusive(self._root, refused)

    def discard(self) -> None:
        """Remove what was not published."""
        for file in self.take_large().values():
            file.close()
        unpublished = [*self._staged.values(), *([self._metadata[1]] if self._metadata else [])]
        for staged in unpublished:
            if os.path.isdir(staged):
                remove_tree(staged)
            elif os.path.lexists(staged):
                os.unlink(staged)


def _move(staged: str, path: str) -> None:
    """Put what was written in its place, whatever was there before; nothing if nothing was."""
    try:
        os.replace(staged, path)
    except FileNotFoundError:
        if not os.path.lexists(staged):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(staged, path)
    except OSError:  # a folder is, or replaces, something else
        if not (os.path.isdir(path) or os.path.isdir(staged)):
            raise
        _exchange(staged, path)


def _exchange(staged: str, path: str) -> None:
    old = f"{staged}.old-{time.time_ns()}"
    os.rename(path, old)
    os.rename(staged, path)
    if os.path.isdir(old) and not os.path.islink(old):
        remove_tree(old)
    else:
        os.unlink(old)
