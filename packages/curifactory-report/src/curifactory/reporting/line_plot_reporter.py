"""Lines, drawn with matplotlib."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from curifactory.reporting.figure_reporter import DOTS_PER_INCH, image_format, save_figure
from curifactory.reporting.image_reportable import ImageReportable
from curifactory.reporting.line_canvas import LineCanvas, add_axes, can_cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = frozenset(
    {"alpha", "c", "color", "drawstyle", "fillstyle", "linestyle", "linewidth", "ls", "lw"}
    | {"marker", "markeredgecolor", "markerfacecolor", "markersize", "mec", "mfc", "ms"}
)
"""Options of lines that change nothing of their axes."""


class LinePlotReporter(ImageReportable):
    """Shows one line, or several with a legend, over a grid.

    Parameters
    ----------
    y
        The values of one line; or those of several by name, in a dictionary.
    x
        Where the values lie; by default 0, 1, 2 and so on. One sequence for all lines, or, where
        ``y`` is a dictionary, one with the same keys.
    name, group
        As for :class:`Reportable`.
    plot_kwargs
        Keyword arguments for matplotlib's ``Axes.plot``.
    savefig_kwargs
        Keyword arguments for matplotlib's ``Figure.savefig``, such as ``dpi`` or ``format``.

    Raises
    ------
    ValueError
        If ``x`` is a dictionary whose keys are not those of ``y``.

    """

    is_slow: ClassVar[bool] = True
    _digest: str | None = None

    def __init__(
        self,
        y: Sequence[Any] | Mapping[Any, Sequence[Any]],
        x: Sequence[Any] | Mapping[Any, Sequence[Any]] | None = None,
        name: str | None = None,
        group: str | None = None,
        plot_kwargs: Mapping[str, Any] | None = None,
        savefig_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, group)
        _check_keys(y, x, name)
        self.y = _copied(y)
        self.x = _copied(x)
        self.plot_kwargs = dict(plot_kwargs or {})
        self.savefig_kwargs = dict(savefig_kwargs or {})

    @property
    def format(self) -> str:
        """Format of the image."""
        return image_format(self.savefig_kwargs)

    def image(self) -> bytes:
        """Draw the lines and return the image."""
        return self._image({})

    def image_after(self, kept: dict[Any, Any]) -> bytes:
        """Draw the lines on the axes of the plot before, if the image is the same."""
        if type(self).image is not LinePlotReporter.image:
            return self.image()
        return self._image(kept)

    def _image(self, kept: dict[Any, Any]) -> bytes:
        if self._is_plain() and can_cut():
            dots_per_inch = self.savefig_kwargs.get("dpi") or DOTS_PER_INCH
            key = LineCanvas, dots_per_inch
            canvas = kept.pop(key, None) or LineCanvas(dots_per_inch)
            if (image := canvas.image(self._plot)) is not None:
                kept[key] = canvas  # not before: an error leaves axes that nobody knows
                return image
        return save_figure(self.draw(), self.savefig_kwargs)

    def _is_plain(self) -> bool:
        """Return whether these are lines over numbers, without options that change axes."""
        import numpy as np

        resolution = self.savefig_kwargs.get("dpi")
        return (
            type(self).draw is LinePlotReporter.draw
            and self.format == "png"
            and self.savefig_kwargs.keys() <= {"dpi", "format"}
            and (resolution is None or isinstance(resolution, int | float))
            and self.plot_kwargs.keys() <= _LOOKS
            and all(
                np.asarray(values).dtype.kind in "buif"
                for _, line in self._lines()
                for values in line
            )
        )

    def drawing_key(self) -> str | None:
        """Return a digest of lines and options; ``None`` where they cannot be digested."""
        if type(self).draw is not LinePlotReporter.draw:
            return None
        if self._digest is None:
            import pickle

            content = (self.y, self.x, self.plot_kwargs, self.savefig_kwargs)
            try:
                self._digest = sha256(pickle.dumps(content, protocol=5)).hexdigest()
            except (pickle.PicklingError, TypeError, AttributeError):
                return None
        return self._digest

    def __getstate__(self) -> dict[str, Any]:
        """Keep the digest: that of what is unpickled may be another one."""
        self.drawing_key()
        return super().__getstate__()

    def draw(self) -> "Figure":
        """Return the figure; it belongs to the caller and is unknown to ``pyplot``."""
        from matplotlib.figure import Figure

        figure = Figure()
        self._plot(add_axes(figure))
        return figure

    def _plot(self, axes: "Axes") -> None:
        handles = []
        for label, values in self._lines():
            options = self.plot_kwargs if label is None else self.plot_kwargs | {"label": label}
            handles += axes.plot(*values, **options)[:1]
        if isinstance(self.y, Mapping):
            # Labels set afterwards, since matplotlib leaves those that begin with "_" out.
            legend = axes.legend(handles, [""] * len(handles))
            for text, key in zip(legend.get_texts(), self.y, strict=False):
                text.set_text(str(key))

    def _lines(self) -> Iterator[tuple[str | None, tuple[Sequence[Any], ...]]]:
        """Yield the label of each line, if it has one, and its ``(x, y)`` or ``(y,)``."""
        lines = self.y.items() if isinstance(self.y, Mapping) else [(None, self.y)]
        for key, y in lines:
            x = self.x[key] if isinstance(self.x, Mapping) else self.x
            yield None if key is None else str(key), (y,) if x is None else (x, y)


def _copied(values: Any) -> Any:
    """Return a copy that does not change when what it was made from does."""
    if isinstance(values, Mapping):
        return {key: _copied(value) for key, value in values.items()}
    return copy.copy(values)


def _check_keys(y: object, x: object, name: str | None) -> None:
    if not isinstance(x, Mapping):
        return
    if not isinstance(y, Mapping):
        raise ValueError(
            f"line plot {name!r}: x is a dictionary with the keys {list(x)!r}, but y is a "
            f"{type(y).__name__}. Give y as a dictionary with the same keys, or x as a sequence."
        )
    if set(x) != set(y):
        raise ValueError(
            f"line plot {name!r}: x and y must have the same keys, but x has {list(x)!r} and y has "
            f"{list(y)!r}."
        )
