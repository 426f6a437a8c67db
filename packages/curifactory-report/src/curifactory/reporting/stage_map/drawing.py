"""A map's layout as SVG."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from curifactory.reporting.palette import record_color
from curifactory.reporting.stage_map.geometry import Box, Point
from curifactory.reporting.stage_map.layout import MapLayout, PlacedRecord
from curifactory.reporting.stage_map.model import MapState
from curifactory.reporting.stage_map.record_graph import LINE_HEIGHT, NodeKind
from curifactory.reporting.stage_map.record_layout import PlacedEdge, PlacedNode
from curifactory.reporting.stage_map.text import CELL_WIDTH, count_cells, xml

_CORNER = 7.0
_ARROW = 6.0
_LEGEND_ROW = 30.0
_LEGEND_WIDTH = 560.0
_WORDS = {
    MapState.COMPUTED: "computed in this run",
    MapState.CACHED: "from the cache",
    MapState.MIXED: "differs within the group",
    MapState.SKIPPED: "skipped, not needed",
    MapState.FAILED: "failed",
    MapState.PENDING: "not reached",
}

STYLE = """
.stage-map { --map-text: #1c2128; --map-muted: #59636e; --map-edge: #8a939d; --map-page: #ffffff;
  --map-failed: #c9303b; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; font-size: 12px; color: var(--map-text); }
@media (prefers-color-scheme: dark) { @media not print { .stage-map { --map-text: #e4e8ec;
  --map-muted: #9aa4af; --map-edge: #707b87; --map-page: #1b1f24; --map-failed: #f0646d; } } }
.stage-map text { fill: currentColor; text-anchor: middle; dominant-baseline: central;
  stroke: none; }
.stage-map .name { font-weight: 600; }
.stage-map .note { fill: var(--map-muted); }
.stage-map .title { font-size: 13px; font-weight: 600; text-anchor: start; }
.stage-map .caption { text-anchor: start; fill: var(--map-muted); }
.stage-map .edge, .stage-map .link { fill: none; stroke: var(--map-edge); stroke-width: 1.3; }
.stage-map .link { stroke-width: 1.6; }
.stage-map .arrow { fill: var(--map-edge); stroke: none; }
.stage-map .frame { fill: var(--record); fill-opacity: 0.07; stroke: var(--record);
  stroke-width: 1.2; }
.stage-map .stack { fill: var(--map-page); stroke: var(--record); stroke-opacity: 0.6; }
.stage-map .back { fill: var(--map-page); }
.stage-map .node { stroke: var(--record); stroke-width: 1.3; fill: var(--map-page); }
.stage-map .node.computed { fill: var(--record); fill-opacity: 0.24; }
.stage-map .node.mixed { fill: var(--record); fill-opacity: 0.12; stroke-dasharray: 9 3; }
.stage-map .node.skipped { stroke-dasharray: 4 3; stroke-opacity: 0.75; }
.stage-map .skipped text { fill: var(--map-muted); }
.stage-map .node.failed { stroke: var(--map-failed); stroke-width: 2.4; }
.stage-map .failed text { fill: var(--map-failed); font-weight: 600; }
.stage-map .node.pending { stroke: var(--map-edge); stroke-dasharray: 1.5 3; }
.stage-map .pending text { fill: var(--map-muted); }
.stage-map .node.plain { stroke: var(--map-edge); }
.stage-map .node.input { fill: none; stroke: var(--map-edge); stroke-dasharray: 4 3; }
"""


def draw(layout: MapLayout) -> str:
    """Return an SVG document, which also serves as an element of an HTML page."""
    states = _states_in(layout)
    legend, legend_height = _legend(states, max(layout.width, _LEGEND_WIDTH), layout.height)
    width = max(layout.width, _LEGEND_WIDTH)
    height = layout.height + legend_height
    shift = (width - layout.width) / 2
    return "\n".join(
        [
            _opening("Map of records, stages and artifacts", width, height),
            f"<style>{STYLE}</style>",
            '<defs><marker id="map-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">'
            '<path class="arrow" d="M0 0.8 L8 4 L0 7.2 z"/></marker></defs>',
            f'<g transform="translate({shift:.1f} 0)">',
            *(_draw_link(link) for link in layout.links),
            *(line for record in layout.records for line in _draw_record(record)),
            "</g>",
            *legend,
            "</svg>",
        ]
    )


def draw_part(layout: MapLayout, words: str) -> str:
    """Return an SVG element that takes its style and arrows from a map on the same page."""
    return "\n".join(
        [
            _opening(words, layout.width, layout.height),
            *(line for record in layout.records for line in _draw_record(record)),
            "</svg>",
        ]
    )


def _opening(words: str, width: float, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="stage-map" role="img" '
        f'aria-label="{xml(words)}" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}">'
    )


def _states_in(layout: MapLayout) -> list[MapState]:
    found = {
        node.state
        for record in layout.records
        for node in record.layout.nodes
        if node.kind in {NodeKind.STAGE, NodeKind.ARTIFACT}
    }
    return [state for state in MapState if state in found]


def _draw_record(placed: PlacedRecord) -> Iterator[str]:
    layout, record = placed.layout, placed.layout.record
    yield (
        f'<g class="record" style="--record: {record_color(record.index)}" '
        f'transform="translate({placed.x:.1f} {placed.y:.1f})">'
    )
    yield f"<title>{xml(_tooltip(record.title, record.titles))}</title>"
    frame = Box(0, 0, layout.width, layout.height)
    if record.count > 1:
        yield _rectangle(frame.moved(5, 5), "stack", 10)
    yield _rectangle(frame, "back", 10)
    yield _rectangle(frame, "frame", 10)
    yield f'<text class="title" x="16" y="18">{xml(layout.title)}</text>'
    yield from (_draw_edge(edge) for edge in layout.edges)
    yield from (_draw_node(node) for node in layout.nodes if node.kind is not NodeKind.BEND)
    yield "</g>"


def _tooltip(title: str, titles: Sequence[str]) -> str:
    """Return a record's title, and for several records the titles of the first fifty."""
    more = ["…"] if len(titles) > 50 else []
    return "\n".join([title, *titles[:50], *more])


def _rectangle(box: Box, classes: str, radius: float) -> str:
    return (
        f'<rect class="{classes}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{radius:g}"/>'
    )


def _draw_node(node: PlacedNode) -> str:
    classes = "node input" if node.kind is NodeKind.INPUT else f"node {node.state}"
    shape = _shape(node.kind, node.box, classes)
    x, y = node.box.middle
    return (
        f'<g class="{node.state}"><title>{xml(node.tooltip)}</title>{shape}'
        f"{_text(node.label, x, y)}</g>"
    )


def _text(label: str, x: float, y: float) -> str:
    """Return a text around ``x`` and ``y``; its first line is a name, the others are notes."""
    lines = label.split("\n")
    if len(lines) == 1:
        return f'<text x="{x:.1f}" y="{y:.1f}">{xml(label)}</text>'
    top = y - LINE_HEIGHT * (len(lines) - 1) / 2
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{top + number * LINE_HEIGHT:.1f}" '
        f'class="{"note" if number else "name"}">{xml(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f"<text>{spans}</text>"


def _shape(kind: NodeKind, box: Box, classes: str) -> str:
    if kind is not NodeKind.STAGE:
        return _rectangle(box, classes, 13 if kind is NodeKind.INPUT else 4)
    x, y = box.middle
    return (
        f'<ellipse class="{classes}" cx="{x:.1f}" cy="{y:.1f}" rx="{box.width / 2:.1f}" '
        f'ry="{box.height / 2:.1f}"/>'
    )


def _draw_edge(edge: PlacedEdge) -> str:
    # Arrows point where the last piece of their line does, so that piece has a length.
    end = edge.end_row_start - _ARROW if edge.has_arrow else edge.end_row_start
    middle = (edge.start_row_end + end) / 2
    marker = ' marker-end="url(#map-arrow)"' if edge.has_arrow else ""
    return (
        f'<path class="edge"{marker} d="M{edge.start_x:.1f} {edge.start_y:.1f}'
        f"V{edge.start_row_end:.1f}C{edge.start_x:.1f} {middle:.1f} {edge.end_x:.1f} {middle:.1f} "
        f'{edge.end_x:.1f} {end:.1f}V{edge.end_y:.1f}"/>'
    )


def _draw_link(points: Sequence[Point]) -> str:
    return f'<path class="link" d="{" ".join(_rounded(_without_repeats(points)))}"/>'


def _without_repeats(points: Sequence[Point]) -> list[Point]:
    """Return only the points at which the line turns, with both ends."""
    kept = [points[0]]
    for point, following in itertools.pairwise(points):
        before = kept[-1]
        straight = before.x == point.x == following.x or before.y == point.y == following.y
        if point != before and not straight:
            kept.append(point)
    return [*kept, points[-1]]


def _rounded(points: Sequence[Point]) -> Iterator[str]:
    yield f"M{points[0].x:.1f} {points[0].y:.1f}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_CORNER, _length(before, corner) / 2, _length(corner, after) / 2)
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        yield f"L{start.x:.1f} {start.y:.1f}"
        yield f"Q{corner.x:.1f} {corner.y:.1f} {end.x:.1f} {end.y:.1f}"
    yield f"L{points[-1].x:.1f} {points[-1].y:.1f}"


def _length(start: Point, end: Point) -> float:
    return abs(start.x - end.x) + abs(start.y - end.y)


def _towards(start: Point, end: Point, distance: float) -> Point:
    """Return the point ``distance`` away from ``start`` on a horizontal or vertical line."""
    share = distance / (_length(start, end) or 1)
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)


def _legend(states: Iterable[MapState], width: float, top: float) -> tuple[list[str], float]:
    """Return the legend's elements below ``top``, and their height."""
    items = [
        (NodeKind.STAGE, "node plain", "stage"),
        (NodeKind.ARTIFACT, "node plain", "artifact"),
        (NodeKind.INPUT, "node input", "from elsewhere"),
    ]
    items += [(NodeKind.ARTIFACT, f"node {state}", _WORDS[state]) for state in states]
    lines = [f'<g class="legend" style="--record: {record_color(0)}">']
    x, y = 16.0, top + _LEGEND_ROW / 2
    for kind, classes, words in items:
        needed = 34 + count_cells(words) * CELL_WIDTH + 20
        if x + needed > width and x > 16:
            x, y = 16.0, y + _LEGEND_ROW
        lines.append(_shape(kind, Box(x, y - 7, 26, 14), classes))
        lines.append(f'<text class="caption" x="{x + 34:.1f}" y="{y:.1f}">{xml(words)}</text>')
        x += needed
    return [*lines, "</g>"], y + _LEGEND_ROW / 2 - top
