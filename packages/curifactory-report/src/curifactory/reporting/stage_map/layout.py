"""The layout of a whole map: records on shelves, edges between them. Draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from curifactory.reporting.stage_map.geometry import Point
from curifactory.reporting.stage_map.model import ArtifactKey, MapRecord
from curifactory.reporting.stage_map.record_graph import build_graph
from curifactory.reporting.stage_map.record_layout import RecordLayout, lay_out_record
from curifactory.reporting.stage_map.routing import route
from curifactory.reporting.stage_map.shelves import fill_shelves, rank_records

_MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record's drawing and where its top left is."""

    x: float
    y: float
    layout: RecordLayout


@dataclass(frozen=True, slots=True)
class MapLayout:
    """Where everything is, in pixels from the top left."""

    width: float
    height: float
    records: tuple[PlacedRecord, ...]
    links: tuple[tuple[Point, ...], ...]
    """Corner points of the edges between records."""


def lay_out(records: Sequence[MapRecord], *, detailed: bool = False) -> MapLayout:
    """Return the same layout for the same records, in time about linear in what they hold.

    Every record stands below, or in a circle of records beside, those it takes something from.
    """
    exported = _find_exported(records)
    layouts = [
        lay_out_record(build_graph(record, exported.get(record.index, ()), detailed=detailed))
        for record in records
    ]
    if not layouts:
        return MapLayout(0.0, 0.0, (), ())
    shelves = fill_shelves(layouts, rank_records(records))
    routing = route(shelves)
    xs = [
        x for shelf in shelves for x in (shelf.lefts[0], shelf.lefts[-1] + shelf.records[-1].width)
    ]
    xs += [point.x for link in routing.links for point in link]
    left, right = min(xs), max(xs)
    return MapLayout(
        right - left + 2 * _MARGIN,
        routing.height + 2 * _MARGIN,
        tuple(
            PlacedRecord(x - left + _MARGIN, top + _MARGIN, layout)
            for shelf, top in zip(shelves, routing.shelf_tops, strict=True)
            for x, layout in zip(shelf.lefts, shelf.records, strict=True)
        ),
        tuple(
            tuple(Point(x - left + _MARGIN, y + _MARGIN) for x, y in link) for link in routing.links
        ),
    )


def _find_exported(records: Sequence[MapRecord]) -> dict[int, dict[ArtifactKey, None]]:
    """Return, by record, which of its artifacts other records read, in a fixed order."""
    exported: dict[int, dict[ArtifactKey, None]] = {}
    for record in records:
        for stage in record.stages:
            for bound in stage.inputs:
                for key in bound.sources:
                    if key.record != record.index:
                        exported.setdefault(key.record, {})[key] = None
    return exported
