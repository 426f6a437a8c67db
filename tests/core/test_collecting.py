"""Collecting parameter sets: files, names, indices, and what is wrong with them."""

from typing import TYPE_CHECKING, Any

import pytest

from curifactory.collecting import Collection, collect, parse_indices
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError
from curifactory.importing import project_imports
from curifactory.options import RunOptions

if TYPE_CHECKING:
    from tests.core.conftest import Project

SETS = """
from dataclasses import dataclass
from curifactory import ExperimentParameters

@dataclass
class Params(ExperimentParameters):
    value: object = None

def get_params():
    return [Params(name=name, value=name) for name in {names!r}]
"""


@pytest.fixture
def flowers(project: "Project") -> "Project":
    """Return a project with the sets a, b, c in `iris` and d, e in the parameter file `more`."""
    project.write("experiments/iris.py", SETS.format(names=["a", "b", "c"]))
    project.write("params/more.py", SETS.format(names=["d", "e"]))
    return project


def collected(**options: Any) -> Collection:
    with project_imports(Configuration()):
        return collect(Configuration(), RunOptions(experiment="iris", **options))


def names(**options: Any) -> str:
    return "".join(item.name for item in collected(**options).parameter_sets)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "abc"),
        ({"param_files": ("more",)}, "de"),
        ({"param_files": ("more", "iris")}, "deabc"),
        ({"param_files": ("more", "more")}, "de"),
        ({"names": ("c", "a")}, "ac"),
        ({"param_files": ("iris", "more"), "names": ("e", "b")}, "be"),
        ({"indices": ("1",)}, "b"),
        ({"indices": ("0-2",)}, "ab"),
        ({"param_files": ("iris", "more"), "indices": ("0", "1")}, "abde"),
        ({"param_files": ("iris", "more"), "indices": ("2",)}, "c"),
        ({"param_files": ("iris", "more"), "global_indices": ("2-4",)}, "cd"),
        ({"names": ("a", "b"), "indices": ("1-3",)}, "b"),
        ({"names": ("b", "c"), "global_indices": ("0-2",)}, "b"),
    ],
    ids=str,
)
def test_filters(flowers: "Project", options: dict[str, Any], expected: str) -> None:
    assert names(**options) == expected


def test_each_set_is_listed_with_its_file_and_hash(flowers: "Project") -> None:
    collection = collected(param_files=("iris", "more"), names=("b", "d"))

    assert collection.by_file == {
        "iris": [("b", collection.parameter_sets[0].hash)],
        "more": [("d", collection.parameter_sets[1].hash)],
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ("A",)}, "Paramset name 'A' not found"),
        ({"names": ("a", "zz")}, "Paramset name 'zz' not found.*'a', 'b', 'c'"),
        ({"indices": ("3",)}, "'3' is out of range: there are 3"),
        ({"indices": ("1-4",)}, "'1-4' is out of range"),
        ({"indices": ("2-1",)}, "'2-1' is out of range"),
        ({"indices": ("x",)}, "--indices 'x' is neither a number like 2 nor a range"),
        ({"indices": ("-1",)}, "--indices '-1' is neither"),
        ({"global_indices": ("1-",)}, "--global-indices '1-' is neither"),
        ({"global_indices": ("5",)}, "'5' is out of range"),
        ({"names": ("a",), "indices": ("1",)}, "No parameter sets found in 'iris' that pass"),
        ({"param_files": ("absent",)}, "parameter file 'absent' not found"),
        ({"param_files": ("mroe",)}, "Did you mean 'more'"),
    ],
    ids=str,
)
def test_what_is_not_there_is_named(
    flowers: "Project", options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        collected(**options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def get_params(): return []", "No parameter sets found in 'iris'"),
        ("def get_params(): return ()", "'iris' did not return a list: .* returned tuple"),
        ("def get_params(): return None", "'iris' did not return a list: .* returned NoneType"),
        ("def get_params(): return [5]", "list with 5 in it"),
        ("def get_params(): return 1 / 0", r"'iris' failed: ZeroDivisionError.*iris\.py, line 1"),
        ("get_params = 5", r"has no function get_params\(\)"),
        ("import absent_module", "'iris' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_file_that_gives_no_parameter_sets_is_named(
    project: "Project", text: str, message: str
) -> None:
    project.write("experiments/iris.py", text)

    with pytest.raises(BadInputError, match=message):
        collected()


def test_a_set_that_cannot_be_hashed_is_named_with_its_field(project: "Project") -> None:
    project.write(
        "experiments/iris.py",
        SETS.format(names=["odd"]).replace("value=name", "value=object()"),
    )

    with pytest.raises(BadInputError, match="parameter set 'odd' of 'iris': parameter 'value'"):
        collected()


def test_a_class_in_place_of_a_set_is_refused(project: "Project") -> None:
    project.write(
        "experiments/iris.py", SETS.format(names=[]) + "\ndef get_params():\n    return [Params]\n"
    )

    with pytest.raises(BadInputError, match="which is no parameter set"):
        collected()


def test_indices_of_an_empty_choice_are_none() -> None:
    assert parse_indices("--indices", [], 0) == set()
