"""Procedures: sequences of stages for one parameter set after another."""

import pytest
from tests.core.number_stages import Params, double, make_number

from curifactory import ArtifactManager, Procedure, Record, aggregate
from curifactory.exceptions import NoArtifactManagerError


@aggregate(inputs=["doubled"], outputs=["number"])
def add_up(record: Record, records: list[Record], doubled: dict[Record, int]) -> int:
    return sum(doubled.values())


def test_stages_run_in_order_on_a_new_record(manager: ArtifactManager) -> None:
    record = Procedure([make_number, double], manager).run(Params(value=3))

    assert record.stages == ["make_number", "double"]
    assert record.output == 6
    assert manager.records == [record]


def test_the_records_of_all_runs_are_kept(manager: ArtifactManager) -> None:
    procedure = Procedure([make_number], manager)

    records = [procedure.run(Params(value=value)) for value in (1, 2)]

    assert procedure.records == records


def test_a_record_can_be_given(manager: ArtifactManager) -> None:
    shared = make_number(Record(manager, None).make_copy(Params(value=5)))

    record = Procedure([double]).run(None, record=shared)

    assert record is shared
    assert record.output == 10


def test_a_leading_aggregate_runs_over_the_previous_procedure(manager: ArtifactManager) -> None:
    Procedure([make_number, double], manager).run(Params(value=100))
    previous = Procedure([make_number, double], manager)
    for value in (1, 2):
        previous.run(Params(value=value))

    record = Procedure([add_up, double], manager, previous_proc=previous).run(None)

    assert record.input_records == previous.records
    assert record.output == 12


def test_a_leading_aggregate_runs_over_given_records_or_all(manager: ArtifactManager) -> None:
    records = [double(make_number(Record(manager, Params(value=value)))) for value in (1, 2, 3)]

    over_all = Procedure([add_up], manager).run(None, hide=True)
    over_own = Procedure([add_up], manager, records=records[:2]).run(None, hide=True)
    over_given = Procedure([add_up], manager, records=records[:2]).run(
        None, hide=True, records=records[2:]
    )

    assert [record.output for record in (over_all, over_own, over_given)] == [12, 6, 6]


def test_a_hidden_record_stays_out_of_the_managers(manager: ArtifactManager) -> None:
    Procedure([make_number], manager).run(Params(), hide=True)

    assert manager.records == []


def test_the_manager_of_the_procedure_wins(manager: ArtifactManager) -> None:
    other = ArtifactManager("other", dry=True)

    assert Procedure([make_number], manager).run(Params(), manager=other).manager is manager
    assert Procedure([make_number]).run(Params(), manager=other).manager is other


def test_without_any_manager_it_says_where_to_give_one() -> None:
    with pytest.raises(NoArtifactManagerError, match=r"'training' needs a manager.*run\(param_set"):
        Procedure([make_number], name="training").run(Params())
