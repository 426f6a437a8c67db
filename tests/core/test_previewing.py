"""A few characters that show a value."""

import enum
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.previewing import preview


class Shaped:
    shape = (3, 4)


class Point(NamedTuple):
    x: object
    y: object


@dataclass
class Holder:
    a: object
    hidden: int = field(default=0, repr=False)


@dataclass
class WithWords:
    a: object

    def __repr__(self) -> str:
        return "my words"


class Mine(list[object]):
    pass


class Colour(enum.IntEnum):
    RED = 1


class Broken:
    def __repr__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"),
        (True, "True"),
        (None, "None"),
        ("text", "'text'"),
        (Colour.RED, "<Colour.RED: 1>"),
        (Path("a"), f"{type(Path()).__name__}('a')"),
        ([1, 2], "[1, 2]"),
        ((1,), "(1,)"),
        ([], "[]"),
        ({}, "{}"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        ({3}, "{3}"),
        (frozenset([3]), "frozenset({3})"),
        ({"b": 1, "a": 2}, "{'b': 1, 'a': 2}"),
        (dict(zip("abcde", range(5), strict=True)), "{'a': 0, 'b': 1, 'c': 2, 'd': 3, ...}"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, ...]"),
        (b"ab", "b'ab'"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
        (deque([1]), "deque([1])"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (Mine([1]), "Mine([1])"),
        (Point(1, [2]), "Point(x=1, y=[2])"),
        (Holder("a"), "Holder(a='a')"),
        (WithWords(1), "my words"),
        (Shaped(), "shape (3, 4)"),
    ],
    ids=repr,
)
def test_a_preview_shows_the_value(value: object, expected: str) -> None:
    assert preview(value) == expected


def test_an_object_that_cannot_say_what_it_is_has_a_preview_all_the_same() -> None:
    assert preview(Broken()).startswith("<Broken instance")


@pytest.mark.parametrize("value", ["x" * 10_000, list(range(10_000)), 10**3000, Shaped], ids=type)
def test_a_preview_is_short(value: object) -> None:
    assert 0 < len(preview(value)) <= 60


class Item:
    """Counts how often one of its kind is shown."""

    shown = 0

    def __repr__(self) -> str:
        Item.shown += 1
        return "item"

    def __lt__(self, other: object) -> bool:
        raise AssertionError("nothing is sorted")


def items() -> list[Item]:
    return [Item() for _ in range(1000)]


@pytest.mark.parametrize(
    "make",
    [
        items,
        lambda: tuple(items()),
        lambda: set(items()),
        lambda: frozenset(items()),
        lambda: dict.fromkeys(items(), 1),
        lambda: dict(enumerate(items())),
        lambda: defaultdict(list, {1: items()}),
        lambda: Mine(items()),
        lambda: deque(items()),
        lambda: Point(items(), items()),
        lambda: Holder(items()),
        lambda: [Holder({"a": [items()]}), items()],
    ],
    ids=[
        "list",
        "tuple",
        "set",
        "frozenset",
        "keys",
        "dict",
        "defaultdict",
        "subclass",
        "deque",
        "named tuple",
        "dataclass",
        "nested",
    ],
)
def test_only_a_few_items_are_looked_at(make: Callable[[], object]) -> None:
    value = make()
    Item.shown = 0

    assert len(preview(value)) <= 60
    assert 0 < Item.shown <= 20


def test_bytes_are_not_rendered_whole() -> None:
    class Parts(bytes):
        def __repr__(self) -> str:
            raise AssertionError("all of it")

    assert preview(Parts(b"x" * 1000)).startswith("Parts(b'xxx")


def test_what_holds_itself_has_an_end() -> None:
    value: list[object] = []
    value.append(value)

    assert preview(value) == "[[[[[[[...]]]]]]]"


_values = st.recursive(
    st.none() | st.integers() | st.text() | st.binary() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.builds(Holder, inner),
)


@given(_values)
def test_every_value_has_a_short_preview(value: Any) -> None:
    assert 0 < len(preview(value)) <= 60
