"""A plan as data, with an estimate of the time it takes."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curifactory.calls import StageCall
from curifactory.cli.map_details import blind_spots
from curifactory.cli.map_view import generating_run, input_records
from curifactory.differing import differences
from curifactory.estimating import Durations
from curifactory.explaining import describe
from curifactory.mapping import RunPlan
from curifactory.planning import Action, Decision

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record


def map_as_data(
    plan: RunPlan, manager: "ArtifactManager", stage: str | None = None
) -> dict[str, Any]:
    """Return the plan of a session as what JSON can hold.

    Parameters
    ----------
    plan
        The plan.
    manager
        Its session.
    stage
        Leave out every other stage; ``None`` for all.

    """
    durations = Durations(manager.manager_cache_path, str(manager.experiment_name))
    decisions = dict(plan.calls())
    leaves = dict(zip(plan.mapped.calls, plan.plan.leaves, strict=True))
    records = []
    for record in manager.all_records:
        stages = [
            _call(call, decisions[call], durations, leaf=leaves[call])
            for call in record.calls
            if stage in {None, call.name}
        ]
        if stages or stage is None:
            records.append({**_record(record), "stages": stages})
    return {
        "format": 1,
        "experiment": manager.experiment_name,
        "on_stale": manager.on_stale.value,
        "records": records,
        "counts": _counts(decisions.values()),
        "estimate": _estimate(decisions, durations),
    }


def _record(record: "Record") -> dict[str, Any]:
    return {
        "record": record.get_record_index(),
        "name": None if record.params is None else record.params.name,
        "hash": record.get_hash(),
        "aggregate": record.is_aggregate,
    }


def _call(
    call: StageCall, decision: Decision, durations: Durations, *, leaf: bool
) -> dict[str, Any]:
    return {
        "stage": call.name,
        "leaf": leaf,
        "action": decision.action.value,
        "only_if_changed": decision.only_if_changed,
        "stale": decision.stale,
        "causes": [
            {
                "kind": cause.kind.value,
                "subject": cause.subject,
                "detail": cause.detail,
                "words": describe(cause),
            }
            for cause in decision.causes
        ],
        "differences": [each._asdict() for each in differences(call, decision)],
        "blind_spots": list(blind_spots(call)),
        "input_records": [each.get_record_index() for each in input_records(call)],
        "inputs": [
            {
                "name": artifact.name,
                "record": artifact.call.record.get_record_index(),
                "stage": artifact.call.name,
            }
            for bound in call.inputs
            for artifact in bound.artifacts
        ],
        "outputs": [
            {
                "name": artifact.name,
                "cached": artifact.cached,
                "run": generating_run(artifact) if artifact.cached else None,
            }
            for artifact in call.outputs
        ],
        "seconds": durations.seconds(call.name, call.hash),
    }


def _counts(decisions: Any) -> dict[str, int]:
    counts = Counter(decision.action for decision in decisions)
    return {action.value: counts[action] for action in Action}


def _estimate(decisions: dict[StageCall, Decision], durations: Durations) -> dict[str, Any]:
    """Return how many seconds the calls take that run surely, and those that may run."""
    sure, perhaps, unknown = 0.0, 0.0, dict[str, None]()
    for call, decision in _running(decisions):
        seconds = durations.seconds(call.name, call.hash)
        if seconds is None:
            unknown[call.name] = None
        elif decision.only_if_changed:
            perhaps += seconds
        else:
            sure += seconds
    return {
        "seconds": round(sure, 3),
        "seconds_if_changed": round(perhaps, 3),
        "stages_without_times": list(unknown),
    }


def _running(decisions: dict[StageCall, Decision]) -> Iterator[tuple[StageCall, Decision]]:
    for call, decision in decisions.items():
        if decision.action is Action.RUN:
            yield call, decision
