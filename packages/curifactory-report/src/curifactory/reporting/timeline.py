"""When each stage of a run was executed, as a drawing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import TYPE_CHECKING

from curifactory.reporting.describing import describe_seconds, record_title
from curifactory.reporting.palette import record_color
from curifactory.reporting.stage_map.text import CELL_WIDTH, count_cells, shorten, xml

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.record import Record

_MOST_LANES = 30
_WIDTH = 1040.0
_LABELS = 190.0
_LABEL_CELLS = 24
_ROW = 26.0
_BAR = 18.0
_AXIS = 26.0
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class _Bar:
    lane: str
    start: float
    seconds: float
    stage: str
    title: str
    color: str
    is_failed: bool


def draw_timeline(records: "Sequence[Record]") -> str:
    """Return an SVG drawing of the executed stages of ``records``; empty where there are none.

    A lane is a worker, where the run had several, or else a record; many records share one.
    """
    calls = [call for record in records for call in record.calls if call.seconds is not None]
    begun = [call for call in calls if call.started is not None]
    if not begun:
        return ""
    first = min(call.started or 0.0 for call in begun)
    lane_of = _lanes(begun)
    bars = [_bar(call, lane_of(call), first) for call in begun]
    lanes = list(dict.fromkeys(bar.lane for bar in bars))
    if any(call.worker for call in begun):
        lanes.sort(key=lambda lane: (len(lane), lane))  # worker 2 before worker 10
    span = max(bar.start + bar.seconds for bar in bars) or 1e-9
    height = len(lanes) * _ROW + _AXIS
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" '
            f'aria-label="Timeline of the executed stages" viewBox="0 0 {_WIDTH:g} {height:g}" '
            f'width="{_WIDTH:g}" height="{height:g}">',
            *_draw_axis(span, height),
            *(_draw_lane(name, number) for number, name in enumerate(lanes)),
            *(_draw_bar(bar, lanes.index(bar.lane), span) for bar in bars),
            "</svg>",
        ]
    )


def _lanes(calls: "Sequence[StageCall]") -> "Callable[[StageCall], str]":
    """Return what tells the lane of a call."""
    if any(call.worker is not None for call in calls):
        return lambda call: f"worker {call.worker}" if call.worker else "this process"
    if len({id(call.record) for call in calls}) > _MOST_LANES:
        return lambda call: "all records"
    return lambda call: record_title(call.record)


def _bar(call: "StageCall", lane: str, first: float) -> _Bar:
    took = call.seconds or 0.0
    title = f"{call.name} of {record_title(call.record)}: {describe_seconds(took)}"
    return _Bar(
        lane,
        (call.started or first) - first,
        took,
        call.name,
        title,
        record_color(call.record.get_record_index()),
        call.error is not None,
    )


def _x(seconds: float, span: float) -> float:
    return _LABELS + (_WIDTH - _LABELS - 30) * seconds / span


def _draw_axis(span: float, height: float) -> Iterator[str]:
    bottom = height - _AXIS
    for tick in _ticks(span):
        x = _x(tick, span)
        yield f'<path class="grid" d="M{x:.1f} 0V{bottom:g}"/>'
        text = describe_seconds(tick) if tick else "0"
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16:g}">{xml(text)}</text>'


def _ticks(span: float) -> list[float]:
    """Return round times from 0 up to ``span``, at most eight.

    Examples
    --------
    >>> _ticks(10.5)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]

    """
    rough = span / (_MOST_TICKS - 1)
    power = 10.0 ** ceil(log10(rough) - 1)
    step = next(
        size
        for size in (power * factor for factor in (1, 2, 5, 10, 20))
        if span / size < _MOST_TICKS
    )
    return [number * step for number in range(int(span / step) + 1)]


def _draw_lane(name: str, number: int) -> str:
    y = number * _ROW + _ROW / 2
    return (
        f'<text class="lane" x="0" y="{y:g}"><title>{xml(name)}</title>'
        f"{xml(shorten(name, _LABEL_CELLS))}</text>"
    )


def _draw_bar(bar: _Bar, lane: int, span: float) -> str:
    x, y = _x(bar.start, span), lane * _ROW + (_ROW - _BAR) / 2
    width = max(_x(bar.start + bar.seconds, span) - x, 2.0)
    label = ""
    if count_cells(bar.stage) * CELL_WIDTH + 12 < width:
        label = f'<text class="name" x="{x + 6:.1f}" y="{y + _BAR / 2:g}">{xml(bar.stage)}</text>'
    failed = " failed" if bar.is_failed else ""
    return (
        f'<g class="bar{failed}" style="--record: {bar.color}"><title>{xml(bar.title)}</title>'
        f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{_BAR:g}" rx="3"/>{label}</g>'
    )
