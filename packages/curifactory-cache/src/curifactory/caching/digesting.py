"""Files whose digest is computed while they are written, by another thread.

Reading a large file again for its digest would take as long as writing it had taken.
"""

import os
import queue
import threading
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

_SMALL = 1024 * 1024
_WAITING = 16
"""So many chunks wait for their digest before the writer has to."""


class DigestingFile:
    """A new binary file that can only be written from its beginning to its end.

    What is written must not change before the file is closed.
    """

    def __init__(self, path: str) -> None:
        self._file = open(path, "wb")  # noqa: SIM115 - closed by __exit__
        self._digest = sha256()
        self._closed_at: tuple[int, int] | None = None
        self._chunks: queue.Queue[Any] | None = None
        self._thread: threading.Thread | None = None

    def write(self, data: Any) -> int:
        """Write bytes, or what has a contiguous buffer, and return their number."""
        view = memoryview(data)
        if not view.c_contiguous:  # which no digest takes, and the other thread would end with it
            view = memoryview(view.tobytes())
        self._file.write(view)
        if self._chunks is None and view.nbytes >= _SMALL:
            self._chunks = queue.Queue(_WAITING)
            self._thread = threading.Thread(target=self._consume, args=[self._chunks], daemon=True)
            self._thread.start()
        if self._chunks is None:
            self._digest.update(view)
        else:
            self._chunks.put(view)
        return view.nbytes

    def _consume(self, chunks: "queue.Queue[Any]") -> None:
        while (chunk := chunks.get()) is not None:
            self._digest.update(chunk)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    def digest_of(self, status: os.stat_result) -> str | None:
        """Return the sha256, in hexadecimal, if the file still is as it was when it was closed."""
        if self._closed_at != (status.st_size, status.st_mtime_ns):
            return None
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._chunks is not None and self._thread is not None:
            self._chunks.put(None)
            self._thread.join()
        with self._file:  # closed also where the disk is full by now
            self._file.flush()
            status = os.fstat(self._file.fileno())
            self._closed_at = status.st_size, status.st_mtime_ns
