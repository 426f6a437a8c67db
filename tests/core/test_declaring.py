"""Declarations of stages are checked when the decorator is applied."""

from collections.abc import Callable
from typing import Any

import pytest

from curifactory import (
    ArtifactManager,
    CachersMismatchError,
    EmptyCachersError,
    InputSignatureError,
    Lazy,
    OutputSignatureError,
    Record,
    aggregate,
    stage,
)
from curifactory.protocols import Cacher

BOTH = pytest.mark.parametrize("decorator", [stage, aggregate])


def function(record: Record, records: object = None) -> None:
    """Take no inputs."""


@BOTH
@pytest.mark.parametrize("count", [1, 3])
def test_cachers_must_be_as_many_as_outputs(
    decorator: Callable[..., Any], count: int, cacher: type[Cacher]
) -> None:
    with pytest.raises(CachersMismatchError, match=rf"'function' lists {count} cachers.*'a', 'b'"):
        decorator(outputs=["a", "b"], cachers=[cacher] * count)(function)


@BOTH
def test_no_cachers_for_several_outputs_are_a_mismatch(decorator: Callable[..., Any]) -> None:
    with pytest.raises(CachersMismatchError):
        decorator(outputs=["a"], cachers=[])(function)


@BOTH
@pytest.mark.parametrize("outputs", [None, []])
def test_an_empty_list_of_cachers_without_outputs_is_refused(
    decorator: Callable[..., Any], outputs: list[str] | None
) -> None:
    with pytest.raises(EmptyCachersError, match="'function' has no outputs"):
        decorator(outputs=outputs, cachers=[])(function)


@BOTH
def test_cachers_without_outputs_are_a_mismatch(
    decorator: Callable[..., Any], cacher: type[Cacher]
) -> None:
    with pytest.raises(CachersMismatchError):
        decorator(cachers=[cacher])(function)


@BOTH
def test_an_input_that_the_function_does_not_take_is_refused(
    decorator: Callable[..., Any],
) -> None:
    with pytest.raises(InputSignatureError, match=r"'function' lists the input 'data'.*'record'"):
        decorator(inputs=["data"])(function)


@BOTH
@pytest.mark.parametrize("wrong", ["json", dict, 5], ids=repr)
def test_what_is_no_cacher_is_refused(decorator: Callable[..., Any], wrong: object) -> None:
    with pytest.raises(CachersMismatchError, match=r"'function' lists .* as a cacher"):
        decorator(outputs=["a"], cachers=[wrong])(function)


@BOTH
def test_a_function_without_a_record_is_refused(decorator: Callable[..., Any]) -> None:
    def nothing() -> None:
        """Take nothing."""

    def anything(*given: object) -> None:
        """Take anything."""

    with pytest.raises(InputSignatureError, match=r"'nothing' is called with record .*'?nothing"):
        decorator()(nothing)
    assert callable(decorator()(anything))


def test_an_aggregate_without_records_is_refused() -> None:
    def add_up(record: Record) -> None:
        """Take a record alone."""

    with pytest.raises(InputSignatureError, match="'add_up' is called with record and records"):
        aggregate()(add_up)


@BOTH
def test_an_asynchronous_function_is_refused(decorator: Callable[..., Any]) -> None:
    async def wait(record: Record, records: object = None) -> None:
        """Return what nobody awaits."""

    with pytest.raises(InputSignatureError, match="'wait' is asynchronous"):
        decorator()(wait)


@BOTH
def test_a_function_with_any_keywords_takes_every_input(decorator: Callable[..., Any]) -> None:
    def flexible(record: Record, records: object = None, **inputs: object) -> None:
        """Take anything."""

    assert callable(decorator(inputs=["data"])(flexible))


@BOTH
@pytest.mark.parametrize("repeated", ["a", Lazy("a")])
def test_an_output_named_twice_is_refused(
    decorator: Callable[..., Any], repeated: str | Lazy
) -> None:
    with pytest.raises(OutputSignatureError, match="'a' more than once"):
        decorator(outputs=["a", repeated])(function)


@BOTH
def test_an_output_that_is_no_name_is_refused(decorator: Callable[..., Any]) -> None:
    inputs, cachers = ["best"], [object]  # the cachers in the place of the outputs

    with pytest.raises(OutputSignatureError, match=r"lists <class 'object'> as an output; .*then"):
        decorator(inputs, cachers)(function)


@pytest.mark.parametrize("outputs", [["a", "a_metadata"], ["a_metadata", "a"]])
def test_an_output_named_like_the_metadata_of_another_is_refused(outputs: list[str]) -> None:
    with pytest.raises(OutputSignatureError, match=r"'a_metadata'.*Rename it"):
        stage(outputs=outputs)(function)


def test_a_stage_keeps_name_and_docstring_of_its_function() -> None:
    decorated = stage(outputs=["a"])(function)

    assert decorated.__name__ == "function"
    assert decorated.__doc__ == "Take no inputs."


def test_lists_changed_after_the_decorator_do_not_change_the_stage(
    manager: ArtifactManager,
) -> None:
    outputs: list[str | Lazy] = ["a"]

    @stage(outputs=outputs)
    def make(record: Record) -> int:
        return 1

    outputs.append("b")

    assert dict(make(Record(manager, None)).state) == {"a": 1}
