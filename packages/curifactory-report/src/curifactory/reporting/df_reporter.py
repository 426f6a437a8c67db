"""A data frame, as a table."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, cast

from curifactory.reporting.reportable import Reportable

if TYPE_CHECKING:
    import pandas as pd


_FEW_COLUMNS = 8
_MANY_CELLS = 100_000
_PAPER_WIDTH, _PADDING = 90, 1
"""Characters that fit beside each other on a page, and what stands between two columns of it."""


class DFReporter(Reportable):
    """Shows a data frame as a table, all of its rows.

    Parameters
    ----------
    df
        The frame; a series becomes a frame of one column.
    name, group
        As for :class:`Reportable`.
    float_prec
        Number of digits after the decimal point of floats.

    """

    def __init__(
        self,
        df: "pd.DataFrame | pd.Series[Any]",
        name: str | None = None,
        group: str | None = None,
        float_prec: int = 4,
    ) -> None:
        super().__init__(name, group)
        self.df = df
        self.float_prec = float_prec

    def html(self) -> list[str]:
        """Return the table, every cell escaped."""
        frame = cast("pd.DataFrame", self.df)
        if self.df.ndim == 1:
            frame = cast("pd.Series[Any]", self.df).to_frame()
        parts = self._parts_on_paper(frame)
        if not parts:
            return ['<div class="table-scroll" tabindex="0">', *self._table(frame), "</div>"]
        return [
            '<div class="table-scroll on-screen" tabindex="0">',
            *self._table(frame),
            '</div>\n<div class="on-paper" hidden>',
            *(piece for part in parts for piece in self._table(part)),
            "</div>",
        ]

    def _parts_on_paper(self, frame: "pd.DataFrame") -> "list[pd.DataFrame]":
        """Return the columns of a wide frame in parts that fit on a page, below each other.

        There are none if all of them fit, or if the frame has very many cells.
        """
        if frame.shape[1] <= _FEW_COLUMNS or frame.size > _MANY_CELLS:
            return []
        index = max(
            (sum(len(str(name)) for name in row) for row in _as_tuples(frame.index)), default=0
        )
        ends, taken = [0], index
        for place, values in enumerate(frame.items()):
            width = _PADDING + max(map(self._least_width, values[1]), default=0)
            if taken + width > _PAPER_WIDTH and place > ends[-1]:
                ends.append(place)
                taken = index
            taken += width
        if len(ends) == 1:
            return []
        return [frame.iloc[:, start:end] for start, end in pairwise([*ends, frame.shape[1]])]

    def _least_width(self, value: Any) -> int:
        """Return how many characters wide a cell is at least: numbers are never broken."""
        return max(map(len, self._text(value).split()), default=0)

    def _table(self, frame: "pd.DataFrame") -> Iterator[str]:
        yield '<table class="data-frame">\n<thead>\n'
        yield from self._head(frame)
        yield "</thead>\n<tbody>\n"
        yield from self._body(frame)
        yield "</tbody>\n</table>"

    def _head(self, frame: "pd.DataFrame") -> Iterator[str]:
        """Yield a row per level of the columns, and one for the index's names, if it has any."""
        index_levels = frame.index.nlevels
        labels = _as_tuples(frame.columns)
        index_names = [_name(name) for name in frame.index.names]
        for level, level_name in enumerate(frame.columns.names):
            last = level == frame.columns.nlevels - 1
            yield "<tr>"
            if last and level_name is None:
                yield from (f"<th>{name}</th>" for name in index_names)
                index_names = []
            else:
                yield f'<th colspan="{index_levels}" class="level-name">{_name(level_name)}</th>'
            for start, length in _runs(labels, level):
                span = f' colspan="{length}"' if length > 1 else ""
                yield f"<th{span}>{self._text(labels[start][level])}</th>"
            yield "</tr>\n"
        if any(index_names):
            yield "<tr>"
            yield from (f"<th>{name}</th>" for name in index_names)
            yield f'<th colspan="{max(len(labels), 1)}"></th></tr>\n'

    def _body(self, frame: "pd.DataFrame") -> Iterator[str]:
        labels = _as_tuples(frame.index)
        heads: list[dict[int, int]] = [
            dict(_runs(labels, level)) for level in range(frame.index.nlevels)
        ]
        for row, values in enumerate(frame.itertuples(index=False, name=None)):
            yield "<tr>"
            for level, lengths in enumerate(heads):
                if row in lengths:
                    span = f' rowspan="{lengths[row]}"' if lengths[row] > 1 else ""
                    yield f"<th{span}>{self._text(labels[row][level])}</th>"
            for value in values:
                number = ' class="number"' if _is_number(value) else ""
                yield f"<td{number}>{self._text(value)}</td>"
            yield "</tr>\n"

    def _text(self, value: Any) -> str:
        if isinstance(value, Real) and not isinstance(value, Integral):
            return f"{float(value):.{self.float_prec}f}"
        return escape(str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _name(name: object) -> str:
    return "" if name is None else escape(str(name))


def _as_tuples(index: "pd.Index[Any]") -> list[tuple[Any, ...]]:
    return list(index) if index.nlevels > 1 else [(label,) for label in index]


def _runs(labels: Sequence[tuple[Any, ...]], level: int) -> Iterator[tuple[int, int]]:
    """Yield start and length of each run of labels to show as one cell of ``level``.

    The innermost level is never merged; the others where they and all levels above are equal.
    """
    start = 0
    for position in range(1, len(labels) + 1):
        if (
            position == len(labels)
            or level == len(labels[start]) - 1
            or labels[position][: level + 1] != labels[start][: level + 1]
        ):
            yield start, position - start
            start = position
