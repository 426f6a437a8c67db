"""Text in columns."""

from collections.abc import Iterable, Sequence


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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def one_line(text: str) -> str:
    """Return ``text`` on one line; what would move the cursor is escaped."""
    visible = (each if each.isprintable() or each.isspace() else repr(each)[1:-1] for each in text)
    return " ".join("".join(visible).split())


def fitted(line: str, width: int | None) -> str:
    """Return ``line`` cut to ``width`` characters, ``None`` for any number.

    Examples
    --------
    >>> fitted("a long line", 8)
    'a long …'

    """
    return line if width is None or len(line) <= width else f"{line[: max(1, width - 1)]}…"
