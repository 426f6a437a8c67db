"""Records, calls and durations in words, the same on every page."""

from typing import TYPE_CHECKING

from curifactory.causes import CauseKind

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.record import Record

_STATUSES = {
    "executed": "ran",
    "loaded": "loaded from the cache",
    "skipped": "skipped",
    "failed": "failed",
    "pending": "not reached",
    "blocked": "not run after a failure",
}


def record_title(record: "Record") -> str:
    """Return ``Record <index> (<name of its parameter set>)``."""
    index = record.get_record_index()
    number = "Hidden record" if index < 0 else f"Record {index}"
    if record.params is not None:
        return f"{number} ({record.params.name})"
    return f"{number} ({'aggregate' if record.is_aggregate else 'no parameters'})"


def fate(call: "StageCall") -> str:
    """Return what became of a call: its status, or ``blocked`` if what it needed failed."""
    causes = () if call.decision is None else call.decision.causes
    lost = any(cause.kind is CauseKind.INPUT_FAILED for cause in causes)
    return "blocked" if lost and call.status == "skipped" else str(call.status)


def describe_status(status: str) -> str:
    """Return what became of a call, in words."""
    return _STATUSES[status]


def describe_bytes(count: int | None) -> str:
    """Return a size to three digits, in the unit a person would use.

    Examples
    --------
    >>> describe_bytes(512), describe_bytes(1_500_000), describe_bytes(None)
    ('512 B', '1.5 MB', '')

    """
    if count is None:
        return ""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:  # what is above would be rounded to 1e+03
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def describe_seconds(seconds: float | None) -> str:
    """Return a duration to three digits, in the unit a person would use.

    Examples
    --------
    >>> describe_seconds(0.0042), describe_seconds(12.34), describe_seconds(3725)
    ('4.2 ms', '12.3 s', '1 h 2 min')

    """
    if seconds is None:
        return ""
    if seconds < 0.9995:  # what is above would be rounded to 1e+03 ms
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
