"""Lineage: equal for calls that compute the same, in every session, and different otherwise."""

import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from tests.core.number_stages import Params, double, make_number

from curifactory import ArtifactManager, Record, aggregate, stage
from curifactory.lineage import lineage


@aggregate(outputs=["total"])
def add_states(record: Record, records: list[Record]) -> int:
    return sum(int(each.state["number"]) for each in records)


@pytest.fixture
def record(manager: ArtifactManager) -> Record:
    return Record(manager, Params(name="small"))


@pytest.fixture
def deadline() -> Iterator[None]:
    """Fail a test that has not come to its end after some seconds."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("this takes too long")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_equal_calls_have_equal_lineage(manager: ArtifactManager) -> None:
    calls = [
        double(make_number(Record(manager, Params(value=value)))).calls[1] for value in (1, 1, 2)
    ]

    assert lineage(calls[0]) == lineage(calls[1]) != lineage(calls[2])


@pytest.mark.parametrize("by_keyword", [True, False])
def test_lineage_tells_values_given_by_hand_apart(
    manager: ArtifactManager, by_keyword: bool
) -> None:
    def call_with(number: int) -> str:
        record = Record(manager, Params())
        if by_keyword:
            return lineage(double(record, number=number).calls[0])
        record.state["number"] = number
        return lineage(double(record).calls[0])

    assert call_with(1) == call_with(1) != call_with(2)


def test_lineage_does_not_depend_on_what_is_called_later(manager: ArtifactManager) -> None:
    def total_of(numbers: list[Record], *, go_on: bool) -> str:
        total = add_states(Record(manager, None), numbers)
        if go_on:
            for number in numbers:
                double(number)
        return lineage(total.calls[0])

    first, second = ([make_number(Record(manager, Params()))] for _ in range(2))

    assert total_of(first, go_on=False) == total_of(second, go_on=True)


def test_long_chains_have_a_lineage(record: Record) -> None:
    make_number(record)

    @stage(inputs=["number"], outputs=["number"])
    def increase(record: Record, number: int) -> int:
        return number + 1

    for _ in range(3000):
        increase(record)

    assert len(lineage(record.calls[-1])) == 32


def test_records_that_aggregate_each_other_have_a_lineage(
    manager: ArtifactManager, deadline: None
) -> None:
    @aggregate(inputs=["total"], outputs=["total"])
    def pass_on(record: Record, records: list[Record], total: dict[Record, int]) -> int:
        return sum(total.values())

    first = make_number(Record(manager, None).make_copy(Params()))
    second = add_states(Record(manager, None), [first])
    pass_on(first, [second])
    third = pass_on(Record(manager, None), [first])

    assert len(lineage(third.calls[0])) == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, True),
        ([1], (1,)),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (Params(value=1), Params(value=2)),
        (make_number, double),
    ],
    ids=repr,
)
def test_keywords_and_arguments_count(manager: ArtifactManager, one: object, other: object) -> None:
    @stage(outputs=["result"])
    def take(record: Record, *arguments: object, **keywords: object) -> int:
        return 1

    def lineage_of(*arguments: object, **keywords: object) -> str:
        return lineage(take(Record(manager, Params()), *arguments, **keywords).calls[0])

    assert lineage_of(one) == lineage_of(one) != lineage_of(other)
    assert lineage_of(a=one) == lineage_of(a=one) != lineage_of(a=other)
    assert lineage_of(a=one) != lineage_of(b=one) != lineage_of(one)


def test_the_name_and_the_parameters_of_a_stage_count(manager: ArtifactManager) -> None:
    @stage(outputs=["number"])
    def other_number(record: Record) -> int:
        return 1

    calls = [
        make(Record(manager, Params(value=value))).calls[0]
        for make, value in [(make_number, 1), (make_number, 2), (other_number, 1)]
    ]

    assert len({lineage(call) for call in calls}) == 3


def test_equal_calls_of_two_sessions_have_equal_lineage(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    def lineage_in(manager: ArtifactManager) -> str:
        record = make_number(Record(manager, Params()))
        record.state["put by hand"] = {"a": [1, 2.5, None]}
        return lineage(add_states(Record(manager, None), [double(record)]).calls[0])

    assert lineage_in(new_manager()) == lineage_in(new_manager())


def test_what_a_stage_defined_in_a_function_has_captured_counts(manager: ArtifactManager) -> None:
    def make_stage(amount: int) -> Any:
        @stage(outputs=["number"])
        def make(record: Record) -> int:
            return amount

        return make

    calls = [make_stage(amount)(Record(manager, Params())).calls[0] for amount in (1, 1, 2)]

    assert lineage(calls[0]) == lineage(calls[1]) != lineage(calls[2])
