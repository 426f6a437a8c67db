"""Colours that tell records apart, on light and on dark pages."""

from typing import Final

# Each has a contrast of at least 3 to 1 with both the light and the dark page.
RECORD_COLORS: Final = (
    "#3b7dd8",
    "#cf6a1c",
    "#2b955a",
    "#8f62d4",
    "#d24a52",
    "#1a8fa0",
    "#9a6f3f",
    "#cc4f95",
    "#87872a",
    "#6b7c93",
)


def record_color(index: int) -> str:
    """Return the colour of a record, the same wherever it is shown; grey for hidden ones (-1)."""
    return RECORD_COLORS[index % len(RECORD_COLORS)]
