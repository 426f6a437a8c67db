"""Writing lines to a terminal, a pipe or a file."""

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_BLOCK = 1000
"""So many lines are written at a time where there are many."""


def columns() -> int:
    """Return the width of the terminal as ``shutil`` does, which is slow to import: 80 if unknown.

    The environment variable ``COLUMNS`` says otherwise.
    """
    with suppress(KeyError, ValueError):
        if (wanted := int(os.environ["COLUMNS"])) > 0:
            return wanted
    with suppress(AttributeError, ValueError, OSError):  # no such stream, or no terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


class Colour(Enum):
    """Colours and weights, as their ANSI codes."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"


class Terminal:
    """A stream that lines are written to, in colour where somebody sees it.

    A reader that goes away, such as ``head``, does not disturb a run: what follows is dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):  # a name the stream cannot encode is no error
            stream.reconfigure(errors="backslashreplace")
        self.colours = wants_colour(stream)
        """Whether :meth:`paint` paints."""

    @property
    def width(self) -> int | None:
        """How many characters fit on a line; ``None`` where it is no terminal."""
        return columns() if self._stream.isatty() else None

    def rich_console(self) -> "Console":
        """Return what draws here in the ways of rich."""
        from rich.console import Console

        return Console(file=self._stream, no_color=not self.colours, highlight=False)

    def line(self, text: str = "") -> None:
        """Write ``text`` as a line, at once."""
        self.write(f"{text}\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Write each of ``texts`` as a line, many at a time."""
        left = iter(texts)
        while block := list(islice(left, _BLOCK)):
            self.line("\n".join(block))

    def write(self, text: str) -> None:
        """Write ``text`` as it is, at once."""
        try:
            print(text, end="", file=self._stream, flush=True)
        except BrokenPipeError:
            _silence(self._stream)

    def paint(self, text: str, *colours: Colour) -> str:
        """Return ``text`` in ``colours``, or as it is where there are none."""
        if not self.colours or not colours:
            return text
        return f"\033[{';'.join(colour.value for colour in colours)}m{text}\033[0m"


def wants_colour(stream: TextIO) -> bool:
    """Tell whether ``stream`` is a terminal and nobody asked for no colour."""
    return (
        stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
    )


def _silence(stream: TextIO) -> None:
    """Let nothing written to ``stream`` go anywhere, what it still holds included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def duration(seconds: float) -> str:
    """Return ``seconds`` for people.

    Examples
    --------
    >>> duration(0.0421)
    '0.04 s'
    >>> duration(75)
    '1 min 15 s'
    >>> duration(7260)
    '2 h 1 min'

    """
    if round(seconds, 2) < 10:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def byte_text(count: int) -> str:
    """Return a number of bytes for people, in decimal units.

    Examples
    --------
    >>> byte_text(999), byte_text(1500), byte_text(3_200_000_000)
    ('999 B', '1.5 kB', '3.2 GB')

    """
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def counted(number: int, noun: str) -> str:
    """Return ``number`` and ``noun``, with an s where there is not exactly one.

    Examples
    --------
    >>> counted(1, "stage"), counted(3, "stage")
    ('1 stage', '3 stages')

    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def warn(terminal: Terminal, message: str) -> None:
    """Write ``message`` as a warning."""
    terminal.line(f"{terminal.paint('warning:', Colour.YELLOW)} {message}")
