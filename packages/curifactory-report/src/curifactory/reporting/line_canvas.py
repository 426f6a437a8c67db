"""Axes on which one line plot after the other is drawn.

Making axes and measuring what is drawn on them cost matplotlib more than drawing a line. So the
axes are kept, and the margin is cut off the image instead of being computed before.
"""

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL.Image import Image

_GRID_ALPHA = 0.4


class LineCanvas:
    """Axes with a grid, for lines over numbers.

    Parameters
    ----------
    dots_per_inch
        Resolution of the images.

    """

    def __init__(self, dots_per_inch: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(dpi=dots_per_inch)
        self._canvas: Any = FigureCanvasAgg(figure)  # untyped
        self._axes = add_axes(figure)
        self._dots_per_inch = dots_per_inch

    def image(self, plot: "Callable[[Axes], None]") -> bytes | None:
        """Return the PNG image of what ``plot`` draws; ``None`` where it does not fit the figure.

        Parameters
        ----------
        plot
            What adds lines and perhaps a legend to axes, and changes nothing else of them.

        """
        self._clear()
        plot(self._axes)
        self._canvas.draw()
        return self._png()

    def _clear(self) -> None:
        axes = self._axes
        for line in list(axes.lines):
            line.remove()
        if (legend := axes.get_legend()) is not None:
            legend.remove()
        axes.set_prop_cycle(None)
        axes.relim()
        axes.set(xlim=(0, 1), ylim=(0, 1))  # where nothing follows, as on new axes
        axes.autoscale()

    def _png(self) -> bytes | None:
        import numpy as np
        from matplotlib import rcParams
        from PIL import Image

        drawn = self._canvas.buffer_rgba()
        box = _box(np.asarray(drawn))  # an image in between would be copied twice
        if box is None:
            return None
        image = Image.frombuffer("RGBA", self._canvas.get_width_height(), drawn)
        margin = round(rcParams["savefig.pad_inches"] * self._dots_per_inch)
        file = io.BytesIO()
        _with_margin(image, box, margin).save(
            file,
            "PNG",
            dpi=(self._dots_per_inch, self._dots_per_inch),
            compress_level=1,
            compress_type=zlib.Z_RLE,  # equal dots follow each other: as small, in less time
        )
        return file.getvalue()


def add_axes(figure: "Figure") -> "Axes":
    """Return new axes with a grid."""
    axes = figure.add_subplot()
    axes.grid(visible=True, alpha=_GRID_ALPHA)
    return axes


def can_cut() -> bool:
    """Return whether matplotlib's settings let an image look as :class:`LineCanvas` saves it."""
    from matplotlib import rcParams

    return bool(
        rcParams["savefig.facecolor"] == rcParams["savefig.edgecolor"] == "auto"
        and not rcParams["savefig.transparent"]
        and not rcParams["figure.autolayout"]
        and not rcParams["figure.constrained_layout.use"]
    )


def _box(pixels: "NDArray[np.uint8]") -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of what differs from the background of a drawing.

    ``None`` if it may be cut off, or if the background is not opaque.
    """
    import numpy as np

    if pixels[0, 0, 3] < 255:
        return None
    dots = pixels.view(np.uint32)[..., 0]  # compared at once, not color by color
    differs = dots != dots[0, 0]
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not rows.size or differs[[0, -1]].any() or differs[:, [0, -1]].any():
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _with_margin(drawn: "Image", box: tuple[int, int, int, int], margin: int) -> "Image":
    """Return the part in ``box``, which is opaque, with a margin of the background."""
    from PIL import Image

    shown = drawn.crop(box).convert("RGB")
    size = shown.width + 2 * margin, shown.height + 2 * margin
    background = drawn.crop((0, 0, 1, 1)).convert("RGB").getpixel((0, 0))
    framed = Image.new("RGB", size, background)
    framed.paste(shown, (margin, margin))
    return framed
