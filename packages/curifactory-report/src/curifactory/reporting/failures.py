"""What went wrong in a run, in words."""

import os
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import curifactory
from curifactory.reporting.describing import record_title

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record

_MOST_RECORDS = 5
_MOST_ERRORS = 10
_FRAME = re.compile(
    r"""^[ ]{2}File[ ]"(?P<path>[^"\n]+)",[ ]line[ ].*\n
    (?:[ ]{4}.*\n|[ ]{2}\[Previous[ ]line[ ].*\n)*""",
    re.MULTILINE | re.VERBOSE,
)


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
    """Of the first one, with the frames of the project and of libraries; the log has all."""


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
        _without_own_frames(info.get("traceback") or ""),
    )


def _without_own_frames(text: str) -> str:
    """Return a traceback without the frames of curifactory itself, if it has others."""
    roots = tuple(f"{os.path.abspath(root)}{os.sep}" for root in curifactory.__path__)
    shown = _FRAME.sub(lambda frame: "" if frame["path"].startswith(roots) else frame[0], text)
    return shown if _FRAME.search(shown) else text


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
