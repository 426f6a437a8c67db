"""The maps of a session under their documented names."""

import os
from typing import TYPE_CHECKING

from curifactory.paths import write_atomically
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


def render_graph(manager: "ArtifactManager", path: str, record_index: int | None = None) -> str:
    """Write the map of a session to a file, and return its path.

    Parameters
    ----------
    manager
        The session.
    path
        Where to write it; ``.gv`` and ``.dot`` are for Graphviz, all others are drawn as SVG, and
        ``.svg`` is added where there is no ending. Folders on the way are made.
    record_index
        Draw only this record, in detail; all of them by default.

    """
    ending = os.path.splitext(path)[1]
    records = manager.records if record_index is None else [manager.records[record_index]]
    if ending in {".gv", ".dot"}:
        text = map_to_dot(records, folded=record_index is None)
    elif record_index is None:
        text = draw_map(records)
    else:
        text = draw_detail(manager.records, record_index)
    path = path if ending else f"{path}.svg"
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    write_atomically(path, text.encode("utf-8", "replace"))
    return path
