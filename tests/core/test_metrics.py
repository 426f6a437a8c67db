from typing import Any

import pytest

from curifactory.metrics import MOST, find_metrics


@pytest.mark.parametrize(
    ("value", "metrics"),
    [
        (0.5, {"": 0.5}),
        (3, {"": 3}),
        (True, {}),
        ("0.5", {}),
        ([1, 2], {}),
        ({"a": 1, "b": {"c": 2.5, "d": "text"}}, {"a": 1, "b.c": 2.5}),
        ({1: 2}, {"1": 2}),
    ],
    ids=str,
)
def test_numbers_and_dictionaries_of_numbers_are_metrics(
    value: Any, metrics: dict[str, float]
) -> None:
    assert find_metrics(value) == metrics


def test_of_many_numbers_only_the_first_count() -> None:
    assert len(find_metrics({str(number): number for number in range(10_000)})) == MOST


def test_a_dictionary_that_holds_itself_has_an_end() -> None:
    endless: dict[str, Any] = {"a": 1}
    endless["again"] = endless

    assert len(find_metrics(endless)) == 8
