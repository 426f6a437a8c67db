"""A run's log: handlers of our own on the root logger, nobody else's touched."""

import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TextIO

FORMAT = "%(asctime)s [%(levelname)s] - %(prefix)s%(message)s"
_OURS = frozenset({"curifactory", "root", "__main__"})


class RunLog:
    """Where the messages of one run go.

    Messages of curifactory, of the root logger, of ``__main__`` and of the project's own modules
    are written; those of other loggers too if ``all_loggers``.

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
        """Goes before every message: the name of the parameter set whose stage runs."""
        self.process = ""
        """Goes before that, where several processes work for a run: ``{PID:1234} ``."""
        self._level = logging.DEBUG if verbose else logging.INFO
        self._all_loggers = all_loggers
        self._accepted = _OURS | frozenset(project)
        self._handlers: list[logging.Handler] = []
        self._level_before: int | None = None

    def to_file(self, path: str) -> None:
        """Write to ``path`` as well; its folder is made."""
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self.add(logging.FileHandler(path, encoding="utf-8", delay=True))

    def to_stream(self, stream: TextIO) -> None:
        """Write to ``stream`` as well."""
        self.add(logging.StreamHandler(stream))

    def to_console(self) -> None:
        """Write warnings, and debugging messages if asked for, to the standard error stream.

        Nothing is added where something else shows messages, such as a script's own logging.
        """
        if set(logging.getLogger().handlers) - set(self._handlers):
            return
        handler = logging.StreamHandler()
        self.add(handler)
        if self._level > logging.DEBUG:
            handler.setLevel(logging.WARNING)

    def add(self, handler: logging.Handler) -> None:
        """Write through ``handler`` as well, in the log's own format unless it has one."""
        if handler.formatter is None:
            handler.setFormatter(logging.Formatter(FORMAT))
        handler.setLevel(self._level)
        handler.addFilter(self._accept)
        root = logging.getLogger()
        if self._level_before is None:
            self._level_before = root.level
            root.setLevel(min(root.level, self._level))
        root.addHandler(handler)
        self._handlers.append(handler)

    def _accept(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "prefix"):  # one that comes from another process has its own
            record.prefix = self.process + self.prefix
        return self._all_loggers or record.name.partition(".")[0] in self._accepted

    def close(self) -> None:
        """Remove our handlers and put the root logger's level back."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        if self._level_before is not None:
            root.setLevel(self._level_before)
            self._level_before = None

    @contextmanager
    def speaking_for(self, process: str) -> Iterator[None]:
        """Put ``process``, such as ``{PID:1234}``, before the messages inside the block."""
        before, self.process = self.process, f"{process} "
        try:
            yield
        finally:
            self.process = before

    @contextmanager
    def prefixed(self, prefix: str | None) -> Iterator[None]:
        """Put ``[prefix] `` before the messages inside the block; nothing for ``None``."""
        before, self.prefix = self.prefix, "" if prefix is None else f"[{prefix}] "
        try:
            yield
        finally:
            self.prefix = before
