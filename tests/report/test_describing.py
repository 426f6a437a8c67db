"""Durations and records in words."""

from collections.abc import Callable

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.reporting.describing import describe_seconds, record_title


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.00042, "0.42 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (119.6, "2 min 0 s"),
        (3599.6, "1 h 0 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_durations_have_the_unit_a_person_would_use(seconds: float | None, words: str) -> None:
    assert describe_seconds(seconds) == words


def test_records_are_told_apart_by_number_and_set(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    manager = new_manager()
    named = Record(manager, cf.ExperimentParameters(name="knn"))
    plain = Record(manager, None)
    hidden = Record(manager, cf.ExperimentParameters(name="knn"), hide=True)
    aggregate = Record(manager, None)
    aggregate.set_aggregate([named])

    assert [record_title(record) for record in (named, plain, hidden, aggregate)] == [
        "Record 0 (knn)",
        "Record 1 (no parameters)",
        "Hidden record (knn)",
        "Record 2 (aggregate)",
    ]
