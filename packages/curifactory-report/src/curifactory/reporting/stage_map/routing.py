"""Edges between records: down into the channel below a shelf, along it, through gaps, and in.

Edges from the same artifacts share one *net*, a line that branches. Channel ``c`` lies above shelf
``c``, the last one below all shelves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curifactory.reporting.stage_map.geometry import Point
from curifactory.reporting.stage_map.model import ArtifactKey
from curifactory.reporting.stage_map.record_graph import Import
from curifactory.reporting.stage_map.record_layout import RecordLayout
from curifactory.reporting.stage_map.shelves import Shelf

_TRACK_STEP = 9.0
_CHANNEL_MARGIN = 20.0


@dataclass(frozen=True, slots=True)
class _End:
    """Where a net leaves or enters a record."""

    shelf: int
    x: float
    record: RecordLayout


@dataclass(eq=False, slots=True)
class _Net:
    sources: list[_End]
    targets: list[_End]
    crossings: dict[int, float] = field(default_factory=dict)
    """The x at which it passes each shelf that is in its way."""
    tracks: dict[int, int] = field(default_factory=dict)
    """Its place in each channel, 0 the highest."""


@dataclass(frozen=True, slots=True)
class Routing:
    """All edges between records, and where that leaves the shelves."""

    links: tuple[tuple[Point, ...], ...]
    shelf_tops: tuple[float, ...]
    height: float


def route(shelves: Sequence[Shelf]) -> Routing:
    """Return corner points for each edge between the records on ``shelves``."""
    nets = list(_find_nets(shelves))
    _choose_crossings(nets, shelves)
    depths = _assign_tracks(nets, len(shelves) + 1)
    tops, channel_tops, height = _stack(shelves, depths)
    links = tuple(
        tuple(_corners(net, source, target, tops, channel_tops))
        for net in nets
        for source, target in _branches(net)
    )
    return Routing(links, tuple(tops), height)


def _find_nets(shelves: Sequence[Shelf]) -> Iterator[_Net]:
    places = {
        layout.record.index: (row, left, layout)
        for row, shelf in enumerate(shelves)
        for left, layout in zip(shelf.lefts, shelf.records, strict=True)
    }
    targets: dict[tuple[ArtifactKey, ...], list[_End]] = {}
    for row, left, layout in places.values():
        for source, x in layout.entries.items():
            targets.setdefault(_known(source, places), []).append(_End(row, left + x, layout))
    for keys, ends in targets.items():
        if keys:
            yield _Net([_exit(key, *places[key.record]) for key in keys], ends)


def _known(source: Import, places: Mapping[int, object]) -> tuple[ArtifactKey, ...]:
    return tuple(key for key in source.sources if key.record in places)


def _exit(key: ArtifactKey, row: int, left: float, layout: RecordLayout) -> _End:
    return _End(row, left + layout.exits.get(key, layout.width / 2), layout)


def _shelves_between(source: _End, target: _End) -> range:
    """Return the shelves that an edge passes, in its order."""
    if target.shelf > source.shelf:
        return range(source.shelf + 1, target.shelf)
    return range(source.shelf, target.shelf - 1, -1)


def _choose_crossings(nets: Sequence[_Net], shelves: Sequence[Shelf]) -> None:
    """Let each net pass shelves through the gap that is nearest to where it goes."""
    using: dict[tuple[int, float, float], list[_Net]] = {}
    for net in nets:
        wish = sum(target.x for target in net.targets) / len(net.targets)
        passed = {shelf for ends in _branches(net) for shelf in _shelves_between(*ends)}
        for row in sorted(passed):
            left, right = min(shelves[row].gaps(), key=lambda gap: abs(sum(gap) / 2 - wish))
            using.setdefault((row, left, right), []).append(net)
    for (row, left, right), users in using.items():
        for place, net in enumerate(users, start=1):
            net.crossings[row] = left + (right - left) * place / (len(users) + 1)


def _branches(net: _Net) -> Iterator[tuple[_End, _End]]:
    """Yield sources and targets such that paths between them make the whole net."""
    for source in net.sources:
        yield source, net.targets[0]
    for target in net.targets[1:]:
        yield net.sources[0], target


def _path(net: _Net, source: _End, target: _End) -> Iterator[tuple[int, float, float]]:
    """Yield the channels an edge goes along, each with the x of both ends."""
    channel, x = source.shelf + 1, source.x
    for shelf in _shelves_between(source, target):
        yield channel, x, net.crossings[shelf]
        channel = shelf + 1 if target.shelf > source.shelf else shelf
        x = net.crossings[shelf]
    yield channel, x, target.x


def _assign_tracks(nets: Iterable[_Net], channels: int) -> list[int]:
    """Give each net a track in each channel so that none lie on each other; return how many."""
    spans: list[dict[_Net, tuple[float, float]]] = [{} for _ in range(channels)]
    for net in nets:
        for ends in _branches(net):
            for channel, start, end in _path(net, *ends):
                low, high = spans[channel].get(net, (start, start))
                spans[channel][net] = min(low, start, end), max(high, start, end)
    return [_fill_tracks(channel, span) for channel, span in enumerate(spans)]


def _fill_tracks(channel: int, spans: Mapping[_Net, tuple[float, float]]) -> int:
    ends: list[float] = []
    for net, (low, high) in sorted(spans.items(), key=lambda item: item[1]):
        track = next((t for t, end in enumerate(ends) if end + _TRACK_STEP < low), len(ends))
        ends[track : track + 1] = [high]
        net.tracks[channel] = track
    return len(ends)


def _stack(
    shelves: Sequence[Shelf], depths: Sequence[int]
) -> tuple[list[float], list[float], float]:
    """Return the top of each shelf, the first track of each channel, and the height of all."""
    tops, channel_tops, y = [], [], 0.0
    for channel, depth in enumerate(depths):
        inner = 0 < channel < len(shelves)
        margin = _CHANNEL_MARGIN if depth or inner else 0.0
        channel_tops.append(y + margin)
        y += 2 * margin + max(depth - 1, 0) * _TRACK_STEP
        if channel < len(shelves):
            tops.append(y)
            y += shelves[channel].height
    return tops, channel_tops, y


def _corners(
    net: _Net, source: _End, target: _End, tops: Sequence[float], channel_tops: Sequence[float]
) -> Iterator[Point]:
    yield Point(source.x, tops[source.shelf] + source.record.height)
    for channel, start, end in _path(net, source, target):
        y = channel_tops[channel] + net.tracks[channel] * _TRACK_STEP
        yield Point(start, y)
        yield Point(end, y)
    yield Point(target.x, tops[target.shelf])
