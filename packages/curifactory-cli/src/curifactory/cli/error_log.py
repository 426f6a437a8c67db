"""Writing what goes to the standard error stream into a run's log file as well."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from curifactory.hooks import RunHook

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager


class _Both(io.TextIOBase):
    """A stream that writes to a terminal and a file; all else is asked of the terminal."""

    def __init__(self, shown: TextIO, file: TextIO) -> None:
        self._shown, self._file = shown, file

    def write(self, text: str) -> int:
        """Write to both; to the terminal alone once the file is closed.

        Who keeps the stream longer than the run, such as a handler of a library, may go on.
        """
        if not self._file.closed:
            self._file.write(text)
            self._file.flush()
        return self._shown.write(text)

    def flush(self) -> None:
        """Flush the terminal; the file has everything already."""
        self._shown.flush()

    def isatty(self) -> bool:
        """Tell whether the one that is shown is a terminal."""
        return self._shown.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the one that is shown."""
        return self._shown.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)


class _ErrorLog(RunHook):
    """Begins to write to the log once the run has one."""

    def __init__(self) -> None:
        self._before: TextIO | None = None
        self._file: TextIO | None = None

    def run_started(self, manager: "ArtifactManager") -> None:
        """Write to the log from now on."""
        if manager.log_path is not None and self._file is None:
            self._file = open(manager.log_path, "a", encoding="utf-8")  # noqa: SIM115 - see stop
            self._before = sys.stderr
            sys.stderr = _Both(sys.stderr, self._file)

    def stop(self) -> None:
        """Put the stream back."""
        if self._file is not None and self._before is not None:
            sys.stderr = self._before
            self._file.close()
            self._file = self._before = None


@contextmanager
def logged_errors() -> Iterator[RunHook]:
    """Yield a hook that copies errors to the log file of a run.

    What stages and libraries write to ``sys.stderr`` is copied while the block runs; what child
    processes write to their own streams is not.
    """
    hook = _ErrorLog()
    try:
        yield hook
    finally:
        hook.stop()
