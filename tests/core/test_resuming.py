"""Calls of the map that go on in the run, and those that are made anew because they differ."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.mapping import RunPlan
from curifactory.protocols import Cacher

RunPlanned = Callable[..., ArtifactManager]
Stage = Callable[..., Record]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


class Stages(NamedTuple):
    """Stages that capture nothing."""

    make: Stage
    add: Stage


@pytest.fixture
def stages(cacher: type[Cacher]) -> Stages:
    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record, start: Any = 0) -> int:
        return int(record.params.value) + (start if isinstance(start, int) else sum(start))

    @stage(["number"], ["number", "sum"], [cacher, cacher])
    def add(record: Record, number: int) -> tuple[int, int]:
        return number + 1, number + 10

    return Stages(make, add)


def the_plan(manager: ArtifactManager) -> RunPlan:
    assert manager.plan is not None
    return manager.plan


def test_a_call_of_the_map_becomes_one_of_the_record_of_the_run(
    stages: Stages, run_planned: RunPlanned
) -> None:
    records: list[Record] = []

    def run(manager: ArtifactManager) -> None:
        Record(manager, Params(value=5), hide=True)
        records.append(stages.add(stages.add(stages.make(Record(manager, Params())))))

    manager = run_planned(run)
    mapped, record = records

    assert all(one is other for one, other in zip(mapped.calls, record.calls, strict=True))
    assert [call.record for call in record.calls] == [record] * 3
    assert [call.number for call in record.calls] == [0, 1, 2]
    assert [artifact.index for artifact in manager.artifacts] == [0, 1, 2, 3, 4]
    assert [call.key for call in record.calls] == [(1, 0), (1, 1), (1, 2)]
    assert record.stage_inputs == [[], [0], [1]]
    assert record.calls[1].inputs[0].origins[0].record is record
    assert (record.state["number"], record.state["sum"]) == (3, 12)
    assert [call.record.params is record.params for call in the_plan(manager).mapped.calls] == [
        True
    ] * 3


def test_inputs_that_were_looked_at_in_the_map_are_those_of_the_run(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> Record:
        record = stages.add(stages.make(Record(manager, Params())))
        assert [origin.record for origin in record.calls[1].inputs[0].origins] == [record]
        return record

    assert run_planned(run).records[0].state["number"] == 2


def test_a_parameter_set_that_changes_between_map_and_run_is_not_that_of_the_map(
    stages: Stages, run_planned: RunPlanned
) -> None:
    values = [1, 2]

    def run(manager: ArtifactManager) -> None:
        stages.add(stages.make(Record(manager, Params(value=values.pop(0)))))

    manager = run_planned(run)

    assert manager.records[0].state["number"] == 3
    assert [call.name for call in the_plan(manager).unplanned] == ["make", "add"]


def test_a_value_that_is_put_over_an_artifact_after_the_map_is_read(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> None:
        record = stages.make(Record(manager, Params()))
        if manager.mapping is None:
            record.state["number"] = 100
        stages.add(record)

    run_planned(run)
    manager = run_planned(run)

    assert manager.records[0].state["sum"] == 110


def test_another_stage_in_its_place_is_not_the_call_of_the_map(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> None:
        record = stages.make(Record(manager, Params()))
        if manager.mapping is None:
            stages.add(record)
        stages.make(record)

    manager = run_planned(run)

    assert manager.records[0].stages == ["make", "add", "make"]
    assert [call.name for call in the_plan(manager).unplanned] == ["add", "make"]
    assert (manager.records[0].state["number"], manager.records[0].state["sum"]) == (1, 11)


def test_a_copied_record_reads_what_the_first_one_made(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> None:
        record = stages.make(Record(manager, Params()))
        stages.add(record.make_copy(Params(value=7)))
        stages.add(record)

    run_planned(run)
    first, copy = run_planned(run).records

    assert copy.calls[0].reads == first.calls[1].reads == first.calls[0].outputs
    assert [call.status.value for call in (*first.calls, *copy.calls)] == ["skipped"] * 3
    assert (first.state["number"], copy.state["number"]) == (2, 2)


def test_what_a_stage_is_given_counts_as_it_was_when_it_was_called(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> None:
        start = [1]
        stages.make(Record(manager, Params()), start=start)
        start.append(10)
        stages.make(Record(manager, Params()), start=start)

    run_planned(run)
    manager = run_planned(run)
    paths = [record.calls[0].outputs[0].path for record in manager.records]

    assert [record.state["number"] for record in manager.records] == [2, 12]
    assert len(set(paths)) == 2
    assert [record.calls[0].status.value for record in manager.records] == ["skipped"] * 2


def test_a_later_call_gets_file_names_that_no_call_of_the_map_has(
    stages: Stages, run_planned: RunPlanned
) -> None:
    def run(manager: ArtifactManager) -> None:
        stages.make(Record(manager, Params()))
        if manager.mapping is None:
            stages.make(Record(manager, Params()), start=10)

    manager = run_planned(run)
    plain, more = manager.records

    assert plain.calls[0].outputs[0].path != more.calls[0].outputs[0].path
    assert (plain.state["number"], more.state["number"]) == (1, 11)


def test_a_call_that_was_made_is_not_made_once_more(
    stages: Stages, new_manager: Callable[..., ArtifactManager]
) -> None:
    manager = new_manager()
    manager.map_mode = True
    stages.make(Record(manager, Params()))
    manager.map_records()
    first = stages.make(Record(manager, Params()))
    manager.start_over()
    second = stages.make(Record(manager, Params()))

    assert first.calls[0] is not second.calls[0]
    assert (first.state["number"], second.state["number"]) == (1, 1)
