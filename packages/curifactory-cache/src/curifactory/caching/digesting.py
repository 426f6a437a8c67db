"""Digests of files: of small ones while they are written, of large ones when they are published."""

import os
from collections.abc import Callable, Mapping
from io import FileIO
from types import TracebackType
from typing import Any, BinaryIO, Self

from curifactory.digests import GrowingDigest
from curifactory.paths import write_file

LARGE = 1024 * 1024
"""From so many bytes on a file is not digested while it is written, but once it is published."""
_FEW = 16 * 1024
"""Fewer bytes are written all at once."""
_CHUNK = 2 * 1024 * 1024
"""So much is read at a time: in between, threads that execute Python may hold a reader up."""


class DigestingFile:
    """A new binary file that can only be written from its beginning to its end.

    As long as little is written it waits in memory: it is written all at once then.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting = bytearray()
        self._file: BinaryIO | None = None
        self._digest = GrowingDigest()
        self._size = 0
        self._closed_at: tuple[int, int] | None = None

    def write(self, data: Any) -> int:
        """Write bytes, or what has a contiguous buffer, and return their number."""
        view = memoryview(data)
        if not view.c_contiguous:  # which neither digests nor files take
            view = memoryview(view.tobytes())
        self._size += view.nbytes
        if self._size < LARGE:
            self._digest.update(view)
        if self._file is None and self._size < _FEW:
            self._waiting += view.cast("B") if view.nbytes else b""
        else:
            self._opened().write(view)
        return view.nbytes

    def _opened(self) -> BinaryIO:
        """Return the file, with all that waited in it."""
        if self._file is None:
            self._file = open(self._path, "wb")  # noqa: SIM115 - closed by __exit__
            self._file.write(self._waiting)
            self._waiting.clear()
        return self._file

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._opened().flush()

    def digest_of(self, status: os.stat_result) -> str | None:
        """Return the sha256, in hexadecimal, if the file still is as it was when it was closed.

        ``None`` for a large file.
        """
        if self._size >= LARGE or self._closed_at != (status.st_size, status.st_mtime_ns):
            return None
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._file is None and kind is not None:
            return
        if self._file is None:
            status = write_file(self._path, self._waiting)
        else:
            with self._file:  # closed also where the disk is full by now
                self._file.flush()
                status = os.fstat(self._file.fileno())
        self._closed_at = status.st_size, status.st_mtime_ns


def digest_as_described(
    file: FileIO, described: Mapping[str, Any], go_on: Callable[[], bool] = lambda: True
) -> str | None:
    """Return the sha256 of an open file if it still is of the size and time ``described``.

    ``None`` if it was changed, or as soon as it is not to ``go_on``.
    """
    from hashlib import sha256  # slow to import, and only of use for what is large

    digest = sha256()
    while go_on():
        chunk = b""  # lets go of the last one before memory is taken for the next
        chunk = file.read(_CHUNK)
        digest.update(chunk)
        if not chunk:
            status = os.fstat(file.fileno())
            now = status.st_size, status.st_mtime_ns
            same = now == (described["size"], described["mtime_ns"])
            return digest.hexdigest() if same else None
    return None


def digest_file(folder: str, name: str, metadata: Mapping[str, Any]) -> str | None:
    """Return the sha256 of a file in ``folder`` if it still is as ``metadata`` says.

    Raises
    ------
    OSError
        If it cannot be read.

    """
    with open(os.path.join(folder, name), "rb", buffering=0) as file:
        return digest_as_described(file, metadata["files"][name])


def undigested(metadata: Mapping[str, Any] | None) -> list[str]:
    """Return the names of the files whose digest ``metadata`` does not have yet."""
    files = (metadata or {}).get("files") or {}
    return [name for name, facts in files.items() if facts.get("sha256") is None]


def with_digests(metadata: Mapping[str, Any], digests: Mapping[str, str | None]) -> dict[str, Any]:
    """Return ``metadata`` with the digests of files, by their names in it."""
    files = {
        name: {**facts, "sha256": digests.get(name, facts.get("sha256"))}
        for name, facts in (metadata.get("files") or {}).items()
    }
    return {**metadata, "files": files}


def differ_in_digests_at_most(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two metadata are of the same publishing, one maybe before it was digested."""
    bare = [with_digests(each, dict.fromkeys(each.get("files") or ())) for each in (one, other)]
    return bare[0] == bare[1]
