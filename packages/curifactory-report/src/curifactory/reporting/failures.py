"""What went wrong in a run, in words."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from curifactory.reporting.describing import record_title

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record

_MOST_RECORDS = 5
_MOST_ERRORS = 10


class Failure(NamedTuple):
    """An error, and where it happened."""

    error: str
    place: str
    """The stage with its records, the first of them by name; empty outside of stages."""


class Failures(NamedTuple):
    """All of a run."""

    shown: Sequence[Failure]
    more: int
    """How many errors are not among them."""
    traceback: str
    """Of the first one."""


def collect_failures(manager: "ArtifactManager") -> Failures | None:
    """Return what went wrong, equal errors together; ``None`` if nothing did."""
    info = manager.run_info
    if "error" not in info:
        return None
    found = _find_errors(manager.records)
    if len({error for error, _ in found}) < 2:  # what the run says is not always of a stage
        found = {(info["error"], stage): records for (_, stage), records in found.items()}
    shown = [
        Failure(error, f"stage {stage!r} of {_name(records)}")
        for (error, stage), records in islice(found.items(), _MOST_ERRORS)
    ]
    return Failures(
        shown or [Failure(info["error"], "")],
        len(found) - len(shown),
        info.get("traceback") or "",
    )


def _find_errors(records: "Sequence[Record]") -> dict[tuple[str, str], list[str]]:
    """Return the records of equal errors of a stage, by error and stage."""
    found: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for call in record.calls:
            if call.status == "failed":
                error = "" if call.error is None else f"{type(call.error).__name__} - {call.error}"
                found.setdefault((error, call.name), []).append(record_title(record))
    return found


def _name(records: Sequence[str]) -> str:
    named, more = records[:_MOST_RECORDS], len(records) - _MOST_RECORDS
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
