"""Text in columns."""

from collections.abc import Collection, Iterable, Sequence

_LEAST_TEXT = 24
"""How much of a text in the last column is worth leaving out others."""


def columns(rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Return one line for each row, its cells below each other, two spaces between them.

    Parameters
    ----------
    rows
        All of the same length.
    right
        Numbers of the columns that are flush right.

    Examples
    --------
    >>> columns([["iris", "7"], ["digits", "12"]], right=frozenset({1}))
    ['iris     7', 'digits  12']

    """
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, right)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> Iterable[str]:
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - cell_width(cell))
        yield f"{space}{cell}" if number in right else f"{cell}{space}"


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    right: Collection[str] = (),
    optional: Collection[str] = (),
    dispensable: Sequence[str] = (),
) -> list[str]:
    """Return the lines of a table that fits on a terminal.

    Parameters
    ----------
    headings, rows
        The first line, and those below it. The last column may be cut.
    width
        How many characters fit on a line, ``None`` for any number.
    right
        Headings of columns that are flush right.
    optional
        Headings of columns that are left out where they have nothing, or ``-``, in every row.
    dispensable
        Headings of columns that are left out where there is too little room, the first one first.

    """
    cells = [headings, *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    kept = [
        number
        for number, (name, *column) in enumerate(zip(*cells, strict=True))
        if name not in optional or any(cell.strip("-") for cell in column)
    ]
    for number in [headings.index(name) for name in dispensable] if width is not None else ():
        last = kept[-1]
        needed = sum(widths[each] + 2 for each in kept[:-1]) + min(widths[last], _LEAST_TEXT)
        if needed <= (width or 0):
            break
        if number in kept:
            kept.remove(number)
    flush = frozenset(place for place, number in enumerate(kept) if headings[number] in right)
    lines = columns([[row[number] for number in kept] for row in cells], right=flush)
    return [fitted(line, width) for line in lines]


def cell_width(text: str) -> int:
    """Return how many characters wide a terminal shows ``text``.

    Examples
    --------
    >>> cell_width("iris"), cell_width("虹膜")
    (4, 4)

    """
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def one_line(text: str) -> str:
    """Return ``text`` on one line; what would move the cursor is escaped."""
    visible = (each if each.isprintable() or each.isspace() else repr(each)[1:-1] for each in text)
    return " ".join("".join(visible).split())


def wrapped(line: str, width: int | None, hang: int) -> list[str]:
    """Return ``line`` broken between words, all but the first part indented by ``hang`` spaces.

    Words are never broken, so that a path can be copied; a line with one that does not fit stays as
    it is. A ``width`` of ``None`` has room for everything.

    Examples
    --------
    >>> wrapped("size  a long text", 12, 6)
    ['size  a long', '      text']

    """
    if width is None or cell_width(line.expandtabs()) <= width:
        return [line]
    hang = hang if hang <= width // 2 else 4
    if any(len(word) > width - hang for word in line.split()):
        return [line]
    import textwrap

    return textwrap.wrap(
        line.expandtabs(),
        width,
        subsequent_indent=" " * hang,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def hanging(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of two columns, the second one wrapped where it is too long."""
    hang = max((cell_width(row[0]) for row in rows), default=0) + 2
    return [part for line in columns(rows) for part in wrapped(line, width, hang)]


def fitted(line: str, width: int | None) -> str:
    """Return ``line`` cut to ``width`` characters, ``None`` for any number.

    Examples
    --------
    >>> fitted("a long line", 8)
    'a long …'

    """
    if width is None or cell_width(line) <= width:
        return line
    while cell_width(line) > max(1, width - 1):
        line = line[: min(len(line) - 1, width)]
    return f"{line}…"
