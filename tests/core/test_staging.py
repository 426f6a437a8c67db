"""Stages and aggregates as they are called: what they get and what they return."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.number_stages import Params, add_up, increase, make_number

from curifactory import (
    ArtifactManager,
    Lazy,
    Record,
    aggregate,
    stage,
)

NewManager = Callable[..., ArtifactManager]


@pytest.fixture
def record(manager: ArtifactManager) -> Record:
    return Record(manager, Params(name="small", value=5))


def test_a_stage_changes_its_record_and_returns_it(record: Record) -> None:
    assert make_number(record) is record
    assert dict(record.state) == {"number": 5}


def test_stages_chain(manager: ArtifactManager) -> None:
    assert increase(increase(make_number(Record(manager, Params())))).output == 3


def test_the_same_stage_twice_in_one_record_runs_twice(record: Record) -> None:
    increase(increase(make_number(record)))

    assert record.state["number"] == 7
    assert record.stages == ["make_number", "increase", "increase"]


def test_extra_positional_arguments_and_keywords_reach_the_function(record: Record) -> None:
    @stage(outputs=["result"])
    def take(record: Record, first: int, second: int = 0) -> tuple[tuple[int, int]]:
        return ((first, second),)

    assert take(record, 1, second=2).output == (1, 2)


def test_several_outputs_are_returned_as_a_tuple(record: Record) -> None:
    @stage(outputs=["a", "b"])
    def make(record: Record) -> tuple[int, list[int]]:
        return 1, [2]

    make(record)

    assert dict(record.state) == {"a": 1, "b": [2]}
    assert record.output == (1, [2])


@pytest.mark.parametrize("value", [None, [1, 2], (1, 2), "text"], ids=repr)
def test_one_output_may_be_any_value(record: Record, value: object) -> None:
    @stage(outputs=["a"])
    def make(record: Record) -> object:
        return (value,) if isinstance(value, tuple) else value

    assert make(record).output == value


def test_a_stage_without_outputs_ignores_what_is_returned(record: Record) -> None:
    @stage()
    def act(record: Record) -> int:
        return 5

    assert act(record).output == []
    assert dict(record.state) == {}


def test_an_aggregate_gets_its_records_and_a_value_of_each(manager: ArtifactManager) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2, 3)]
    seen: list[Any] = []

    @aggregate(inputs=["number"])
    def look(record: Record, records: list[Record], number: dict[Record, int]) -> None:
        seen.extend([records, number])

    look(Record(manager, None), records[:2])

    assert seen == [records[:2], {records[0]: 1, records[1]: 2}]


def test_an_aggregate_runs_over_all_other_records_by_default(manager: ArtifactManager) -> None:
    for value in (1, 2, 3):
        make_number(Record(manager, Params(value=value)))
    make_number(Record(manager, Params(value=100), hide=True))

    assert add_up(Record(manager, None)).output == 6


def test_an_aggregate_over_nothing_gets_nothing(manager: ArtifactManager) -> None:
    assert add_up(Record(manager, None)).output == 0


def test_the_order_of_records_is_the_order_of_values(manager: ArtifactManager) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2, 3)]

    @aggregate(inputs=["number"], outputs=["numbers"])
    def collect(record: Record, records: list[Record], number: dict[Record, int]) -> list[int]:
        return list(number.values())

    assert collect(Record(manager, None), reversed(records)).output == [3, 2, 1]


def test_a_stage_goes_on_after_an_aggregate(manager: ArtifactManager) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2)]

    @stage(inputs=["total"], outputs=["mean"])
    def divide(record: Record, total: int) -> float:
        return total / 2

    assert divide(add_up(Record(manager, None), records)).output == 1.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": "data"}, r"write inputs=\['data'\]"),
        ({"outputs": "model"}, r"write outputs=\['model'\]"),
        ({"outputs": Lazy("model")}, r"write outputs=\[Lazy\('model'\)\]"),
        ({"outputs": ["a"], "cachers": dict}, "cachers is <class 'dict'>"),
    ],
    ids=str,
)
@pytest.mark.parametrize("decorator", [stage, aggregate])
def test_a_name_in_place_of_a_list_is_refused(
    decorator: Callable[..., Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        decorator(**arguments)


def test_a_decorator_without_parentheses_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Write @stage\(\)"):

        @stage  # type: ignore[arg-type]
        def make(record: Record) -> None: ...


@pytest.mark.parametrize("decorator", [stage, aggregate])
def test_a_stage_called_with_anything_but_a_record_says_so(decorator: Callable[..., Any]) -> None:
    def make(record: Record, records: object = None) -> None: ...

    with pytest.raises(TypeError, match="'make' is called with a record first, not with dict"):
        decorator()(make)({})
