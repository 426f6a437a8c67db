from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.cli.runs.expressions import MISSING, Condition, ConditionError

VALUES: Mapping[str, Any] = {
    "params.seed": 2,
    "params.kind": "svm",
    "params.model.depth": 3,
    "status": "complete",
    "seconds": 1.5,
    "dirty": False,
}


def holds(text: str) -> bool:
    return Condition(text).is_met(lambda name: VALUES.get(name, MISSING))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params.seed == 2", True),
        ("params.seed != 2", False),
        ("1 < params.seed <= 2", True),
        ("params.seed in [1, 2]", True),
        ("params.seed not in (1, 2)", False),
        ("params.kind == 'svm' and status == 'error'", False),
        ("params.kind == 'svm' or status == 'error'", True),
        ("not status == 'error'", True),
        ("not (params.seed == 2)", False),
        ("'vm' in params.kind", True),
        ("params.model.depth > -1", True),
        ("params.other == 1", False),
        ("params.other != 1", False),
        ("not params.other", True),
        ("params.kind < 3", False),
        ("3 in params.seed", False),
        ("-params.kind == 1", False),
        ("dirty is False", True),
        ("params.seed", True),
        ("  params.seed == 2  ", True),
    ],
)
def test_conditions_compare_names_and_values(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "params.seed =",
        "__import__('os').system('true')",
        "params.seed + 1 == 3",
        "params['seed'] == 2",
        "[x for x in params]",
        "lambda: 1",
        "f'{status}' == ''",
        "(status := 1)",
        "params.seed if 1 else 2",
        "... == 1",
        "~params.seed == 1",
        "'a'.join == 1",
        "a" * 3000,
        "(" * 500 + ")" * 500,
        "status == 'a\0'",
    ],
    ids=lambda text: str(text)[:20],
)
def test_nothing_else_is_a_condition(text: str) -> None:
    with pytest.raises(ConditionError):
        Condition(text)


def test_the_names_in_a_condition_are_known() -> None:
    assert Condition("params.a.b == 1 and not status in ['x']").names == ["params.a.b", "status"]


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = Condition(text)
    except ConditionError:
        return

    assert condition.is_met(lambda name: 1) in {True, False}
