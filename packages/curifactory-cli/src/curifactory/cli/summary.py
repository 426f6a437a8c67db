"""What a run, or a map, says of itself in the end."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from curifactory.calls import CallStatus
from curifactory.causes import CauseKind
from curifactory.cli.terminal import counted, duration
from curifactory.planning import UP_TO_DATE, Action, Decision

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
        call.decision
        for call in calls
        if call.status is CallStatus.SKIPPED and call.decision is not None
    )
    unreached = counts[CallStatus.PENDING]
    total = len(calls)
    if manager.plan is not None:
        missing = len(manager.plan.missing_calls(manager))
        unreached, total = unreached + missing, total + missing
    if counts[CallStatus.EXECUTED] + counts[CallStatus.FAILED] + unreached == 0:
        return _nothing_ran(total, skipped)
    parts = [f"{counts[CallStatus.EXECUTED]} run", f"{counts[CallStatus.LOADED]} loaded"]
    parts += _named(skipped)
    for count, words in ((counts[CallStatus.FAILED], "failed"), (unreached, "not reached")):
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
    running = [item for item in decisions if item.action is Action.RUN]
    loaded = [item for item in decisions if item.action is Action.LOAD]
    skipped = _count_skipped(item for item in decisions if item.action is Action.SKIP)
    perhaps = len([item for item in running if item.only_if_changed])
    parts = [f"{len(running) - perhaps} to run"]
    parts += [f"{perhaps} to run if an input changes"] if perhaps else []
    parts += [f"{len(loaded)} to load", *_named(skipped)]
    return f"{counted(len(decisions), 'stage')}: {', '.join(parts)}"


def _count_skipped(decisions: Iterable[Decision]) -> Counter[Skipped]:
    counts: Counter[Skipped] = Counter()
    for decision in decisions:
        if decision is UP_TO_DATE:
            counts[Skipped.UP_TO_DATE] += 1
            continue
        kinds = [cause.kind for cause in decision.causes]
        if CauseKind.INPUT_FAILED in kinds:
            counts[Skipped.BLOCKED] += 1
        elif CauseKind.NOT_NEEDED in kinds:
            counts[Skipped.NOT_NEEDED] += 1
        elif decision.stale:
            counts[Skipped.STALE] += 1
        elif decision.only_if_changed:
            counts[Skipped.PERHAPS_STALE] += 1
        else:
            counts[Skipped.UP_TO_DATE] += 1
    return counts


def _named(skipped: Counter[Skipped]) -> list[str]:
    """Return the counts in words: those of what is up to date always, others if there are any."""
    return [
        f"{skipped[kind]} {kind}" for kind in Skipped if skipped[kind] or kind is Skipped.UP_TO_DATE
    ]
