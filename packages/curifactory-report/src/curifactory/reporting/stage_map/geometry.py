"""Rectangles, and rows of things that must not overlap."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple


class Point(NamedTuple):
    """A place, in pixels from the top left."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle, in pixels from the top left."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """The centre."""
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def moved(self, x: float, y: float) -> "Box":
        """Return the same rectangle ``x`` further right and ``y`` further down."""
        return Box(self.x + x, self.y + y, self.width, self.height)

    def overlaps(self, other: "Box") -> bool:
        """Tell whether the two share more than a side."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


def spread(wishes: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """Return centres for a row of things, as near as can be to where they wish to be.

    Keeps the order and at least ``gap`` between neighbours, and moves things by the smallest sum
    of squares (isotonic regression by pooling adjacent violators, linear in their number).

    Examples
    --------
    >>> spread([0, 100], [20, 20], 10), spread([50, 50], [20, 20], 10)
    ([0.0, 100.0], [35.0, 65.0])

    """
    offsets = [0.0]
    for left, right in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + gap)
    blocks: list[tuple[float, int]] = []  # the mean of the block and how many it has
    for wish, offset in zip(wishes, offsets, strict=False):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            above, many = blocks.pop()
            mean = (mean * count + above * many) / (count + many)
            count += many
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [offset + shift for offset, shift in zip(offsets, shifts, strict=False)]
