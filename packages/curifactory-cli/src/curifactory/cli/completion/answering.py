"""Answering a shell that asks how a command line may go on.

Shells ask in the way of argcomplete, whose scripts they run: the line is in ``COMP_LINE``, and the
answer goes to file descriptor 8. The answer is given here and not by argcomplete itself, whose
import alone takes longer than all the rest.
"""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from curifactory.cli.completion.candidates import Candidate, find_candidates
from curifactory.exceptions import CurifactoryError

_SEPARATOR = "\013"
_DESCRIPTOR = 8
_SPECIAL = frozenset(" \t\"'`$\\()<>|&;!*?[]{}#~")
"""Characters that mean something to bash."""
_ENDS = frozenset("|&;\n")


class Line(NamedTuple):
    """A command line up to the cursor."""

    words: Sequence[str]
    """Those before the one at the cursor, without the program's name."""
    current: str = ""
    """The word at the cursor, as far as it is written, without quotes."""
    quote: str = ""
    """The quote that is open at the cursor."""


def answer(program: str) -> int:
    """Write how the line in the environment may go on; return the exit code."""
    shell = os.environ.get("_ARGCOMPLETE_SHELL", "bash")
    line = read_line(program, _text_before_cursor(shell))
    try:
        candidates = find_candidates(program, line.words, line.current)
    except (CurifactoryError, OSError):  # a project that is not in order has no completions
        return 1
    text = os.environ.get("_ARGCOMPLETE_IFS", _SEPARATOR).join(_written(candidates, line, shell))
    path = os.environ.get("_ARGCOMPLETE_STDOUT_FILENAME")
    try:
        with open(path or _DESCRIPTOR, "wb") as stream:
            stream.write(text.encode("utf-8", "replace"))
    except OSError:  # not called by a shell
        return 1
    return 0


def _text_before_cursor(shell: str) -> str:
    text = os.environ.get("COMP_LINE", "")
    point = os.environ.get("COMP_POINT", "")
    if not point.isdigit():
        return text
    if shell == "bash":  # which counts bytes
        return text.encode(errors="surrogateescape")[: int(point)].decode(errors="replace")
    return text[: int(point)]


def read_line(program: str, text: str) -> Line:
    """Return the words of the last command in ``text``, those after ``program``.

    Examples
    --------
    >>> read_line("experiment", "cd x && experiment 'my file' -p ba")
    Line(words=['my file', '-p'], current='ba', quote='')

    """
    words: list[str] = []
    current: str | None = None
    quote = ""
    characters = iter(text)
    for character in characters:
        if character == "\\" and quote != "'":
            current = (current or "") + next(characters, "")
        elif quote:
            if character == quote:
                quote = ""
            else:
                current = (current or "") + character
        elif character in "\"'":
            quote, current = character, current or ""
        elif character in _ENDS:
            words, current = [], None
        elif character.isspace():
            words += [] if current is None else [current]
            current = None
        else:
            current = (current or "") + character
    start = next((n + 1 for n, word in enumerate(words) if os.path.basename(word) == program), 1)
    return Line(words[start:], current or "", quote)


def _written(candidates: Iterable[Candidate], line: Line, shell: str) -> list[str]:
    """Return the candidates as ``shell`` wants them."""
    if shell == "fish":
        return [f"{each.value}\t{each.description}".rstrip("\t") for each in candidates]
    if shell == "zsh":
        pairs = ((each.value.replace(":", "\\:"), each.description) for each in candidates)
        return [f"{value}:{text}" if text else value for value, text in pairs]
    return [_for_bash(each.value, line) for each in candidates]


def _for_bash(value: str, line: Line) -> str:
    """Return ``value`` quoted, without what bash takes for an earlier word."""
    if line.quote:
        return value
    breaks = os.environ.get("_ARGCOMPLETE_COMP_WORDBREAKS", "=:")
    cut = max((line.current.rfind(each) for each in "=:" if each in breaks), default=-1) + 1
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in value[cut:])
