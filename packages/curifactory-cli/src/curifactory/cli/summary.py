"""What a run, or a map, says of itself in the end."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from curifactory.calls import EXECUTED, FAILED, LOADED, PENDING, SKIPPED
from curifactory.causes import CauseKind
from curifactory.cli.terminal import counted, duration
from curifactory.planning import LOAD, RUN, SKIP, UP_TO_DATE, Decision

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager


class Skipped(StrEnum):
    """Why a stage is neither executed nor loaded."""

    UP_TO_DATE = "up to date"
    STALE = "stale"
    """In the cache and not loaded, but code or an input is not what it was computed from."""
    PERHAPS_STALE = "stale if an input changes"
    """In the cache and not loaded; something it was computed from runs again."""
    NOT_NEEDED = "not needed"
    """Not in the cache, and nobody asks for it."""
    BLOCKED = "not run after a failure"
    """Something it is computed from failed."""


def summarise_run(manager: "ArtifactManager", seconds: float) -> str:
    """Return how many stages of a finished run were executed and how many came from the cache.

    Parameters
    ----------
    manager
        The run.
    seconds
        How long it took.

    """
    calls = [call for record in manager.all_records for call in record.calls]
    counts = Counter(call.status for call in calls)
    skipped = _count_skipped(
        call.decision for call in calls if call.status is SKIPPED and call.decision is not None
    )
    unreached = counts[PENDING]
    total = len(calls)
    if manager.plan is not None:
        missing = len(manager.plan.missing_calls(manager))
        unreached, total = unreached + missing, total + missing
    if counts[EXECUTED] + counts[FAILED] + unreached == 0:
        return _nothing_ran(total, skipped)
    parts = [f"{counts[EXECUTED]} run", f"{counts[LOADED]} loaded"]
    parts += _named(skipped)
    for count, words in ((counts[FAILED], "failed"), (unreached, "not reached")):
        parts += [f"{count} {words}"] if count else []
    return f"{counted(total, 'stage')}: {', '.join(parts)}, in {duration(seconds)}"


def _nothing_ran(total: int, skipped: Counter[Skipped]) -> str:
    if not total:
        return "Nothing ran: run() called no stage."
    needless = skipped[Skipped.NOT_NEEDED]
    rest = f", {needless} more not needed" if needless else ""
    stale = f", {skipped[Skipped.STALE]} of them stale" if skipped[Skipped.STALE] else ""
    cached = counted(total - needless, "stage")
    return f"Nothing ran: everything came from the cache ({cached}{stale}{rest})."


def summarise_map(decisions: Iterable[Decision]) -> str:
    """Return how many stages there are, and what would happen to how many."""
    decisions = list(decisions)
    running = [item for item in decisions if item.action is RUN]
    loaded = [item for item in decisions if item.action is LOAD]
    skipped = _count_skipped(item for item in decisions if item.action is SKIP)
    perhaps = len([item for item in running if item.only_if_changed])
    parts = [f"{len(running) - perhaps} to run"]
    parts += [f"{perhaps} to run if an input changes"] if perhaps else []
    parts += [f"{len(loaded)} to load", *_named(skipped)]
    return f"{counted(len(decisions), 'stage')}: {', '.join(parts)}"


def _count_skipped(decisions: Iterable[Decision]) -> Counter[Skipped]:
    decisions = list(decisions)
    others = [decision for decision in decisions if decision is not UP_TO_DATE]
    counts = Counter(map(_why_skipped, others))
    counts[Skipped.UP_TO_DATE] += len(decisions) - len(others)
    return counts


def _why_skipped(decision: Decision) -> Skipped:
    kinds = [cause.kind for cause in decision.causes]
    if CauseKind.INPUT_FAILED in kinds:
        return Skipped.BLOCKED
    if CauseKind.NOT_NEEDED in kinds:
        return Skipped.NOT_NEEDED
    if decision.stale:
        return Skipped.STALE
    return Skipped.PERHAPS_STALE if decision.only_if_changed else Skipped.UP_TO_DATE


def _named(skipped: Counter[Skipped]) -> list[str]:
    """Return the counts in words: those of what is up to date always, others if there are any."""
    return [
        f"{skipped[kind]} {kind}" for kind in Skipped if skipped[kind] or kind is Skipped.UP_TO_DATE
    ]
