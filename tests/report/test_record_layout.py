"""Edges inside a record's frame."""

import re
import xml.etree.ElementTree as ET

from curifactory.reporting.stage_map.drawing import draw
from curifactory.reporting.stage_map.layout import lay_out
from curifactory.reporting.stage_map.model import (
    ArtifactKey,
    MapArtifact,
    MapInput,
    MapRecord,
    MapStage,
)
from curifactory.reporting.stage_map.record_layout import RecordLayout

_SVG = "{http://www.w3.org/2000/svg}"


def stage(name: str, reads: list[ArtifactKey], writes: str) -> MapStage:
    inputs = tuple(MapInput(key.name, (key,), 1) for key in reads)
    return MapStage(name, inputs, (MapArtifact(writes),))


def records() -> tuple[MapRecord, ...]:
    """An artifact that is read three stages later and by another record, whose title is long."""
    first = MapRecord(
        0,
        "Record 0 (first)",
        (
            stage("load", [], "data"),
            stage("clean", [ArtifactKey(0, 0, "data")], "table"),
            stage("train", [ArtifactKey(0, 1, "table")], "model"),
            stage("test", [ArtifactKey(0, 2, "model"), ArtifactKey(0, 0, "data")], "scores"),
        ),
    )
    reads = stage("compare", [ArtifactKey(0, 0, "data")], "summary")
    return first, MapRecord(1, f"Record 1 ({'x' * 40})", (reads,))


def layouts() -> list[RecordLayout]:
    return [placed.layout for placed in lay_out(records()).records]


def test_edges_have_no_gaps() -> None:
    for layout in layouts():
        starts = {(edge.start_x, edge.start_y) for edge in layout.edges}
        ends_inside = [
            (edge.end_x, edge.end_y)
            for edge in layout.edges
            if not edge.has_arrow and edge.end_y < layout.height
        ]

        assert len(layout.edges) >= 3
        assert [end for end in ends_inside if end not in starts] == []


def test_edges_begin_and_end_where_other_records_edges_do() -> None:
    first, second = layouts()

    [entry] = second.entries.values()
    assert (entry, 0.0) in {(edge.start_x, edge.start_y) for edge in second.edges}
    [exit_x] = first.exits.values()
    assert (exit_x, first.height) in {(edge.end_x, edge.end_y) for edge in first.edges}


def test_edges_come_in_beside_the_title() -> None:
    _, second = layouts()

    title_end = 16 + len(second.title) * 7.8
    assert all(title_end < x < second.width for x in second.entries.values())


def test_every_arrow_ends_in_a_piece_that_points_down() -> None:
    paths = [
        path.attrib["d"]
        for path in ET.fromstring(draw(lay_out(records()))).iter(f"{_SVG}path")
        if "marker-end" in path.attrib
    ]

    assert len(paths) == 11
    for path in paths:
        found = re.search(r" ([\d.]+)V([\d.]+)$", path)
        assert found is not None, path
        assert float(found[1]) < float(found[2])
