"""The map of a run: records, stages and artifacts, drawn as SVG without outside programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curifactory.reporting.stage_map.dot import write_dot
from curifactory.reporting.stage_map.drawing import draw, draw_part
from curifactory.reporting.stage_map.folding import fold
from curifactory.reporting.stage_map.layout import lay_out
from curifactory.reporting.stage_map.model import MapRecord, read_map

if TYPE_CHECKING:
    from curifactory.record import Record

__all__ = ["draw_detail", "draw_map", "draw_record", "map_to_dot"]


def draw_map(records: "Sequence[Record]") -> str:
    """Return the map of ``records`` as an SVG document that also serves as an HTML element."""
    return draw(lay_out(fold(read_map(records))))


def draw_record(record: MapRecord) -> str:
    """Return one record in detail, as an SVG element for a page that has a map."""
    return draw_part(lay_out([record], detailed=True), f"Graph of {record.title}")


def draw_detail(records: "Sequence[Record]", index: int) -> str:
    """Return the record at ``index`` in detail, as an SVG document of its own."""
    return draw(lay_out([read_map(records)[index]], detailed=True))


def map_to_dot(records: "Sequence[Record]", *, folded: bool = True) -> str:
    """Return the map of ``records`` in the language of Graphviz; equal ones folded if many."""
    found = read_map(records)
    return write_dot(fold(found) if folded else found)
