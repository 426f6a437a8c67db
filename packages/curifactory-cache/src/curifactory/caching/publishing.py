"""Publishing artifacts: written in a private folder, renamed into place, metadata last.

A reader sees what was there before, or all of what is there now, or files that do not fit their
metadata, which counts as a miss. That holds for a crash at any moment too.
"""

import atexit
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import FileIO
from typing import Any, BinaryIO

from curifactory.caching.digesting import LARGE, DigestingFile
from curifactory.caching.verifying import describe_files, digest, relative_path
from curifactory.environment import is_alive, process_name
from curifactory.paths import make_folder

_FOLDER = ".curifactory-staging"
_LOCK = "lock"
_FOREIGN_AGE_SECONDS = 7 * 24 * 3600
_MOST_OPEN = 8
"""So many files of one artifact are kept open for their digests; the others are read at once."""
_OPEN_FILES_ARE_RENAMED = os.name != "nt"
_own_folders: dict[tuple[int, str, str, str | None], str] = {}
_held = threading.local()
_encode = json.JSONEncoder(default=str).encode


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
        self._digesting: dict[str, DigestingFile] = {}
        self._large: dict[str, FileIO] = {}
        self.puts_off_digests = False
        """Whether large files are digested when they are published: those of :meth:`take_large`."""
        self.facts: dict[str, Any] | None = None
        """What :meth:`add_metadata` wrote."""
        self.text = b""
        """The same as it was written."""

    def stage(self, path: str) -> str:
        """Return where to write what will become ``path``; the name stays, the folder differs."""
        staged = self._staged.get(path)
        if staged is None:
            folder, name = os.path.split(path)
            own = self._own.get(folder)
            if own is None:
                own = self._own[folder] = _staging_folder(folder or ".", self._preferred)
            self._root = os.path.dirname(own)
            staged = os.path.join(own, name)
            if staged in self._staged.values() or os.path.lexists(staged):
                inner = os.path.join(own, f"{len(self._staged)}-{time.time_ns()}")
                os.makedirs(inner)
                staged = os.path.join(inner, name)
            self._staged[path] = staged
        return staged

    def final(self, path: object) -> object:
        """Return the place in the cache of a staged ``path``; anything else comes back as it is."""
        for final, staged in self._staged.items():
            if path == staged:
                return final
        return path

    def written(self) -> dict[str, str]:
        """Return where each final path that was really written lies now."""
        return {path: staged for path, staged in self._staged.items() if os.path.lexists(staged)}

    def add_metadata(
        self,
        path: str,
        metadata: Mapping[str, Any],
        described: Mapping[str, str],
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
            Where the files lie now whose sizes and digests to record, by their final paths.
        paths
            The final paths of all files and folders of the artifact.

        """
        folder = os.path.dirname(path)
        self.facts = facts = {
            "format": 1,
            **metadata,
            "paths": sorted(relative_path(each, folder) for each in paths if each != path),
            "files": describe_files(described, folder, self._digest),
        }
        self.text = _encode(facts).encode()
        with open(self.stage_metadata(path), "wb") as file:
            file.write(self.text)

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
        """Where metadata may be written that is to replace what was published."""
        return "" if self._metadata is None else f"{self._metadata[1]}.{time.time_ns()}"

    def stage_metadata(self, path: str) -> str:
        """Return where to write metadata that is to be published last, as ``path``."""
        staged = self.stage(path)
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
        last = None if self._metadata is None else self._metadata[0]
        order = sorted(self._staged.items(), key=lambda pair: (pair[0] == last, pair[0] == main))
        with self.exclusive():
            for path, staged in order:
                _move(staged, path)
            when_published()
        self._staged.clear()

    @property
    def root(self) -> str:
        """The folder whose lock :meth:`exclusive` holds, empty as long as nothing is staged."""
        return self._root or ""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from publishing at this place while the block runs."""
        return nullcontext() if self._root is None else exclusive(self._root)

    def discard(self) -> None:
        """Remove what was not published."""
        for file in self.take_large().values():
            file.close()
        for staged in self._staged.values():
            if os.path.isdir(staged):
                _remove_tree(staged)
            elif os.path.lexists(staged):
                os.unlink(staged)


def _remove_tree(folder: str) -> None:
    """Remove a folder, which is mostly empty, with all that can be removed of it."""
    try:
        os.rmdir(folder)
    except OSError:
        import shutil  # slow to import

        shutil.rmtree(folder, ignore_errors=True)


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
        _remove_tree(old)
    else:
        os.unlink(old)


def exclusive(root: str) -> AbstractContextManager[None]:
    """Let one process at a time rename files below ``root``, where locks work.

    The lock only spares two writers of one call from spoiling each other's: a mixture of both is
    found by its metadata either way. The system frees it when its holder dies. Its holder may ask
    for it again.
    """
    return _Exclusive(root)


class _Exclusive(AbstractContextManager[None]):
    """A block with the lock of a root; a class, because there are two around every execution."""

    __slots__ = ("_lock", "_root")

    def __init__(self, root: str) -> None:
        self._root = root
        self._lock: BinaryIO | None = None

    def __enter__(self) -> None:
        held: set[str] = _held.__dict__.setdefault("roots", set())
        if self._root not in held:
            self._lock = _open_lock(self._root)
            held.add(self._root)

    def __exit__(self, *_error: object) -> None:
        if self._lock is not None:
            with self._lock:
                _held.roots.discard(self._root)
                _unlock(self._lock)


def _open_lock(root: str) -> BinaryIO:
    """Return the lock of ``root``, held until it is closed."""
    path = os.path.join(root, _LOCK)
    while True:
        try:
            file = open(path, "ab", buffering=0)  # noqa: SIM115 - the caller closes it
        except FileNotFoundError:  # nobody has published yet, or the last one has left
            os.makedirs(root, exist_ok=True)
            continue
        if not _lock(file, wait=True) or _is_at(file, path):
            return file
        file.close()  # removed while this waited for it


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock ``file`` and tell whether that worked: not on Windows and some network file systems."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return True
    return False


def _unlock(file: BinaryIO) -> None:
    """Free a lock, also where a process that was forked meanwhile has inherited the open file."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)


def _is_at(file: BinaryIO, path: str) -> bool:
    """Tell whether ``path`` still is the open ``file``."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


@contextmanager
def nobody_publishes(target: str, preferred: str | None) -> Iterator[None]:
    """Keep other processes from publishing into the folder ``target`` while the block runs.

    Parameters
    ----------
    target
        Folder with artifacts.
    preferred
        As for :class:`StagedFiles`.

    """
    root = _staging_root(target, preferred)
    try:
        with exclusive(root):
            yield
    finally:
        _remove_unused(root)


def _staging_folder(target: str, preferred: str | None) -> str:
    """Return this process's own folder on the file system of ``target``."""
    key = (os.getpid(), os.getcwd(), target, preferred)
    folder = _own_folders.get(key)
    if folder is None or not os.path.isdir(folder):
        folder = _own_folders[key] = _make_own_folder(target, preferred)
    return folder


def _make_own_folder(target: str, preferred: str | None) -> str:
    os.makedirs(target, exist_ok=True)
    root = _staging_root(target, preferred)
    remove_dead(root)
    folder = os.path.join(root, process_name())
    make_folder(folder)
    atexit.register(_remove_own, os.getpid(), folder)
    return folder


def _staging_root(target: str, preferred: str | None) -> str:
    """Return the folder with the staging folders of all processes, on the file system of target."""
    return os.path.join(_usable(preferred, target) or os.path.realpath(target), _FOLDER)


def _usable(preferred: str | None, target: str) -> str | None:
    if preferred is None or not os.access(preferred, os.W_OK):
        return None
    same_system = os.stat(preferred).st_dev == os.stat(target).st_dev
    return os.path.realpath(preferred) if same_system else None


def _remove_own(owner: int, folder: str) -> None:
    if owner != os.getpid():  # inherited by a forked process
        return
    _remove_tree(folder)
    _remove_unused(os.path.dirname(folder))


def _remove_unused(root: str) -> None:
    """Remove a root that has nothing but a lock that nobody holds."""
    path = os.path.join(root, _LOCK)
    try:
        if os.listdir(root) == [_LOCK]:
            with open(path, "ab") as file:
                if _lock(file, wait=False) and _is_at(file, path):
                    os.unlink(path)
        os.rmdir(root)
    except OSError:  # other processes have folders there, or removed it
        return


def remove_dead(root: str) -> None:
    """Remove the folders in ``root`` that dead processes left."""
    try:
        entries = [entry for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    for entry in entries:
        with suppress(FileNotFoundError):  # its process has just removed it
            old = time.time() - entry.stat().st_mtime > _FOREIGN_AGE_SECONDS
            if old or not is_alive(entry.name):
                _remove_tree(entry.path)
