"""Figures as image files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import FigureCacher


class Drawing:
    """Has a `savefig`, as matplotlib's figures have."""

    def __init__(self, title: str) -> None:
        self.title = title

    def savefig(self, path: str, **arguments: Any) -> None:
        Path(path).write_text(f"{self.title} {sorted(arguments.items())}")


def test_image_and_figure_are_stored(
    new_manager: Callable[..., ArtifactManager], folder: Path
) -> None:
    @stage(outputs=["figure"], cachers=[FigureCacher(format="svg", savefig_args={"dpi": 50})])
    def draw(record: Record) -> Drawing:
        return Drawing("scores")

    draw(Record(new_manager(), ExperimentParameters()))
    record = draw(Record(new_manager(), ExperimentParameters()))

    image = Path(record.calls[0].outputs[0].path or "")
    assert image.read_text() == "scores [('dpi', 50), ('format', 'svg')]"
    assert image.suffix == ".svg"
    assert record.output.title == "scores"
    assert record.calls[0].status == "loaded"


def test_a_real_figure_comes_back(folder: Path) -> None:
    figure_module = pytest.importorskip("matplotlib.figure")
    figure = figure_module.Figure()
    figure.subplots().plot([1, 2, 3])

    FigureCacher("figure.png").save(figure)

    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = FigureCacher("figure.png").load().axes
    assert list(axes.lines[0].get_ydata()) == [1, 2, 3]


def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"'gif' is not known.*png, svg or pdf"):
        FigureCacher(format="gif")
