"""A data frame, as the LaTeX source of a table."""

from html import escape
from typing import TYPE_CHECKING, Any, cast

from curifactory.reporting.reportable import Reportable

if TYPE_CHECKING:
    import pandas as pd


class LatexTableReporter(Reportable):
    """Shows the LaTeX source of a data frame, to copy into a paper.

    Parameters
    ----------
    df
        The frame; a series becomes a frame of one column.
    name, group
        As for :class:`Reportable`.
    **styler_to_latex_kwargs
        Keyword arguments for pandas' ``Styler.to_latex``, such as ``hrules`` or ``caption``.

    """

    def __init__(
        self,
        df: "pd.DataFrame | pd.Series[Any]",
        name: str | None = None,
        group: str | None = None,
        **styler_to_latex_kwargs: Any,
    ) -> None:
        super().__init__(name, group)
        series = cast("pd.Series[Any]", df)
        self.df = series.to_frame() if df.ndim == 1 else cast("pd.DataFrame", df)
        self.latex_kwargs = styler_to_latex_kwargs

    def html(self) -> str:
        """Return the source in a ``<pre>``."""
        return f'<pre class="latex">{escape(self.df.style.to_latex(**self.latex_kwargs))}</pre>'
