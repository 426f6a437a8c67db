"""Publishing artifacts: written in a private folder, renamed into place, metadata last.

A reader sees what was there before, or all of what is there now, or a mismatch between a file and
its metadata, which counts as a miss. That holds for a crash at any moment too.
"""

import atexit
import os
import shutil
import time
from collections.abc import Callable
from hashlib import file_digest
from typing import Any

from curifactory.environment import is_alive, process_name

_FOLDER = ".curifactory-staging"
_FOREIGN_AGE_SECONDS = 7 * 24 * 3600
_own_folders: dict[tuple[int, str], str] = {}


class Publication:
    """The files of one artifact while its cacher writes them.

    Parameters
    ----------
    preferred
        Folder to write below, if it is on the file system of the artifact's place; otherwise a
        hidden folder at that place is used.

    """

    def __init__(self, preferred: str | None = None) -> None:
        self._preferred = preferred
        self._staged: dict[str, str] = {}
        self.metadata_wanted = False
        """Whether the cacher asked for metadata while it was saving."""

    def stage(self, path: str) -> str:
        """Return where to write what will become ``path``; the name stays, the folder differs."""
        staged = self._staged.get(path)
        if staged is None:
            folder, name = os.path.split(path)
            staged = os.path.join(_staging_folder(folder or ".", self._preferred), name)
            if staged in self._staged.values() or os.path.lexists(staged):
                inner = os.path.join(
                    os.path.dirname(staged), str(len(self._staged)), str(time.time_ns())
                )
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

    def commit(self, main: str, write_metadata: Callable[[list[str]], None] | None) -> None:
        """Rename everything written into place.

        Parameters
        ----------
        main
            The path whose presence means that the artifact is there; renamed after the others.
        write_metadata
            Is given the paths that were published, and called last.

        """
        written = [path for path, staged in self._staged.items() if os.path.lexists(staged)]
        written.sort(key=lambda path: path == main)
        for path in written:
            _move(self._staged[path], path)
        if write_metadata is not None:
            write_metadata(written)

    def discard(self) -> None:
        """Remove what was not published."""
        for staged in self._staged.values():
            if os.path.isdir(staged):
                shutil.rmtree(staged, ignore_errors=True)
            elif os.path.lexists(staged):
                os.unlink(staged)


def _move(staged: str, path: str) -> None:
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    if os.path.isdir(path) and not os.path.islink(path):
        old = f"{staged}.old-{time.time_ns()}"
        os.rename(path, old)
        os.rename(staged, path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(staged, path)


def _staging_folder(target: str, preferred: str | None) -> str:
    """Return this process's own folder on the file system of ``target``."""
    os.makedirs(target, exist_ok=True)
    root = os.path.join(_usable(preferred, target) or os.path.realpath(target), _FOLDER)
    key = (os.getpid(), root)
    folder = _own_folders.get(key)
    if folder is None or not os.path.isdir(folder):
        remove_dead(root)
        folder = os.path.join(root, process_name())
        os.makedirs(folder, exist_ok=True)
        _own_folders[key] = folder
        atexit.register(_remove_own, os.getpid(), folder)
    return folder


def _usable(preferred: str | None, target: str) -> str | None:
    if preferred is None or not os.access(preferred, os.W_OK):
        return None
    same_system = os.stat(preferred).st_dev == os.stat(target).st_dev
    return os.path.realpath(preferred) if same_system else None


def _remove_own(owner: int, folder: str) -> None:
    if owner != os.getpid():  # inherited by a forked process
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rmdir(os.path.dirname(folder))
    except OSError:  # other processes have folders there
        return


def remove_dead(root: str) -> None:
    """Remove the folders in ``root`` that dead processes left."""
    try:
        entries = list(os.scandir(root))
    except FileNotFoundError:
        return
    for entry in entries:
        old = time.time() - entry.stat().st_mtime > _FOREIGN_AGE_SECONDS
        if old or not is_alive(entry.name):
            shutil.rmtree(entry.path, ignore_errors=True)


def describe_files(paths: list[str], relative_to: str) -> dict[str, dict[str, Any]]:
    """Return ``{relative path: {size, mtime_ns, sha256}}`` of files, and of those in folders."""
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        for file in _files(path):
            status = os.stat(file)
            found[os.path.relpath(file, relative_to)] = {
                "size": status.st_size,
                "mtime_ns": status.st_mtime_ns,
                "sha256": digest(file),
            }
    return found


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    return sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
    )


def digest(path: str) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def find_damage(files: dict[str, dict[str, Any]], relative_to: str) -> str | None:
    """Return what is wrong with files that :func:`describe_files` described, ``None`` if nothing.

    Contents are read only where the time of change differs.
    """
    for name, expected in files.items():
        path = os.path.join(relative_to, name)
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return f"file {path!r} is missing"
        if status.st_size != expected["size"]:
            return f"file {path!r} has {status.st_size} bytes instead of {expected['size']}"
        if status.st_mtime_ns != expected["mtime_ns"] and digest(path) != expected["sha256"]:
            return f"the content of file {path!r} was changed after it was stored"
    return None
