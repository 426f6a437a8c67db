"""A figure of matplotlib, plotly or altair."""

import io
import sys
from html import escape
from typing import Any

from curifactory.reporting.image_reportable import ImageReportable

DOTS_PER_INCH = 160
"""Sharp on the screens of today, still quickly drawn."""

_PLOTLY_SCRIPT = """
for (const figure of document.querySelectorAll(".plotly-figure:not(.drawn)")) {
  figure.classList.add("drawn");
  const {data, layout, config} = JSON.parse(figure.dataset.figure);
  figure.textContent = "";
  Plotly.newPlot(figure, data, layout, {responsive: true, displaylogo: false, ...config});
}
"""


class FigureReporter(ImageReportable):
    """Shows a figure as it is when it is reported; changes afterwards do not count.

    The image is made at once. A figure of pyplot is then closed, which leaves it usable and lets
    pyplot forget it. Figures of altair become an SVG drawing, which needs ``vl-convert-python``;
    those of plotly stay interactive: what draws them is put into the page.

    Parameters
    ----------
    fig
        A figure of matplotlib, or what has one, such as axes or a grid of seaborn; a figure of
        plotly; a chart of altair.
    name, group
        As for :class:`Reportable`.
    **savefig_kwargs
        Keyword arguments for matplotlib's ``Figure.savefig`` or altair's ``Chart.save``, such as
        ``dpi`` or ``format``. Plotly's figures take none.

    Raises
    ------
    TypeError
        If it is no such figure.

    """

    def __init__(
        self, fig: Any, name: str | None = None, group: str | None = None, **savefig_kwargs: Any
    ) -> None:
        super().__init__(name, group)
        self._plotly: str | None = None
        self._content = b""
        library = _library(fig)
        if library == "plotly" and not savefig_kwargs:
            self._format, self._plotly = "json", fig.to_json()
        elif library == "altair":
            self._format = str(savefig_kwargs.pop("format", None) or "svg").lower()
            self._content = _save_altair(fig, self._format, savefig_kwargs)
        elif library == "matplotlib":
            self._format = image_format(savefig_kwargs)
            self._content = save_figure(_matplotlib_figure(fig), savefig_kwargs)
        elif library == "plotly":
            raise TypeError(
                f"figure {name!r} is of plotly, which takes no keyword arguments such as "
                f"{next(iter(savefig_kwargs))!r}. Leave them out."
            )
        else:
            raise TypeError(
                f"figure {name!r} must be a figure of matplotlib, plotly or altair, but is a "
                f"{type(fig).__name__}. Show an image file with ImageReporter."
            )

    @property
    def format(self) -> str:
        """Format of the image."""
        return self._format

    def image(self) -> bytes:
        """Return the image."""
        return self._content

    def render(self) -> None:
        """Write the image into the folder ``path``; a figure of plotly has none."""
        if self._plotly is None:
            super().render()

    def html(self) -> str:
        """Return an ``<img>``, or an element that plotly draws into."""
        if self._plotly is None:
            return super().html()
        return (
            f'<div class="plotly-figure" data-figure="{escape(self._plotly)}">'
            "This figure of plotly is drawn by a script, which does not run here.</div>"
        )

    def scripts(self) -> list[str]:
        """Return plotly, for a figure of it, and what draws all figures of a page."""
        if self._plotly is None:
            return []
        from plotly.offline import get_plotlyjs

        return [get_plotlyjs(), _PLOTLY_SCRIPT]


def _library(figure: Any) -> str | None:
    for kind in type(figure).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in {"plotly", "altair", "matplotlib"}:
            return library
    return "matplotlib" if hasattr(figure, "savefig") or hasattr(figure, "figure") else None


def _matplotlib_figure(shown: Any) -> Any:
    """Return the figure that ``shown`` is or belongs to."""
    if hasattr(shown, "savefig"):
        return shown
    figure = shown.get_figure() if hasattr(shown, "get_figure") else shown.figure
    if not hasattr(figure, "savefig"):
        raise TypeError(f"the {type(shown).__name__} to report belongs to no figure.")
    return figure


def image_format(savefig_kwargs: dict[str, Any]) -> str:
    """Return the format that options of ``savefig`` ask for, ``png`` by default."""
    return str(savefig_kwargs.get("format") or "png").lower()


def save_figure(figure: Any, savefig_kwargs: dict[str, Any]) -> bytes:
    """Return the image of a figure of matplotlib, and let pyplot forget the figure."""
    options = {"dpi": DOTS_PER_INCH, "bbox_inches": "tight", **savefig_kwargs}
    options["format"] = image_format(savefig_kwargs)
    stream = io.BytesIO()
    figure.savefig(stream, **options)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(getattr(figure, "figure", figure))
    return stream.getvalue()


def _save_altair(chart: Any, kind: str, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO() if kind in {"png", "pdf"} else io.StringIO()
    try:
        chart.save(stream, format=kind, **options)
    except ImportError as error:
        raise ImportError(
            "figures of altair are drawn by vl-convert-python, which is not installed. "
            "Run 'pip install vl-convert-python'."
        ) from error
    content = stream.getvalue()
    return content if isinstance(content, bytes) else content.encode()
