"""Where a process writes what is not in its place yet: a folder of its own beside the cache."""

import atexit
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from curifactory.caching.locking import LOCK, exclusive, is_at, lock, open_lock
from curifactory.environment import is_alive, process_name
from curifactory.paths import make_folder

_FOLDER = ".curifactory-staging"
_FOREIGN_AGE_SECONDS = 7 * 24 * 3600
_own_folders: dict[tuple[int, str, str, str | None], str] = {}


@contextmanager
def nobody_publishes(target: str, preferred: str | None) -> Iterator[None]:
    """Keep other processes from publishing into the folder ``target`` while the block runs.

    Parameters
    ----------
    target
        Folder with artifacts.
    preferred
        As for :class:`~curifactory.caching.publishing.StagedFiles`.

    """
    root = _staging_root(target, preferred)
    try:
        with exclusive(root):
            yield
    finally:
        _remove_unused(root)


def staging_folder(target: str, preferred: str | None) -> str:
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
    remove_tree(folder)
    _remove_unused(os.path.dirname(folder))


def _remove_unused(root: str) -> None:
    """Remove a root that has nothing but a lock that nobody holds."""
    path = os.path.join(root, LOCK)
    try:
        if os.listdir(root) == [LOCK]:
            file = open_lock(path)
            try:
                if lock(file, wait=False) and is_at(file, path):
                    os.unlink(path)
            finally:
                os.close(file)
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
                remove_tree(entry.path)


def remove_tree(folder: str) -> None:
    """Remove a folder, which is mostly empty, with all that can be removed of it."""
    try:
        os.rmdir(folder)
    except OSError:
        import shutil  # slow to import

        shutil.rmtree(folder, ignore_errors=True)
