"""Which records of a map stand beside and below each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from curifactory.reporting.stage_map.geometry import spread
from curifactory.reporting.stage_map.model import MapRecord
from curifactory.reporting.stage_map.record_layout import RecordLayout

WIDEST_SHELF = 1120.0
"""Width in pixels above which the records of one rank continue on a shelf below."""
RECORD_GAP = 28.0


@dataclass(eq=False, slots=True)
class Shelf:
    """Records side by side, from left to right."""

    records: list[RecordLayout] = field(default_factory=list)
    lefts: list[float] = field(default_factory=list)

    @property
    def width(self) -> float:
        """Width with the gaps between the records."""
        gaps = RECORD_GAP * (len(self.records) - 1)
        return sum(record.width for record in self.records) + gaps

    @property
    def height(self) -> float:
        """Height of the highest record."""
        return max(record.height for record in self.records)

    def gaps(self) -> list[tuple[float, float]]:
        """Return left and right of each gap that edges can pass, the outer ones included."""
        left_sides = [*self.lefts, self.lefts[-1] + self.records[-1].width + 2 * RECORD_GAP]
        right_sides = [self.lefts[0] - 2 * RECORD_GAP] + [
            left + record.width for left, record in zip(self.lefts, self.records, strict=True)
        ]
        return list(zip(right_sides, left_sides, strict=True))


def sources_of(record: MapRecord) -> set[int]:
    """Return the indices of the other records that ``record`` takes something from."""
    named = {
        key.record for stage in record.stages for bound in stage.inputs for key in bound.sources
    }
    return (named | set(record.input_records)) - {record.index}


def rank_records(records: Sequence[MapRecord]) -> dict[int, int]:
    """Return how far down each record belongs: below all that it takes something from.

    Records that take from each other in a circle are ranked as they were made.
    """
    known = {record.index: record for record in records}
    ranks: dict[int, int] = {}
    for start in records:
        stack = [(start.index, False)]
        open_records: set[int] = set()
        while stack:
            index, sources_done = stack.pop()
            sources = sources_of(known[index]) & known.keys()
            if sources_done:
                ranks[index] = 1 + max((ranks.get(source, -1) for source in sources), default=-1)
            elif index not in ranks and index not in open_records:
                open_records.add(index)
                stack.append((index, True))
                stack += [(source, False) for source in sorted(sources - open_records)]
    return ranks


def fill_shelves(layouts: Sequence[RecordLayout], ranks: Mapping[int, int]) -> list[Shelf]:
    """Return the shelves from top to bottom, records in their order on each."""
    shelves: list[Shelf] = []
    by_rank: dict[int, list[RecordLayout]] = {}
    for layout in layouts:
        by_rank.setdefault(ranks[layout.record.index], []).append(layout)
    for rank in sorted(by_rank):
        shelves += _pack(by_rank[rank])
    _align(shelves)
    return shelves


def _pack(layouts: Sequence[RecordLayout]) -> list[Shelf]:
    """Return as few shelves as the width allows, evenly filled where that fits too."""
    shelves = [Shelf()]
    for layout in layouts:
        if shelves[-1].records and shelves[-1].width + RECORD_GAP + layout.width > WIDEST_SHELF:
            shelves.append(Shelf())
        shelves[-1].records.append(layout)
    each = ceil(len(layouts) / len(shelves))
    even = [Shelf(list(layouts[at : at + each])) for at in range(0, len(layouts), each)]
    return even if max(shelf.width for shelf in even) <= WIDEST_SHELF else shelves


def _align(shelves: list[Shelf]) -> None:
    """Put records below the middle of what they take from, the first shelves around 0."""
    middles: dict[int, float] = {}
    for shelf in shelves:
        wishes = []
        for layout in shelf.records:
            above = [middles[i] for i in sources_of(layout.record) if i in middles]
            wishes.append(sum(above) / len(above) if above else 0.0)
        centers = spread(wishes, [layout.width for layout in shelf.records], RECORD_GAP)
        for layout, center in zip(shelf.records, centers, strict=True):
            middles[layout.record.index] = center
            shelf.lefts.append(center - layout.width / 2)
