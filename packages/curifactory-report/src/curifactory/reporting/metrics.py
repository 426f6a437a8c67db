"""The metrics of a run, by record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curifactory.reporting.metrics_reporter import format_metric
from curifactory.reporting.shown import ShownReportable


@dataclass(frozen=True, slots=True)
class MetricsTable:
    """Records with their metrics side by side."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Title and colour of each record, and its numbers in words; empty where it has none."""


def collect_metrics(
    shown: Iterable[ShownReportable],
) -> dict[tuple[str, str], dict[str, int | float]]:
    """Return ``{(title, colour) of the record: {name: number}}``; of two with a name, the last."""
    found: dict[tuple[str, str], dict[str, int | float]] = {}
    for each in shown:
        if each.metrics is not None:
            found.setdefault((each.record, each.color), {}).update(each.metrics)
    return found


def compare_metrics(
    by_record: Mapping[tuple[str, str], Mapping[str, int | float]],
) -> MetricsTable:
    """Return the metrics of each record side by side."""
    names = tuple(dict.fromkeys(name for own in by_record.values() for name in own))
    return MetricsTable(
        names,
        tuple(
            (
                title,
                color,
                tuple(format_metric(own[name]) if name in own else "" for name in names),
            )
            for (title, color), own in by_record.items()
        ),
    )
