"""Values as indented JSON."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from curifactory.reporting import JsonReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element


class Size(StrEnum):
    SMALL = "small"


def shown(value: object, parse: "Callable[[str], Element]") -> str:
    """Return the text that a reader sees."""
    [pre] = parse(JsonReporter(value).html()).find("pre")
    return pre.text


def test_json_is_indented_by_four(parse: "Callable[[str], Element]") -> None:
    text = shown({"scores": {"knn": 0.5}, "seeds": [1]}, parse)

    assert text.splitlines() == [
        "{",
        '    "scores": {',
        '        "knn": 0.5',
        "    },",
        '    "seeds": [',
        "        1",
        "    ]",
        "}",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"path": PurePosixPath("a/b")}, {"path": "a/b"}, id="value JSON lacks"),
        pytest.param({("a", 1): 1}, {"('a', 1)": 1}, id="tuple as key"),
        pytest.param({"deep": [{frozenset(): 1}]}, {"deep": [{"frozenset()": 1}]}, id="deep key"),
        pytest.param({1: "a", None: "b"}, {"1": "a", "null": "b"}, id="keys JSON converts"),
        pytest.param({"t": (1, 2)}, {"t": [1, 2]}, id="tuple"),
        pytest.param({Size.SMALL: Size.SMALL}, {"small": "small"}, id="enum"),
        pytest.param([1, "a", None], [1, "a", None], id="list"),
        pytest.param("text", "text", id="text"),
        pytest.param({}, {}, id="empty"),
    ],
)
def test_any_value_is_shown(
    value: object, expected: object, parse: "Callable[[str], Element]"
) -> None:
    assert json.loads(shown(value, parse)) == expected


def test_texts_are_shown_as_they_are(hostile: str, parse: "Callable[[str], Element]") -> None:
    html = JsonReporter({hostile: [hostile]}).html()

    assert [element.tag for element in parse(html)] == ["page", "pre"]
    assert json.loads(parse(html).text) == {hostile: [hostile]}


def test_letters_of_every_script_are_readable(parse: "Callable[[str], Element]") -> None:
    assert shown({"模型": "🧪"}, parse).splitlines()[1] == '    "模型": "🧪"'


def test_the_value_is_left_as_it_was() -> None:
    value = {("a", 1): [{"b": (1, 2)}]}

    JsonReporter(value).html()

    assert value == {("a", 1): [{"b": (1, 2)}]}
