"""Values that are read although they are not in memory."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, aggregate, stage
from curifactory.exceptions import ExecutingWithSkippedInputError
from curifactory.protocols import Cacher

RAN: list[str] = []


@dataclass
class Params(ExperimentParameters):
    value: int = 1


@stage(outputs=["number"])
def make_number(record: Record) -> int:
    RAN.append("make_number")
    return int(record.params.value)


@stage(inputs=["number"], outputs=["number"])
def increase(record: Record, number: int) -> int:
    RAN.append("increase")
    return number + 1


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    """Forget what ran in other tests."""
    RAN.clear()


def damage(record: Record) -> None:
    """Make the artifact of the record's last call unreadable."""
    Path(record.calls[-1].outputs[0].path or "").write_bytes(b"damaged")


def test_an_aggregate_computed_again_gets_the_values_it_was_bound_to(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @aggregate(inputs=["number"], outputs=[Lazy("total")], cachers=[cacher])
    def add_up(record: Record, records: list[Record], number: dict[Record, int]) -> int:
        return sum(number.values())

    @stage(inputs=["number"], outputs=["number"])
    def negate(record: Record, number: int) -> int:
        return -number

    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2)]
    total = add_up(Record(manager, None), records)
    negate(records[0])
    Path(total.calls[0].outputs[0].path or "").write_bytes(b"damaged")

    assert total.state["total"] == 3


def test_an_artifact_without_cacher_can_be_fetched_after_its_name_is_taken(
    manager: ArtifactManager,
) -> None:
    @stage(outputs=["data"])
    def make(record: Record) -> int:
        return 1

    @stage(inputs=["data"], outputs=["data"])
    def increase(record: Record, data: int) -> int:
        return data + 1

    record = increase(increase(make(Record(manager, Params()))))

    assert [call.outputs[0].fetch() for call in record.calls] == [1, 2, 3]
    assert record.state["data"] == 3


def test_a_long_chain_of_missing_values_is_computed(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(inputs=["number"], outputs=[Lazy("last")], cachers=[cacher])
    def finish(record: Record, number: int) -> int:
        return number

    record = make_number(Record(manager, Params()))
    for _ in range(1500):
        increase(record)
    finish(record)
    damage(record)
    del record.state["number"]

    assert record.state["last"] == 1501
    assert len(RAN) == 2 * 1501


def test_what_is_still_in_memory_is_not_computed_for_a_missing_value(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(inputs=["number"], outputs=[Lazy("last")], cachers=[cacher])
    def finish(record: Record, number: int) -> int:
        RAN.append("finish")
        return number

    record = finish(make_number(Record(manager, Params())))
    damage(record)

    assert record.state["last"] == 1
    assert RAN == ["make_number", "finish", "finish"]


def test_computing_a_missing_value_leaves_output_and_later_values_alone(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data"), "other"], cachers=[cacher, cacher])
    def make(record: Record) -> tuple[list[int], str]:
        return [1], "computed"

    record = make(Record(manager, Params()))
    path = Path(record.calls[0].outputs[0].path or "")
    increase(make_number(record))
    record.state["other"] = "put by hand"
    path.unlink()

    assert record.state["data"] == [1]
    assert record.state["other"] == "put by hand"
    assert record.output == 2
    assert record.stages == ["make", "make_number", "increase"]


def test_a_failure_while_computing_a_missing_value_is_raised_and_changes_nothing(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        RAN.append("make")
        if len(RAN) > 1:
            raise LookupError("not this time")
        return 1

    record = make(Record(manager, Params()))
    record.state["other"] = 5
    damage(record)

    with pytest.raises(LookupError, match="not this time"):
        record.state["data"]
    assert record.state["other"] == 5
    assert manager.active_call is None


def test_a_session_may_refuse_to_compute_what_is_missing(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 1

    record = make(Record(manager, Params()))
    manager.computes_missing = False
    damage(record)

    with pytest.raises(ExecutingWithSkippedInputError, match="'data' of 'make' of Record 0"):
        record.state["data"]


def test_an_aggregate_without_inputs_computed_late_reads_the_states_as_they_were(
    run_planned: Callable[..., ArtifactManager], cacher: type[Cacher]
) -> None:
    @stage(["a"], ["a"], [cacher], suppress_missing_inputs=True)
    def count(record: Record, a: int = 0) -> int:
        return a + 1

    @aggregate(None, ["total"], [cacher])
    def add_up(record: Record, records: list[Record]) -> int:
        return sum(sum(each.state.values()) for each in records)

    def steps(manager: ArtifactManager) -> None:
        record = count(Record(manager, None))
        first = add_up(Record(manager, None), [record])
        count(record)
        add_up(Record(manager, None), [record, first])

    manager = run_planned(steps)
    path = manager.records[1].calls[0].outputs[0].path
    assert path is not None
    os.unlink(path)

    manager = run_planned(steps)

    assert manager.records[1].state["total"] == 1
    assert manager.records[0].state["a"] == 2
