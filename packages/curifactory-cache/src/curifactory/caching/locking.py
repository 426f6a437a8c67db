"""One process at a time renames files at a place, where locks work."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
"""Name of the file that is locked."""
_held = threading.local()


class exclusive(AbstractContextManager[None]):  # noqa: N801 - used as a function
    """Let one process at a time rename files below ``root``, where locks work.

    The lock only spares two writers of one call from spoiling each other's: a mixture of both is
    found by its metadata either way. The system frees it when its holder dies. Its holder may ask
    for it again.

    Parameters
    ----------
    root
        A folder; it is made if it is not there.
    refused
        Returns what to raise if nothing can be written there; by default what the system says.

    """

    __slots__ = ("_lock", "_refused", "_root")

    def __init__(self, root: str, refused: Callable[[OSError], Exception] | None = None) -> None:
        self._root, self._refused = root, refused
        self._lock: int | None = None

    def __enter__(self) -> None:
        held: set[str] = _held.__dict__.setdefault("roots", set())
        if self._root in held:
            return
        try:
            self._lock = _open_lock(self._root)
        except OSError as error:
            if self._refused is None:
                raise
            raise self._refused(error) from error
        held.add(self._root)

    def __exit__(self, *_error: object) -> None:
        if self._lock is not None:
            _held.roots.discard(self._root)
            try:
                _unlock(self._lock)
            finally:
                os.close(self._lock)


def _open_lock(root: str) -> int:
    """Return the lock of ``root``, held until it is closed."""
    path = os.path.join(root, LOCK)
    while True:
        try:
            file = open_lock(path)
        except FileNotFoundError:  # nobody has published yet, or the last one has left
            os.makedirs(root, exist_ok=True)
            continue
        if not lock(file, wait=True) or is_at(file, path):
            return file
        os.close(file)  # removed while this waited for it


def open_lock(path: str) -> int:
    """Return a descriptor of the file at ``path``, which is made, for :func:`lock`."""
    return os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)


def lock(file: int, *, wait: bool) -> bool:
    """Lock ``file`` and tell whether that worked: not on Windows and some network file systems."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _unlock(file: int) -> None:
    """Free a lock, also where a process that was forked meanwhile has inherited the open file."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def is_at(file: int, path: str) -> bool:
    """Tell whether ``path`` still is the open ``file``."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
