"""Inputs: where a stage's values come from, and what is said where they are missing."""

import logging

import pytest
from tests.core.number_stages import Params, double, make_number

from curifactory import (
    ArtifactManager,
    InputSignatureError,
    Record,
    aggregate,
    stage,
)
from curifactory.exceptions import MissingInputError


@stage(inputs=["number"], outputs=["doubled"], suppress_missing_inputs=True)
def double_or_default(record: Record, number: int = 50) -> int:
    return 2 * number


@aggregate(inputs=["number"], outputs=["names"])
def name_them(record: Record, records: list[Record], number: dict[Record, int]) -> list[str]:
    return [each.params.name for each in number]


@aggregate(outputs=["total"])
def add_states(record: Record, records: list[Record]) -> int:
    return sum(int(each.state["number"]) for each in records)


@pytest.fixture
def record(manager: ArtifactManager) -> Record:
    return Record(manager, Params(name="small"))


def test_a_value_put_by_hand_is_an_input(record: Record) -> None:
    record.state["number"] = 4

    assert double(record).output == 8


def test_a_keyword_replaces_the_value_in_the_state(record: Record) -> None:
    make_number(record)

    assert double(record, number=30).output == 60
    assert record.state["number"] == 1


def test_a_keyword_stands_in_for_a_missing_input(record: Record) -> None:
    assert double(record, number=30).output == 60


def test_a_missing_input_is_named_with_what_is_there(record: Record) -> None:
    record.state["labels"] = [1]

    with pytest.raises(MissingInputError) as caught:
        double(record)

    for part in ("'double'", "'number'", "Record 0 (small)", record.get_hash(), "'labels'"):
        assert part in str(caught.value)
    assert isinstance(caught.value, KeyError)
    assert record.calls == []


def test_a_default_does_not_excuse_a_missing_input(record: Record) -> None:
    @stage(inputs=["number"])
    def with_default(record: Record, number: int = 50) -> None:
        """Do nothing."""

    with pytest.raises(MissingInputError):
        with_default(record)


def test_a_suppressed_missing_input_has_its_default_and_a_warning(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    assert double_or_default(record).output == 100
    assert "'number'" in caplog.text
    assert "default is used" in caplog.text


def test_a_suppressed_input_that_is_there_is_used(record: Record) -> None:
    assert double_or_default(make_number(record)).output == 2


def test_a_suppressed_missing_input_without_default_is_refused(record: Record) -> None:
    @stage(inputs=["number"], suppress_missing_inputs=True)
    def without_default(record: Record, number: int) -> None:
        """Do nothing."""

    with pytest.raises(InputSignatureError, match="no default for 'number'"):
        without_default(record)


def test_a_record_that_lacks_an_input_is_left_out_with_a_warning(
    manager: ArtifactManager, caplog: pytest.LogCaptureFixture
) -> None:
    records = [Record(manager, Params(name=name)) for name in ("with", "without")]
    make_number(records[0])

    assert name_them(Record(manager, None), records).output == ["with"]
    assert caplog.text.count("Record 1 (without) does not have the input 'number'") == 1


def test_a_keyword_of_an_aggregate_may_be_anything(manager: ArtifactManager) -> None:
    @aggregate(inputs=["number"], outputs=["result"])
    def look(record: Record, records: list[Record], number: int, extra: str) -> str:
        return f"{number} {extra}"

    assert look(Record(manager, None), [], number=5, extra="text").output == "5 text"


def test_an_aggregate_collects_values_put_by_hand(manager: ArtifactManager) -> None:
    records = [Record(manager, Params(name=name)) for name in ("made", "put")]
    make_number(records[0])
    records[1].state["number"] = 7

    assert name_them(Record(manager, None), records).output == ["made", "put"]


def test_an_aggregate_without_inputs_reads_the_states_itself(manager: ArtifactManager) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2)]

    assert add_states(Record(manager, None), records).output == 3


def test_bound_inputs_name_the_artifacts_they_stand_for(manager: ArtifactManager) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2)]
    together = name_them(Record(manager, None), records)
    double(records[0])
    given = double(records[1], number=3)

    assert records[0].calls[1].inputs[0].artifacts == records[0].calls[0].outputs
    assert [one.call.record for one in together.calls[0].inputs[0].artifacts] == records
    assert given.calls[1].inputs[0].artifacts == ()


def test_warnings_come_from_this_module(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    double_or_default(record)

    assert [(entry.name, entry.levelno) for entry in caplog.records] == [
        ("curifactory.binding", logging.WARNING)
    ]
