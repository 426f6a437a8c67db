"""Figures and images: kept as they were when they were reported."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure

from curifactory.reporting import FigureReporter, ImageReporter
from curifactory.reporting.image_reportable import ImageReportable

if TYPE_CHECKING:
    from tests.report.conftest import Element


def figure() -> Figure:
    made = Figure()
    made.add_subplot().plot([1, 2])
    return made


def render(reporter: ImageReportable, folder: Path) -> Path:
    reporter.path, reporter.qualified_name = str(folder), "stage_name"
    reporter.render()
    [file] = folder.iterdir()
    return file


@pytest.mark.parametrize(
    ("options", "name", "start"),
    [
        ({}, "stage_name.png", b"\x89PNG"),
        ({"format": "svg"}, "stage_name.svg", b"<?xml"),
        ({"format": "pdf", "dpi": 20}, "stage_name.pdf", b"%PDF"),
    ],
    ids=["default", "svg", "pdf"],
)
def test_a_figure_is_an_image_file(
    options: dict[str, Any], name: str, start: bytes, tmp_path: Path
) -> None:
    file = render(FigureReporter(figure(), **options), tmp_path)

    assert file.name == name
    assert file.read_bytes().startswith(start)


def test_what_browsers_do_not_show_is_linked(parse: "Callable[[str], Element]") -> None:
    reporter = FigureReporter(figure(), name="curve", format="pdf")
    reporter.path = "reportables"

    [link] = parse(str(reporter.html())).find("a")

    assert link.text == "curve (pdf)"


def test_changes_afterwards_do_not_count(tmp_path: Path) -> None:
    drawn = figure()
    reporter, twin = FigureReporter(drawn), FigureReporter(figure())
    drawn.clear()

    assert reporter.image() == twin.image()


def test_axes_stand_for_their_figure() -> None:
    drawn = figure()

    assert FigureReporter(drawn.axes[0]).image() == FigureReporter(drawn).image()


def test_a_pickle_holds_the_image_and_no_figure() -> None:
    reporter = FigureReporter(figure(), dpi=20)
    content = pickle.dumps(reporter)

    assert b"matplotlib.figure" not in content
    assert pickle.loads(content).image() == reporter.image()


def test_pyplot_forgets_a_figure_that_stays_usable() -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    made, axes = plt.subplots()
    axes.plot([1, 2])
    FigureReporter(made)

    assert plt.get_fignums() == []
    assert FigureReporter(made).image().startswith(b"\x89PNG")


@pytest.mark.parametrize("value", [3, "figure", None, [1, 2]])
def test_what_is_no_figure_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"'curve' must be a figure of matplotlib, plotly"):
        FigureReporter(value, name="curve")


def test_plotly_stays_interactive(parse: "Callable[[str], Element]", tmp_path: Path) -> None:
    go = pytest.importorskip("plotly.graph_objects")
    made = go.Figure(go.Scatter(y=[1, 2], name="</div><script>alert(1)</script>"))
    reporter = FigureReporter(made)
    reporter.path = str(tmp_path)
    reporter.render()

    [element] = parse(str(reporter.html())).find("div")

    assert element.attributes["data-figure"] == made.to_json()
    assert list(tmp_path.iterdir()) == []
    assert [len(script) > 100_000 for script in reporter.scripts()] == [True, False]


def test_plotly_takes_no_options() -> None:
    go = pytest.importorskip("plotly.graph_objects")

    with pytest.raises(TypeError, match=r"no keyword arguments such as 'dpi'"):
        FigureReporter(go.Figure(), dpi=3)


def test_altair_becomes_a_drawing(tmp_path: Path) -> None:
    alt = pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    import pandas as pd

    chart = alt.Chart(pd.DataFrame({"a": [1, 2], "b": [3, 4]})).mark_line().encode(x="a", y="b")

    file = render(FigureReporter(chart), tmp_path)

    assert file.name == "stage_name.svg"
    assert b"<svg" in file.read_bytes()


def test_an_image_is_kept_when_its_file_goes(tmp_path: Path) -> None:
    source = tmp_path / "source.JPG"
    source.write_bytes(b"image")
    reporter = pickle.loads(pickle.dumps(ImageReporter(source)))
    source.unlink()

    file = render(reporter, tmp_path)

    assert (file.name, file.read_bytes()) == ("stage_name.jpg", b"image")


def test_an_image_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"image 'photo': there is no file .*gone.png"):
        ImageReporter(tmp_path / "gone.png", name="photo")


def test_an_image_needs_no_matplotlib(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "a.png").write_bytes(b"")
    code = (
        "import sys; from curifactory.reporting import ImageReporter, FigureReporter;"
        "ImageReporter(sys.argv[1]);"
        "assert not {'matplotlib', 'plotly', 'altair'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], check=True)
