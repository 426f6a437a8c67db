"""Line plots drawn one after the other on the same axes look as if each had axes of its own."""

import io
import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from PIL import Image

from curifactory.reporting import LinePlotReporter
from curifactory.reporting.figure_reporter import save_figure
from curifactory.reporting.line_canvas import LineCanvas

_SMALL = {"dpi": 20}

numbers = st.lists(
    st.integers(-5, 5)
    | st.sampled_from([1e-9, 12345678.25, math.nan, math.inf, True])
    | st.floats(-1e6, 1e6),
    max_size=4,
)
options = st.sampled_from(
    [
        dict[str, Any](),
        {"marker": "o"},
        {"color": "red"},
        {"ls": "--", "lw": 3},
        {"label": "a"},
        {"zorder": 9},
    ]
)


@st.composite
def plots(draw: st.DrawFn) -> LinePlotReporter:
    """Draw a reporter of one line, or of several with a legend."""
    y: Any = draw(numbers | st.dictionaries(st.sampled_from(["a", "_b", "$x$"]), numbers))
    x = None
    if isinstance(y, list) and draw(st.booleans()):
        x = [float(7 * place) for place, _ in enumerate(y)]
    return LinePlotReporter(y, x, plot_kwargs=draw(options), savefig_kwargs=_SMALL)


@settings(max_examples=15, deadline=None)
@given(st.lists(plots(), min_size=2, max_size=6))
def test_what_was_drawn_before_leaves_no_trace(reporters: list[LinePlotReporter]) -> None:
    kept: dict[Any, Any] = {}

    assert [each.image_after(kept) for each in reporters] == [each.image() for each in reporters]


def test_axes_are_used_again() -> None:
    kept: dict[Any, Any] = {}
    reporters = [LinePlotReporter([1, n], savefig_kwargs=_SMALL) for n in range(3)]

    reporters[0].image_after(kept)
    [canvas] = kept.values()
    for reporter in reporters[1:]:
        reporter.image_after(kept)

    assert list(kept.values()) == [canvas]


def test_each_resolution_has_its_own() -> None:
    kept: dict[Any, Any] = {}

    for dpi in (20, 30, 20):
        LinePlotReporter([1, 2], savefig_kwargs={"dpi": dpi}).image_after(kept)

    assert len(kept) == 2


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        pytest.param({"y": ["low", "high"]}, {}, id="categories"),
        pytest.param({"y": [1], "x": [np.datetime64("2026-01-02")]}, {}, id="dates"),
        pytest.param({"y": [1, 2], "plot_kwargs": {"scaley": False}}, {}, id="axes not fitted"),
        pytest.param({"y": [1, 2], "savefig_kwargs": {"transparent": True}}, {}, id="option"),
        pytest.param({"y": [1, 2], "savefig_kwargs": {"dpi": "figure"}}, {}, id="dpi by name"),
        pytest.param({"y": [1, 2]}, {"savefig.facecolor": "red"}, id="background of files"),
        pytest.param({"y": [1, 2]}, {"figure.facecolor": "none"}, id="transparent background"),
        pytest.param({"y": [1, 2]}, {"figure.constrained_layout.use": True}, id="layout"),
        pytest.param({"y": [1, 2]}, {"xtick.labelsize": 90}, id="larger than the figure"),
    ],
)
def test_what_is_not_plain_is_saved_by_matplotlib(arguments: dict[str, Any], setting: Any) -> None:
    with mpl.rc_context(setting):
        reporter = LinePlotReporter(**arguments)
        kept: dict[Any, Any] = {}

        assert reporter.image_after(kept) == save_figure(reporter.draw(), reporter.savefig_kwargs)
    assert not kept


def test_an_error_leaves_no_axes_behind() -> None:
    kept: dict[Any, Any] = {}
    LinePlotReporter([1, 2], savefig_kwargs=_SMALL).image_after(kept)

    with pytest.raises(ValueError, match="shape"):
        LinePlotReporter([1, 2], x=[1], savefig_kwargs=_SMALL).image_after(kept)

    assert not kept


@pytest.mark.parametrize("method", ["image", "draw"])
def test_what_a_subclass_draws_is_shown(method: str) -> None:
    class Titled(LinePlotReporter):
        def titled(self) -> Any:
            figure = LinePlotReporter.draw(self)
            figure.axes[0].set_title("a title")
            return figure

    def image(self: Titled) -> bytes:
        return save_figure(self.titled(), self.savefig_kwargs)

    setattr(Titled, method, image if method == "image" else Titled.titled)
    plain = LinePlotReporter([1, 2], savefig_kwargs=_SMALL)
    titled = Titled([1, 2], savefig_kwargs=_SMALL)
    kept: dict[Any, Any] = {}
    plain.image_after(kept)

    assert titled.image_after(kept) == titled.image() == save_figure(titled.titled(), _SMALL)


def test_the_margin_is_that_of_matplotlib() -> None:
    def size(content: bytes) -> tuple[int, int]:
        return Image.open(io.BytesIO(content)).size

    reporter = LinePlotReporter({"a": [1, 2, 3], "b": [3, 2, 1]})
    width, height = size(save_figure(reporter.draw(), {}))
    own_width, own_height = size(reporter.image())

    assert own_width == pytest.approx(width, abs=5)
    assert own_height == pytest.approx(height, abs=5)


def test_nothing_drawn_has_no_image() -> None:
    def hide(axes: Axes) -> None:
        axes.set_axis_off()

    assert LineCanvas(20).image(hide) is None


@pytest.mark.parametrize("dots_per_inch", [50, 160])
def test_the_resolution_is_said(dots_per_inch: int) -> None:
    image = Image.open(io.BytesIO(_line(dots_per_inch)))

    assert image.mode == "RGB"
    assert image.info["dpi"] == pytest.approx((dots_per_inch, dots_per_inch), abs=0.02)


def test_files_are_no_larger_than_those_of_matplotlib() -> None:
    reporter = LinePlotReporter({"a": [1, 5, 2], "b": [3, 2, 7]})

    assert len(reporter.image()) <= 1.1 * len(save_figure(reporter.draw(), {"dpi": 160}))


def test_the_margin_has_the_color_of_the_background() -> None:
    with mpl.rc_context({"figure.facecolor": "#204060"}):
        pixels = np.asarray(Image.open(io.BytesIO(_line(20))))

    assert (pixels[[0, -1]] == (0x20, 0x40, 0x60)).all()
    assert (pixels[:, [0, -1]] == (0x20, 0x40, 0x60)).all()


def _line(dots_per_inch: int) -> bytes:
    def plot(axes: Axes) -> None:
        axes.plot([1, 3, 2])

    content = LineCanvas(dots_per_inch).image(plot)
    assert content is not None
    return content
