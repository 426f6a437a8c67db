"""Text in a drawing: how wide it is, how to shorten it, how to write it as XML."""

import re
import unicodedata
from html import escape

CELL_WIDTH = 7.45
"""Width in pixels that a character of the map's 12 px monospaced font is given, at most."""

_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})


def one_line(text: str) -> str:
    """Return ``text`` with runs of white space as one space and without what XML forbids."""
    return " ".join(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text).split())


def count_cells(text: str) -> int:
    """Return how many columns of a monospaced font ``text`` takes.

    Examples
    --------
    >>> count_cells("model"), count_cells("模型")
    (5, 4)

    """
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, limit: int) -> str:
    """Return ``text`` on one line in at most ``limit`` columns.

    What is too long loses its middle, since names that begin alike often differ at the end.

    Examples
    --------
    >>> shorten("cross_validated_accuracy_test", 20)
    'cross_validat…y_test'

    """
    text = one_line(text)
    if count_cells(text) <= limit:
        return text
    tail = limit // 3
    end = _take(text[::-1], tail)[::-1]
    return f"{_take(text, limit - 1 - tail)}…{end}"


def _take(text: str, limit: int) -> str:
    """Return the longest beginning of ``text`` that fits ``limit`` columns."""
    used = 0
    for position, character in enumerate(text):
        used += _cells(character)
        if used > limit:
            return text[:position]
    return text


def xml(text: str) -> str:
    """Return ``text`` for use in elements and attributes of an SVG document."""
    return escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text))
