"""Code that a stage does not name: of its inputs' classes, and of its parameter set."""

import json
import sys
from typing import TYPE_CHECKING

import numpy
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

MODELS = """
class Model:
    def __init__(self, weight):
        self.weight = weight

    def predict(self, x):
        return x * self.weight

def relu(x):
    return max(x, 0)

def unused(x):
    return x
"""
EXPERIMENT = """
from dataclasses import dataclass
from functools import cached_property
from typing import Any
import curifactory as cf
from curifactory.caching import JsonCacher, PickleCacher
from models import Model, relu, unused

@dataclass
class Params(cf.ExperimentParameters):
    size: int = 2
    activation: Any = relu
    other: Any = unused

    @property
    def doubled(self):
        return self.size * 2

    def squared(self):
        return self.size**2

def note(stage):
    with open("executed.txt", "a") as file:
        print(stage, file=file)

def get_params():
    return [Params(name="one")]

@cf.stage(None, ["models"], [PickleCacher])
def train(record):
    note("train")
    return [Model(record.params.doubled)]

@cf.stage(["models"], ["score"], [JsonCacher])
def evaluate(record, models):
    note("evaluate")
    return record.params.activation(models[0].predict(3))

def run(param_sets, manager):
    evaluate(train(cf.Record(manager, param_sets[0])))
"""
EDITS = {
    "a method of an input": (
        "models.py",
        "x * self.weight",
        "x + self.weight",
        ["train", "evaluate"],
    ),
    "a function in a parameter set": ("models.py", "max(x, 0)", "max(x, 1)", ["evaluate"]),
    "a property of a parameter set": (
        "experiments/objects.py",
        "self.size * 2",
        "self.size * 3",
        ["train", "evaluate"],
    ),
    "a method that nobody calls": ("experiments/objects.py", "self.size**2", "self.size**3", []),
    "a function that nobody calls": (
        "models.py",
        "def unused(x):\n    return x",
        "def unused(x):\n    return 2",
        [],
    ),
    "a comment in a class": ("models.py", "class Model:", "class Model:  # of anything", []),
}


def run(project: "Project", *words: str) -> str:
    sys.modules.pop("models", None)
    outcome = project.run("objects", "--no-report", "--on-stale", "rerun", *words)
    assert (outcome.err, outcome.code) == ("", 0)
    return outcome.out


@pytest.fixture
def objects(project: "Project") -> "Project":
    project.write("models.py", MODELS)
    project.write("experiments/objects.py", EXPERIMENT)
    run(project)
    assert project.executed() == ["train", "evaluate"]
    return project


@pytest.mark.parametrize(("file", "old", "new", "executed"), EDITS.values(), ids=EDITS)
def test_an_edit_of_code_that_arrives_in_values(
    objects: "Project", file: str, old: str, new: str, executed: list[str]
) -> None:
    text = (objects.root / file).read_text()
    assert old in text
    objects.write(file, text.replace(old, new))

    run(objects)

    assert objects.executed() == executed
    run(objects)
    assert objects.executed() == []


def test_the_cause_names_the_class_of_an_input(objects: "Project") -> None:
    objects.write("models.py", MODELS.replace("x * self.weight", "x + self.weight"))

    (first, second) = (
        line for line in run(objects, "--map", "-v").splitlines() if "stale:" in line
    )

    assert first == second == "\trun: stale: models.Model has changed"


def test_an_edit_of_the_class_of_an_input_is_accepted(objects: "Project") -> None:
    objects.write("models.py", MODELS.replace("x * self.weight", "self.weight * x"))

    sys.modules.pop("models")
    for stage in ("train", "evaluate"):
        assert objects.run("cache", "accept", stage, command="curifactory").code == 0

    assert "stale" not in run(objects, "--map")


ARRAYS = """
import curifactory as cf
from curifactory.caching import JsonCacher, NumpyCacher
import numpy
from experiments.chain import get_params

@cf.stage(None, ["array"], [NumpyCacher])
def make(record):
    return numpy.arange(3)

@cf.stage(["array"], ["total"], [JsonCacher])
def add_up(record, array):
    return int(array.sum())

def run(param_sets, manager):
    add_up(make(cf.Record(manager, param_sets[0])))
"""


def test_the_version_of_the_package_of_an_input_counts(project: "Project") -> None:
    project.write("experiments/arrays.py", ARRAYS)
    project.run("arrays", "--no-report")
    (path,) = (project.root / "data" / "cache").glob("*_add_up_total_metadata.json")
    metadata = json.loads(path.read_text())
    assert metadata["arrived"]["packages"] == {"numpy": numpy.__version__}
    metadata["arrived"]["packages"]["numpy"] = "0.1"
    path.write_text(json.dumps(metadata))

    outcome = project.run("arrays", "--map")

    words = f"\tskip: stale: package numpy is another version: 0.1 → {numpy.__version__}"
    assert words in outcome.lines


CHAIN = """
import curifactory as cf
from curifactory.caching import JsonCacher

def get_params():
    return [cf.ExperimentParameters(name="one")]

@cf.stage(None, ["number"], [JsonCacher])
def make(record):
    return 1

@cf.stage(["number"], ["total"], [JsonCacher])
def add_up(record, number):
    return number + 1

def run(param_sets, manager):
    add_up(make(cf.Record(manager, param_sets[0])))
"""


def test_what_the_map_looked_at_is_stored_in_the_name_of_the_call_that_runs(
    project: "Project",
) -> None:
    project.write("experiments/chained.py", CHAIN)
    project.run("chained", "--no-report")
    folder = project.root / "data" / "cache"
    (artifact,) = folder.glob("*_make_number.json")
    (path,) = folder.glob("*_make_number_metadata.json")
    before = json.loads(path.read_text())
    artifact.unlink()
    path.unlink()

    project.run("chained", "--no-report", "--overwrite-stage", "add_up")

    metadata = json.loads(path.read_text())
    assert metadata["code"] == before["code"]
    assert metadata["execution"] != ""
    assert metadata["seconds"] >= 0
