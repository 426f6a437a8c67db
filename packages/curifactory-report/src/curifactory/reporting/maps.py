"""The maps of a session under their documented names."""

from typing import TYPE_CHECKING

from curifactory.reporting.stage_map import draw_detail, draw_map, map_to_dot

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager


def map_full_svg(manager: "ArtifactManager") -> str:
    """Return the map of all records of a session, as an SVG document."""
    return draw_map(manager.records)


def map_single_svg(manager: "ArtifactManager", record_index: int) -> str:
    """Return one record in detail, with values and paths, as an SVG document."""
    return draw_detail(manager.records, record_index)


def map_dot(manager: "ArtifactManager") -> str:
    """Return the map of all records in the language of Graphviz."""
    return map_to_dot(manager.records)
