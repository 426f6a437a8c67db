"""Where the boxes and edges of one record go: layer by layer, from top to bottom."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curifactory.reporting.stage_map.geometry import Box, spread
from curifactory.reporting.stage_map.model import ArtifactKey, MapRecord, MapState
from curifactory.reporting.stage_map.record_graph import Import, Node, NodeKind, RecordGraph
from curifactory.reporting.stage_map.text import CELL_WIDTH, count_cells, shorten

_TITLE_CELLS = 34
_TITLE_HEIGHT = 34.0
_PADDING = 16.0
_ROW_GAP = 26.0
_PORT_GAP = 16.0
_PORT_STEP = 12.0
_NODE_GAP = 18.0
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A box with its text."""

    kind: NodeKind
    label: str
    tooltip: str
    state: MapState
    box: Box


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """A curve from one row to the next.

    Runs straight down to ``start_row_end``, swings to ``end_x`` before ``end_row_start``, and runs
    straight down again: through the row to its lower side, if it only bends there.
    """

    start_x: float
    start_y: float
    start_row_end: float
    end_x: float
    end_row_start: float
    end_y: float
    has_arrow: bool


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """A record's drawing, in pixels from the top left of its frame."""

    record: MapRecord
    title: str
    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]
    entries: Mapping[Import, float]
    """The x at which each import comes in at the top."""
    exits: Mapping[ArtifactKey, float]
    """The x at which each exported artifact goes out at the bottom."""


def lay_out_record(graph: RecordGraph) -> RecordLayout:
    """Return the drawing of one record."""
    _order_rows(graph.rows)
    _align_rows(graph.rows)
    title = shorten(graph.record.title, _TITLE_CELLS)
    title_end = _PADDING + count_cells(title) * CELL_WIDTH * 13 / 12
    entries = list(graph.entries.values())
    ports_end = title_end + _PORT_STEP * len(entries)
    width = max(_move_into_frame(graph.rows), ports_end + _PADDING)
    _center(graph.rows, width)
    _place_entries(sorted(entries, key=lambda entry: entry.x), title_end, width)
    tops, height = _place_rows(graph.rows)
    return RecordLayout(
        graph.record,
        title,
        width,
        height,
        tuple(_placed_nodes(graph.rows, tops)),
        tuple(_placed_edges(graph.rows, tops)),
        {source: entry.x for source, entry in graph.entries.items()},
        {key: node.x for key, node in graph.exits.items()},
    )


def _move_into_frame(rows: Sequence[list[Node]]) -> float:
    """Move all nodes right of the padding and return the width of a frame around them."""
    nodes = [node for row in rows for node in row]
    left = min((node.x - node.width / 2 for node in nodes), default=0.0)
    for node in nodes:
        node.x += _PADDING - left
    return max((node.x + node.width / 2 for node in nodes), default=0.0) + _PADDING


def _center(rows: Sequence[list[Node]], width: float) -> None:
    nodes = [node for row in rows for node in row]
    end = max((node.x + node.width / 2 for node in nodes), default=0.0) + _PADDING
    for node in nodes:
        node.x += (width - end) / 2


def _place_entries(entries: list[Node], title_end: float, width: float) -> None:
    """Let edges come in above what they lead to, but right of the title."""
    x = title_end
    for entry in entries:
        x = entry.x = max(entry.x, x + _PORT_STEP)
    x = width
    for entry in reversed(entries):
        x = entry.x = min(entry.x, x - _PORT_STEP)


def _order_rows(rows: Sequence[list[Node]]) -> None:
    """Sort each row by the mean place of its neighbours, down and up, to avoid crossings."""
    for sweep in range(_SWEEPS):
        places = {node: float(place) for row in rows for place, node in enumerate(row)}
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wishes = {
                node: _mean([places[n] for n in _neighbours(node, downwards)], places[node])
                for node in row
            }
            row.sort(key=wishes.__getitem__)
            places.update((node, float(place)) for place, node in enumerate(row))


def _align_rows(rows: Sequence[list[Node]]) -> None:
    """Give each node an x near those it is connected with."""
    for row in rows:
        for node, x in zip(row, _packed([node.width for node in row]), strict=True):
            node.x = x
    for sweep in range(2 * _SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wishes = [_mean([n.x for n in _neighbours(node, downwards)], node.x) for node in row]
            places = spread(wishes, [node.width for node in row], _NODE_GAP)
            for node, x in zip(row, places, strict=True):
                node.x = x


def _packed(widths: list[float]) -> list[float]:
    """Return centres side by side, around 0."""
    return spread([0.0] * len(widths), widths, _NODE_GAP)


def _neighbours(node: Node, downwards: bool) -> list[Node]:
    return node.above if downwards else node.below


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _row_height(row: list[Node]) -> float:
    """Return how far edges from ``row`` run straight down: past the title for entries."""
    if row[0].kind is NodeKind.ENTRY:
        return _TITLE_HEIGHT - 4
    return max(node.height for node in row)


def _place_rows(rows: Sequence[list[Node]]) -> tuple[list[float], float]:
    """Return the top of each row, and the height of the frame.

    Entries lie on the upper side of the frame, exits on the lower.
    """
    tops: list[float] = []
    y = _TITLE_HEIGHT
    for row in rows:
        if row[0].kind is NodeKind.ENTRY:
            tops.append(0.0)
            y += _PORT_GAP
        elif row[0].kind is NodeKind.EXIT:
            tops.append(y - _ROW_GAP + _PORT_GAP)
            return tops, tops[-1]
        else:
            tops.append(y)
            y += _row_height(row) + _ROW_GAP
    return tops, y - _ROW_GAP + _PADDING if y > _TITLE_HEIGHT else _TITLE_HEIGHT


def _placed_nodes(rows: Sequence[list[Node]], tops: list[float]) -> list[PlacedNode]:
    return [
        PlacedNode(node.kind, node.label, node.tooltip, node.state, _box(node, row, top))
        for row, top in zip(rows, tops, strict=True)
        for node in row
        if node.label or node.height
    ]


def _box(node: Node, row: list[Node], top: float) -> Box:
    if node.kind is NodeKind.BEND:
        return Box(node.x - node.width / 2, top, node.width, _row_height(row))
    if node.kind is NodeKind.ENTRY:
        return Box(node.x - node.width / 2, top, node.width, 0.0)
    y = top + (_row_height(row) - node.height) / 2
    return Box(node.x - node.width / 2, y, node.width, node.height)


def _placed_edges(rows: Sequence[list[Node]], tops: list[float]) -> list[PlacedEdge]:
    edges = []
    for index, (row, below) in enumerate(itertools.pairwise(rows)):
        row_end = tops[index] + _row_height(row)
        for node in row:
            start = _box(node, row, tops[index]).bottom
            for target in node.below:
                end = _box(target, below, tops[index + 1])
                bends = target.kind is NodeKind.BEND
                end_y = end.bottom if bends else end.y
                has_arrow = not bends and target.kind is not NodeKind.EXIT
                edges.append(
                    PlacedEdge(node.x, start, row_end, target.x, tops[index + 1], end_y, has_arrow)
                )
    return edges
