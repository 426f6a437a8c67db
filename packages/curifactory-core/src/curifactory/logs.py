"""A run's log: handlers of our own on the root logger, nobody else's touched."""

import logging
import os
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from curifactory.appending import LineFile

_OURS = frozenset({"curifactory", "root", "__main__"})


class RunLog:
    """Where the messages of one run go.

    Messages of curifactory, of the root logger, of ``__main__`` and of the project's own modules
    are written; those of other loggers too if ``all_loggers``. Where several logs are open, a
    message is written to the one that is speaking in its thread, or else to the latest.

    Parameters
    ----------
    verbose
        Write debugging messages.
    all_loggers
        Write the messages of every logger.
    project
        Names of the project's top-level modules.

    """

    def __init__(
        self,
        *,
        verbose: bool = False,
        all_loggers: bool = False,
        project: Collection[str] = (),
    ) -> None:
        self.prefix = ""
        """Goes before every message: ``[name] `` of the parameter set whose stage runs."""
        self.process = ""
        """Goes before that, where several processes work for a run: ``{PID:1234} ``."""
        self.begun = False
        """Whether a run has begun that it is the log of, even if it is written nowhere."""
        self._level = logging.DEBUG if verbose else logging.INFO
        self._all_loggers = all_loggers
        self._accepted = _OURS | frozenset(project)
        self._handlers: list[logging.Handler] = []
        self._lines: _Lines | None = None
        self._level_before: int | None = None

    def to_file(self, path: str) -> None:
        """Write to ``path`` as well; its folder is made."""
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._own_lines().paths.append(os.path.abspath(path))

    def to_stream(self, stream: TextIO) -> None:
        """Write to ``stream`` as well."""
        self._own_lines().streams.append(stream)

    def to_console(self) -> None:
        """Write to the standard error stream as well.

        Nothing is added where something else shows messages, such as a script's own logging.
        """
        if all(_log_of(handler) is not None for handler in logging.getLogger().handlers):
            self.to_stream(sys.stderr)

    def _own_lines(self) -> "_Lines":
        if self._lines is None:
            self._lines = _Lines(self)
            self.add(self._lines)
        return self._lines

    def add(self, handler: logging.Handler) -> None:
        """Write through ``handler`` as well, in the log's own format unless it has one."""
        if handler.formatter is None:
            handler.setFormatter(_Layout())
        handler.setLevel(self._level)
        handler.addFilter(self)
        self.begun = True
        root = logging.getLogger()
        if self._level_before is None:
            self._level_before = root.level
            root.setLevel(min(root.level, self._level))
        root.addHandler(handler)
        self._handlers.append(handler)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a message is to be written, and put the prefix on it."""
        if not self._is_meant():
            return False
        if "prefix" not in record.__dict__:  # one that comes from another process has its own
            record.prefix = self.process + self.prefix
        return self._all_loggers or record.name.partition(".")[0] in self._accepted

    def _is_meant(self) -> bool:
        logs = _speaking.logs
        if logs and logs[-1].begun:
            return logs[-1] is self
        return _open_logs()[-1:] in ([], [self])

    def __enter__(self) -> Self:
        """Speak: messages of this thread are those of this log's run until the block ends."""
        _speaking.logs.append(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _speaking.logs.pop()

    def close(self) -> None:
        """Remove our handlers and put the root logger's level back, as far as no log is open."""
        root = logging.getLogger()
        is_first = _open_logs()[:1] == [self]
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        self._lines = None
        self.begun = False
        before, self._level_before = self._level_before, None
        others = _open_logs()
        if others and is_first:
            others[0]._level_before = before
        elif others:
            before = others[0]._level_before
        if before is not None:
            root.setLevel(min([before, *(log._level for log in others)]))

    @contextmanager
    def speaking_for(self, process: str) -> Iterator[None]:
        """Put ``process``, such as ``{PID:1234}``, before the messages inside the block."""
        before, self.process = self.process, f"{process} "
        try:
            yield
        finally:
            self.process = before


class _Layout(logging.Formatter):
    """``<date> <time> [<level>] - <prefix><message>``; each second and time is written once."""

    def __init__(self) -> None:
        super().__init__()
        self._second, self._stamp = -1, ""
        self._moment, self._text = (-1, 0.0), ""

    def usesTime(self) -> bool:  # noqa: N802 - the name is logging's
        """Tell that lines begin with the time."""
        return True

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the time as every formatter of logging writes it."""
        second = int(record.created)
        if (second, record.msecs) != self._moment:
            if second != self._second:
                self._stamp = time.strftime(self.default_time_format, time.localtime(second))
                self._second = second
            self._moment = second, record.msecs
            self._text = f"{self._stamp},{int(record.msecs):03}"
        return self._text

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line of ``record``, without what follows of exceptions."""
        prefix = getattr(record, "prefix", "")
        return f"{record.asctime} [{record.levelname}] - {prefix}{record.message}"


class _Lines(logging.Handler):
    """Writes a log's lines to its files and streams: each is filtered and put together once."""

    def __init__(self, log: RunLog) -> None:
        super().__init__()
        self._log = log
        self.streams: list[TextIO] = []
        self.paths: list[str] = []
        """Files that the next message opens."""
        self._files: list[LineFile] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether ``record`` is to be written: its log is the only one to ask."""
        return self._log.filter(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Write ``record`` to every file and stream, whichever of them fails.

        Raises
        ------
        OSError
            If a file cannot be opened.

        """
        while self.paths:
            self._files.append(LineFile(self.paths[0], "a"))
            del self.paths[0]
        try:
            line = self.format(record) + "\n"
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - a message that cannot be put together fails no stage
            self.handleError(record)
            return
        for file in self._files:
            try:
                file.write(line)
            except (OSError, ValueError):  # of a full disk, or what UTF-8 has no bytes for
                self.handleError(record)
        for stream in self.streams:
            try:
                stream.write(line)
                stream.flush()
            except RecursionError:
                raise
            except Exception:  # noqa: BLE001 - nor does a full disk
                self.handleError(record)

    def close(self) -> None:
        """Close the files; streams are others'."""
        self.acquire()
        try:
            self.streams, self.paths = [], []
            while self._files:
                self._files.pop().close()
        finally:
            self.release()
        super().close()


class _Speaking(threading.local):
    """The logs that speak in a thread, the one that does so now last."""

    def __init__(self) -> None:
        self.logs: list[RunLog] = []


_speaking = _Speaking()


def _log_of(handler: logging.Handler) -> RunLog | None:
    return next((each for each in handler.filters if isinstance(each, RunLog)), None)


def _open_logs() -> list[RunLog]:
    """Return the logs that have handlers, the first to be opened first."""
    logs = (_log_of(handler) for handler in logging.getLogger().handlers)
    return list(dict.fromkeys(log for log in logs if log is not None))
