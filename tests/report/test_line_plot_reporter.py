"""Lines over a grid, without the state that pyplot keeps."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from matplotlib.axes import Axes

from curifactory.reporting import LinePlotReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element

_PNG = b"\x89PNG\r\n\x1a\n"


def axes_of(reporter: LinePlotReporter) -> Axes:
    [axes] = reporter.draw().axes
    return axes


def points(axes: Axes) -> list[list[tuple[Any, ...]]]:
    """Return the points of each line."""
    return [
        list(zip(line.get_xdata(), line.get_ydata(), strict=True))  # type: ignore[arg-type]
        for line in axes.get_lines()
    ]


def legend(axes: Axes) -> list[str] | None:
    found = axes.get_legend()
    return None if found is None else [text.get_text() for text in found.get_texts()]


def render(reporter: LinePlotReporter, folder: Path, name: str = "stage_curve") -> Path:
    """Render into ``folder`` as a report does and return the only file."""
    reporter.path, reporter.qualified_name = str(folder), name
    reporter.render()
    [file] = folder.iterdir()
    return file


# -- what is drawn -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "x", "expected"),
    [
        pytest.param([3, 4], None, [[(0, 3), (1, 4)]], id="one line"),
        pytest.param([3, 4], [10, 20], [[(10, 3), (20, 4)]], id="x and y"),
        pytest.param(
            {"a": [1, 2], "b": [3]}, None, [[(0, 1), (1, 2)], [(0, 3)]], id="dictionary of y"
        ),
        pytest.param(
            {"a": [1, 2], "b": [3, 4]},
            [10, 20],
            [[(10, 1), (20, 2)], [(10, 3), (20, 4)]],
            id="one x for all",
        ),
        pytest.param(
            {"a": [1], "b": [2]}, {"b": [20], "a": [10]}, [[(10, 1)], [(20, 2)]], id="x by key"
        ),
    ],
)
def test_lines_lie_where_they_are_given(
    y: Any, x: Any, expected: list[list[tuple[int, int]]]
) -> None:
    assert points(axes_of(LinePlotReporter(y, x))) == expected


def test_a_dictionary_has_a_legend_of_its_keys_in_their_order() -> None:
    reporter = LinePlotReporter({"knn": [1], "_private": [2], 3: [3]})

    assert legend(axes_of(reporter)) == ["knn", "_private", "3"]


def test_a_single_line_has_no_legend() -> None:
    assert legend(axes_of(LinePlotReporter([1, 2]))) is None


def test_there_is_a_grid() -> None:
    assert all(line.get_visible() for line in axes_of(LinePlotReporter([1, 2])).get_xgridlines())


def test_options_reach_every_line() -> None:
    axes = axes_of(LinePlotReporter({"a": [1], "b": [2]}, plot_kwargs={"marker": "o"}))

    assert [line.get_marker() for line in axes.get_lines()] == ["o", "o"]


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        pytest.param({"a": [1]}, {"b": [1]}, r"x has \['b'\] and y has \['a'\]", id="other keys"),
        pytest.param({"a": [1]}, {}, r"x has \[\] and y has \['a'\]", id="no keys"),
        pytest.param([1], {"a": [1]}, r"line plot 'curve': .*but y is a list", id="y is a list"),
    ],
)
def test_keys_that_do_not_match_are_an_error_at_once(y: Any, x: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LinePlotReporter(y, x, name="curve")


# -- nothing is shared or changed ----------------------------------------------------------------


def test_pyplot_is_never_imported(tmp_path: Path) -> None:
    code = """
import sys
from curifactory.reporting import LinePlotReporter
assert "matplotlib" not in sys.modules
reporter = LinePlotReporter({"a": [1, 2], "b": [2, 1]}, name="curve")
reporter.path, reporter.qualified_name = sys.argv[1], "curve"
reporter.render()
print("matplotlib.pyplot" in sys.modules, "matplotlib.figure" in sys.modules)
"""

    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (process.stdout, process.stderr) == ("False True\n", "")
    assert os.listdir(tmp_path) == ["curve.png"]


def test_options_are_left_as_they_were(tmp_path: Path) -> None:
    plot, save = {"marker": "o"}, {"dpi": 40}
    reporter = LinePlotReporter({"a": [1]}, plot_kwargs=plot, savefig_kwargs=save)

    render(reporter, tmp_path)

    assert (plot, save) == ({"marker": "o"}, {"dpi": 40})
    assert (reporter.plot_kwargs, reporter.savefig_kwargs) == (plot, save)


def test_options_changed_afterwards_do_not_count() -> None:
    plot = {"marker": "o"}
    reporter = LinePlotReporter([1], plot_kwargs=plot)
    plot["marker"] = "x"

    assert axes_of(reporter).get_lines()[0].get_marker() == "o"


def test_default_options_are_not_shared() -> None:
    first, second = LinePlotReporter([1]), LinePlotReporter([1])
    first.plot_kwargs["marker"] = "o"
    first.savefig_kwargs["dpi"] = 10

    assert (second.plot_kwargs, second.savefig_kwargs) == ({}, {})


def test_a_pickle_draws_the_same(tmp_path: Path) -> None:
    reporter = LinePlotReporter({"a": [1, 2]}, name="curve", savefig_kwargs={"dpi": 40})
    restored = pickle.loads(pickle.dumps(reporter))
    for name in ("first", "second"):
        (tmp_path / name).mkdir()

    first, second = render(reporter, tmp_path / "first"), render(restored, tmp_path / "second")

    assert first.read_bytes() == second.read_bytes()


# -- the file and its image ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name", "start"),
    [
        pytest.param({}, "stage_curve.png", _PNG, id="default"),
        pytest.param({"format": "svg"}, "stage_curve.svg", b"<?xml", id="svg"),
        pytest.param({"format": "PNG"}, "stage_curve.png", _PNG, id="capitals"),
        pytest.param({"format": None}, "stage_curve.png", _PNG, id="none"),
    ],
)
def test_the_file_has_the_format_that_is_asked_for(
    options: dict[str, Any], name: str, start: bytes, tmp_path: Path
) -> None:
    file = render(LinePlotReporter([1, 2], savefig_kwargs=options), tmp_path)

    assert file.name == name
    assert file.read_bytes().startswith(start)


def test_resolution_is_an_option(tmp_path: Path) -> None:
    def width(dots_per_inch: int) -> int:
        folder = tmp_path / str(dots_per_inch)
        folder.mkdir()
        reporter = LinePlotReporter([1, 2], savefig_kwargs={"dpi": dots_per_inch})
        return int.from_bytes(render(reporter, folder).read_bytes()[16:20], "big")

    assert width(100) == pytest.approx(2 * width(50), abs=3)


def test_the_image_leads_to_the_file(
    hostile: str, tmp_path: Path, parse: "Callable[[str], Element]"
) -> None:
    reporter = LinePlotReporter([1, 2], name=hostile, savefig_kwargs={"dpi": 20})
    file = render(reporter, tmp_path, f"stage_{hostile}")
    reporter.path = "reportables"

    page = parse(reporter.html())

    assert [element.tag for element in page] == ["page", "img"]
    [image] = page.find("img")
    assert image.attributes["alt"] == hostile
    assert unquote(image.attributes["src"]) == f"reportables/{file.name}"


def test_an_image_without_a_name_has_a_text_in_its_place(
    parse: "Callable[[str], Element]",
) -> None:
    reporter = LinePlotReporter([1])
    reporter.qualified_name = "a_train_0"

    assert parse(reporter.html()).find("img")[0].attributes["alt"] == "a_train_0"
