"""Files that lines are appended to, each of which is with the system when it was written."""

import os

_MOST_KEPT = 1024 * 1024


class LineFile:
    """A file that grows by lines, without a buffer: nothing is lost when the process dies.

    What a full disk refuses is kept, up to a megabyte, and goes before the next line.

    Parameters
    ----------
    path
        The file.
    mode
        ``"x"`` makes it, and refuses one that is there; ``"a"`` appends to one that may be there.

    Raises
    ------
    OSError
        If it cannot be opened.

    """

    def __init__(self, path: str, mode: str) -> None:
        self.path = path
        self._file = open(path, f"{mode}b", buffering=0)  # noqa: SIM115 - closed with this
        self._rest = b""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    def write(self, line: str) -> None:
        """Append ``line``, which ends with a line feed.

        Raises
        ------
        OSError
            If not all of it can be written.

        """
        if len(self._rest) >= _MOST_KEPT:
            self._write_rest()
        self._rest += line.encode()
        self._write_rest()

    def _write_rest(self) -> None:
        while self._rest:
            self._rest = self._rest[self._file.write(self._rest) :]

    def sync(self) -> None:
        """Make everything written durable."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, after what is still to be written."""
        if not self.closed:
            with self._file:
                self._write_rest()
