"""The map of a run: records, stages and artifacts, drawn as SVG without outside programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curifactory.reporting.stage_map.drawing import draw
from curifactory.reporting.stage_map.folding import fold
from curifactory.reporting.stage_map.layout import lay_out
from curifactory.reporting.stage_map.model import read_map

if TYPE_CHECKING:
    from curifactory.record import Record

__all__ = ["draw_map"]


def draw_map(records: "Sequence[Record]") -> str:
    """Return the map of ``records`` as an SVG document that also serves as an HTML element."""
    return draw(lay_out(fold(read_map(records))))
