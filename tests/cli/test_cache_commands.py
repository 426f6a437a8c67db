"""``curifactory cache``: accepting an edit as harmless."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Outcome, Project

UNSTORED = """
import curifactory as cf
from curifactory.caching import JsonCacher
from experiments.chain import get_params, note


@cf.stage(None, ["raw"])
def read(record):
    return [1]


@cf.stage(["raw"], ["total"], [JsonCacher])
def add_up(record, raw):
    note(record, "add_up")
    return sum(raw)


def run(param_sets, manager):
    add_up(read(cf.Record(manager, param_sets[0])))
"""


def edit(project: "Project", old: str, new: str, name: str = "chain") -> None:
    path = project.root / "experiments" / f"{name}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def accept(project: "Project", stage: str) -> "Outcome":
    return project.run("cache", "accept", stage, command="curifactory")


def test_an_accepted_edit_makes_the_plan_reuse_what_is_there(project: "Project") -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(list(data))")
    before = project.files()
    assert "4 up to date" not in project.run("chain", "--map").lines[-1]

    outcome = accept(project, "train")

    assert (outcome.code, outcome.out) == (0, "2 results accepted as what 'train' computes now\n")
    changed = {name for name, data in project.files().items() if data != before.get(name)}
    assert all(name.endswith("_metadata.json") or "/code/" in name for name in changed)
    assert project.run("chain", "--map").lines[-1].endswith("0 to run, 0 to load, 5 up to date")


def test_what_was_accepted_stays_accepted_until_the_next_edit(project: "Project") -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(list(data))")
    accept(project, "train")
    project.executed()

    project.run("chain", "--no-report", "--on-stale", "rerun")
    assert project.executed() == []

    edit(project, "return sum(list(data))", "return sum(data) + 1")
    project.run("chain", "--no-report", "--on-stale", "rerun")
    assert project.executed() == ["train small", "train big", "compare -"]


def test_a_changed_input_is_accepted_too(project: "Project") -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(data) + 1")
    project.run("chain", "--no-report", "--overwrite-stage", "train")
    (why,) = (line for line in project.run("chain", "--map").lines if "stale:" in line)
    assert "input 'model' has changed since" in why

    accept(project, "compare")

    assert "stale" not in project.run("chain", "--map").out


def test_a_changed_input_is_accepted_whose_run_was_killed_before_its_digest(
    project: "Project",
) -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(data) + 1")
    project.run("chain", "--no-report", "--overwrite-stage", "train")
    for path in project.root.glob("data/cache/*_train_model_metadata.json"):
        metadata = json.loads(path.read_text())
        for facts in metadata["files"].values():
            facts["sha256"] = None
        path.write_text(json.dumps(metadata))

    accept(project, "compare")

    assert "stale" not in project.run("chain", "--map").out


def test_an_edit_of_a_stage_that_stores_nothing_is_accepted(project: "Project") -> None:
    project.write("experiments/unstored.py", UNSTORED)
    project.run("unstored", "--no-report")
    edit(project, "return [1]", "return list([1])", "unstored")
    assert "stale: experiments.unstored.read has changed" in project.run("unstored", "--map").out

    outcome = accept(project, "read")

    assert outcome.out == "1 result accepted as what 'read' computes now\n"
    assert "stale" not in project.run("unstored", "--map").out


def test_where_nothing_is_stale_nothing_is_written(project: "Project") -> None:
    project.run("chain", "--no-report")
    before = project.files()

    outcome = accept(project, "train")

    assert outcome.out == "there is nothing to accept: no result of 'train' is stale\n"
    assert project.files() == before


def test_an_unknown_stage_is_bad_input(project: "Project") -> None:
    project.run("chain", "--no-report")

    outcome = accept(project, "trian")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: cached stage 'trian' not found. Did you mean 'train'?\n"


def test_a_stage_that_is_gone_is_bad_input(project: "Project") -> None:
    project.run("chain", "--no-report")
    before = project.files()
    edit(project, "def train(", "def train_model(")
    edit(project, "train(make_data", "train_model(make_data")

    outcome = accept(project, "train")

    assert outcome.code == 2
    assert "stage 'train' is not a name of module 'experiments.chain' any more" in outcome.err
    assert {*project.files()} == {*before}


def test_a_metadata_file_that_cannot_be_read_is_passed_over(project: "Project") -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(list(data))")
    project.write("data/cache/other_metadata.json", "{")
    project.write("data/cache/third_metadata.json", json.dumps({"stage": "train"}))

    assert accept(project, "train").code == 0
