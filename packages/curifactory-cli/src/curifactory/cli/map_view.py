"""What ``--map`` prints: every stage, what the cache has of it, what happens to it and why."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from curifactory.artifact import Artifact
from curifactory.calls import InputSource, StageCall, StageSpec
from curifactory.cli.console import label_of, why
from curifactory.cli.summary import summarise_map
from curifactory.mapping import RunPlan
from curifactory.planning import Action

if TYPE_CHECKING:
    from curifactory.record import Record

_SOURCES = {
    InputSource.STATE: "set by run()",
    InputSource.KEYWORD: "given by keyword",
    InputSource.DEFAULT: "the function's default",
    InputSource.RECORDS: "no record has it",
}
"""What is said of an input that no stage made."""


class MapView:
    """The text of a plan."""

    def __init__(self, plan: RunPlan) -> None:
        self._calls = plan.calls()
        self._decisions = dict(self._calls)
        self._leaves = dict(zip(plan.mapped.calls, plan.plan.leaves, strict=True))
        self._shown: dict[Artifact, str] = {}
        self._explained: set[StageSpec] = set()

    def lines(self, records: "Sequence[Record]", *, verbose: bool = False) -> Iterator[str]:
        """Yield the lines of the map of ``records``, those of a record together, and its summary.

        With ``verbose``, what has changed is shown under each stage, and the stages that would run
        are listed before the summary, in order.
        """
        for record in records:
            shown = [f"==== {record.get_reference_name()} hash: {record.get_hash()} ===="]
            for call in record.calls:
                shown.append(self._stage(call))
                if verbose:
                    shown += self._details(call)
            yield "\n".join(shown)
            yield ""
        if verbose:
            yield from self._execution_list()
        yield summarise_map(self._decisions.values())

    def lines_about(self, stage: str) -> Iterator[str]:
        """Yield what is known of each call of ``stage``, in the order of the records."""
        for call in self._decisions:
            if call.name == stage:
                yield f"==== {call.record.get_reference_name()} hash: {call.hash} ===="
                yield self._stage(call)
                yield from self._details(call)
                yield ""

    def _details(self, call: StageCall) -> Iterator[str]:
        from curifactory.cli.map_details import blind_spots, detail_lines  # reads code

        yield from (f"\t\t{line}" for line in detail_lines(call, self._decisions[call]))
        if call.spec not in self._explained:
            self._explained.add(call.spec)
            unfollowed = blind_spots(call)
            if unfollowed:
                yield _listed("Cannot be followed:", unfollowed)

    def _stage(self, call: StageCall) -> str:
        shown = [f"Stage: {call.spec.name}{' (leaf)' if self._leaves[call] else ''}"]
        records = input_records(call)
        if records:
            names = [record.get_reference_name() for record in records]
            shown.append(_listed("Input records:", names))
        if call.spec.inputs:
            shown.append(_listed("Inputs:", self._inputs(call)))
        if call.outputs:
            outputs = [self._artifact(artifact) for artifact in call.outputs]
            shown.append(_listed("Outputs:", outputs))
        shown.append(f"\t{why(self._decisions[call])}")
        return "\n".join(shown)

    def _inputs(self, call: StageCall) -> list[str]:
        if call.is_plain and not call.is_aggregate:
            return [self._input(artifact, call) for artifact in call.reads]
        found = []
        for bound in call.inputs:
            found += [self._input(artifact, call) for artifact in bound.artifacts] or [
                f"{bound.name} ({_SOURCES[bound.source]})"
            ]
        return found

    def _input(self, artifact: Artifact, call: StageCall) -> str:
        """Return what an input is, and which record it comes from if it is another one."""
        other = artifact.call.record
        shown = self._artifact(artifact)
        return shown if other is call.record else f"{shown} from {other.get_reference_name()}"

    def _artifact(self, artifact: Artifact) -> str:
        """Return name and cache status, with the run that made it."""
        if not artifact.cached:
            return artifact.name
        if artifact not in self._shown:
            reference = generating_run(artifact)
            self._shown[artifact] = " (cached)" + (f" [{reference}]" if reference else "")
        return artifact.name + self._shown[artifact]

    def _execution_list(self) -> Iterator[str]:
        running = [call for call, decision in self._calls if decision.action is Action.RUN]
        if running:
            yield "Would run, in this order:"
            yield from (f"\t{call.name} ({label_of(call)})" for call in running)
            yield ""


def _listed(heading: str, items: Iterable[str]) -> str:
    """Return ``heading`` and the items under it."""
    return "\n\t\t".join((f"\t{heading}", *items))


def input_records(call: StageCall) -> "Sequence[Record]":
    """Return the records an aggregate runs over, or which the record of a first stage copies."""
    if call.records is not None:
        return call.records
    return call.record.input_records if call.position == 0 else ()


def generating_run(artifact: Artifact) -> str | None:
    """Return the reference of the run that made a cached artifact, where that is recorded."""
    metadata = None if artifact.cacher is None else artifact.cacher.look_up().metadata
    run_info = (metadata or {}).get("manager_run_info")
    return run_info.get("reference") if isinstance(run_info, dict) else None
