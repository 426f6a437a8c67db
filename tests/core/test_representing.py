"""Texts that stand for values: the same in every process, different for different values."""

import collections
import functools
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.plain_values import VALUES

from curifactory.exceptions import UnhashableParameterError
from curifactory.representing import represent

Point = collections.namedtuple("Point", ["x"])


class Dots(Enum):
    THREE = "..."


class OwnList(list[Any]):
    """A list of an own class."""


def add_to(amount: int) -> int:
    return amount + 1


MEMBERS = (
    st.frozensets(st.integers()) | st.frozensets(st.text()) | st.frozensets(st.tuples(st.text()))
)
IN_ANOTHER_PROCESS = """
import pickle, sys
from curifactory.representing import represent
for value in pickle.load(sys.stdin.buffer):
    print(ascii(represent(value)))
"""


def test_equal_lambdas_have_equal_hashes_wherever_they_stand() -> None:
    first = lambda value: value + 1  # noqa: E731
    second = lambda value: value + 1  # noqa: E731

    assert represent(first) == represent(second)


@pytest.mark.parametrize(
    "members", [[1, None], ["a", ("a", "b")], [True, "a"], [1, 2.5, "a", b"a", None]], ids=repr
)
def test_sets_of_mixed_types_are_hashed_whatever_their_order(members: list[object]) -> None:
    assert represent({*members}) == represent({*members[::-1]})


def test_a_function_that_refers_to_itself_is_hashed() -> None:
    def factorial(number: int) -> int:
        return 1 if number < 2 else number * factorial(number - 1)

    assert represent(factorial) == represent(factorial)


def test_a_cached_function_counts_by_its_name() -> None:
    assert represent(functools.cache(add_to)) == represent(add_to) == "add_to"


@pytest.mark.parametrize(
    "wrap", [list, tuple, Point, OwnList, collections.deque], ids=lambda wrap: wrap.__name__
)
def test_large_arrays_are_told_apart_in_containers(wrap: Callable[[Any], object]) -> None:
    numpy = pytest.importorskip("numpy")
    one, other = numpy.zeros(5000), numpy.zeros(5000)
    other[2500] = 1

    assert represent(wrap([one])) != represent(wrap([other]))
    assert represent(wrap([one])) == represent(wrap([one.copy()]))


def test_arrays_differ_by_shape_and_type_as_well() -> None:
    numpy = pytest.importorskip("numpy")
    zeros = numpy.zeros(6)

    shapes = [zeros, zeros.reshape(2, 3), zeros.astype("float32"), zeros.astype("int64")]

    assert len({represent(array) for array in shapes}) == 4


def test_functions_of_numpy_count_by_their_name() -> None:
    numpy = pytest.importorskip("numpy")

    assert represent(numpy.mean) != represent(numpy.median)


def test_frames_differ_by_content_columns_index_and_type() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(500), "b": range(500)})
    changed = frame.copy()
    changed.loc[250, "a"] = -1
    renamed = frame.rename(columns={"a": "c"})
    frames = [frame, changed, renamed, frame.set_index("a"), frame.astype(float), frame["a"]]

    assert len({represent(each) for each in frames}) == 6
    assert represent(frame) == represent(frame.copy())


def test_frames_with_cells_that_cannot_be_hashed_are_told_apart() -> None:
    pandas = pytest.importorskip("pandas")
    one, other = ({"a": [[1, 2], [value]]} for value in (3, 4))

    assert represent(pandas.DataFrame(one)) != represent(pandas.DataFrame(other))


@given(values=st.lists(VALUES | MEMBERS | MEMBERS.map(set), min_size=10))
@settings(max_examples=4)
def test_another_process_represents_equally(values: list[Any]) -> None:
    process = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        input=pickle.dumps(values),
        env={**os.environ, "PYTHONHASHSEED": "99"},
        capture_output=True,
        check=True,
    )

    assert process.stdout.decode().splitlines() == [ascii(represent(value)) for value in values]


def test_a_lambda_has_the_same_hash_in_another_process(tmp_path: Path) -> None:
    module = tmp_path / "with_lambda.py"
    module.write_text("limit = 3\nscale = lambda value: value * {1, 2, 3} if value else [limit]\n")
    code = (
        "from with_lambda import *; from curifactory.representing import *; print(represent(scale))"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-B", "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(printed) == 1


def test_an_object_whose_representation_is_cut_short_is_refused() -> None:
    class Large:
        def __repr__(self) -> str:
            return "Large([0, 1, ..., 99])"

    with pytest.raises(UnhashableParameterError, match=r"cut short with '\.\.\.'"):
        represent(Large())


@pytest.mark.parametrize("value", [re.compile("a...b"), Path("data...old"), Dots.THREE], ids=repr)
def test_dots_that_belong_to_a_value_are_no_cut(value: object) -> None:
    assert represent(value) == repr(value)


def test_functions_of_one_name_in_a_function_are_told_apart() -> None:
    def make(*, first: bool) -> Callable[[], int]:
        if first:

            def value() -> int:
                return 1
        else:

            def value() -> int:
                return 2

        return value

    assert represent(make(first=True)) == represent(make(first=True))
    assert represent(make(first=True)) != represent(make(first=False))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (1.5, "1.5"),
        ("a'b", '"a\'b"'),
        ([1, (2,), {"a": {3}}], "[1, (2,), {'a': {3}}]"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        (add_to, "add_to"),
        (Path("a/b"), repr(Path("a/b"))),
        (range(3), "range(0, 3)"),
    ],
    ids=repr,
)
def test_ordinary_values_give_their_documented_texts(value: object, text: str) -> None:
    assert represent(value) == text
