"""Deciding about a call when it is made, and saying which results are used although stale."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from curifactory.calls import CallStatus, StageCall
from curifactory.causes import STALE, Cause, CauseKind
from curifactory.config import OnStale
from curifactory.explaining import describe_all
from curifactory.holding import forced_by, look_up, make_node, recorded_facts
from curifactory.planning import NOT_NEEDED, Action, Decision, Need, Renewal
from curifactory.planning import decide as decide_node

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_log = logging.getLogger(__name__)
_MOST_NAMED = 20
_FORCED = CauseKind.FORCED


def decide(call: StageCall) -> Decision:
    """Return what to do with ``call`` where there is no plan: by the planner's own rule."""
    manager = call.record.manager
    unplanned = () if manager.plan is None else (Cause(CauseKind.UNPLANNED),)
    if not call.is_stored:  # it runs, whatever else there is to know of it
        call.renewed_by = _renewed_by(call, compared=False)
        forced = forced_by(call)
        if forced is None and not unplanned:
            return _nowhere_stored(call)
        return Decision(Action.RUN, unplanned + ((forced,) if forced else look_up(call)[0]))
    if manager.freshness is not None and manager.plan is None:
        manager.freshness.look_again()
    node = make_node(call)
    call.renewed_by = _renewed_by(call, compared=node.sources is not None)
    renewed = None if call.renewed_by is None else Renewal(call.renewed_by, may_be_equal=False)
    stale = bool(node.stale or renewed) and manager.on_stale is OnStale.RERUN
    need = Need.SURE if node.forced or not node.cached or stale else Need.NONE
    decision = decide_node(node, need, node.forced, renewed)
    if decision.stale:
        warn_of_stale(manager, [(call, decision)])
    action = Action.RUN if decision.action is Action.RUN else Action.LOAD
    return Decision(action, unplanned + decision.causes)


def _nowhere_stored(call: StageCall) -> Decision:
    """Return the decision that all calls share of a stage that stores nothing."""
    known = call.record.manager.nowhere_stored
    decision = known.get(call.spec)
    if decision is None:
        decision = known[call.spec] = Decision(Action.RUN, look_up(call)[0])
    return decision


def _renewed_by(call: StageCall, *, compared: bool) -> str | None:
    """Return a forced call that ``call`` was computed from, directly or not.

    With ``compared``, what is stored does not matter: its content tells whether it has changed.
    """
    for artifact in call.reads:
        source = artifact.call
        if source.decision is None or (compared and artifact.is_stored):
            continue
        for cause in source.decision.causes:
            if cause.kind is _FORCED:
                return source.label
        if source.renewed_by is not None:
            return source.renewed_by
    return None


def settle(call: StageCall, decision: Decision) -> Decision:
    """Return what a decision that depends on what came out of earlier calls comes down to."""
    if not decision.only_if_changed:
        return decision
    changed, comparable = _changes(call)
    if decision.action is Action.RUN:
        if changed:
            return Decision(Action.RUN, changed)
        equal = tuple(
            Cause(CauseKind.INPUT_EQUAL, cause.subject)
            for cause in decision.causes
            if cause.kind is CauseKind.INPUT_RENEWED
        )
        return Decision(Action.SKIP, equal) if comparable else NOT_NEEDED
    others = tuple(cause for cause in decision.causes if cause.kind is not CauseKind.INPUT_RENEWED)
    settled = Decision(decision.action, others)
    if changed:
        kept = tuple(cause for cause in others if cause.kind is not CauseKind.UP_TO_DATE)
        settled = Decision(decision.action, kept + changed)
    warn_of_stale(call.record.manager, [(call, settled)])
    return settled


def _changes(call: StageCall) -> tuple[tuple[Cause, ...], bool]:
    """Return what ``call`` was computed from that came out different, and if it is stored."""
    from curifactory.freshness import changed_inputs, freshness_of

    misses, _, metadata = look_up(call)
    facts = None if misses else recorded_facts(metadata)
    if facts is not None:
        freshness = freshness_of(call.record.manager)
        changed = changed_inputs(freshness.sources(call), facts)
        if not changed:
            freshness.confirm(call, facts)
        return tuple(changed), True
    executed = (
        Cause(CauseKind.INPUT_RENEWED, artifact.call.label)
        for artifact in call.reads
        if artifact.call.status is CallStatus.EXECUTED
    )
    return tuple(executed), not misses


def warn_of_stale(
    manager: "ArtifactManager", decided: Iterable[tuple[StageCall, Decision]]
) -> None:
    """Name the results that are used although they are stale, unless that is to be ignored.

    Results of one stage that are stale for the same reasons are named together.
    """
    if manager.on_stale is not OnStale.WARN:
        return
    groups: dict[tuple[str, tuple[Cause, ...]], list[StageCall]] = {}
    for call, decision in (each for each in decided if each[1].stale):
        causes = tuple(cause for cause in decision.causes if cause.kind in STALE)
        groups.setdefault((call.name, causes), []).append(call)
    for (stage, causes), calls in groups.items():
        _log.warning(
            "%s of %s is used from the cache although it is %s. Renew it with: %s",
            stage,
            _named(calls),
            describe_all(causes),
            _renewing_command(manager, stage),
        )


def _named(calls: list[StageCall]) -> str:
    names = [call.record.get_reference_name() for call in calls]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _renewing_command(manager: "ArtifactManager", stage: str) -> str:
    return manager.renewing_command or f"manager.overwrite_stages.append({stage!r})"
