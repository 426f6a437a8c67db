"""The documented function that runs an experiment, and the lists of files."""

from collections.abc import Callable
from datetime import datetime
from inspect import signature
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record
from curifactory.exceptions import BadInputError
from curifactory.experiment import list_experiments, list_params, run_experiment
from curifactory.mapping import RunPlan
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.core.conftest import Project

IRIS = '''
"""Flowers."""
from dataclasses import dataclass
import curifactory as cf
from probe import FileCacher, ran

@dataclass
class Params(cf.ExperimentParameters):
    value: int = 1

def get_params():
    return [Params(name=name, value=value) for name, value in [("one", 1), ("two", 2)]]

@cf.stage(outputs=["a", "b"], cachers=[FileCacher, FileCacher])
def make(record):
    ran.append(str(record.params.value))
    return record.params.value, -record.params.value

def run(param_sets, manager):
    if manager.prefix == "fail":
        raise LookupError("no such data")
    for params in param_sets:
        make(cf.Record(manager, params))
    return [params.name for params in param_sets]
'''


@pytest.fixture
def iris(project: "Project") -> "Project":
    project.write("experiments/iris.py", IRIS)
    return project


def test_it_returns_the_value_and_the_manager(iris: "Project") -> None:
    results, manager = run_experiment("iris", report=False)

    assert results == ["one", "two"]
    assert isinstance(manager, ArtifactManager)
    assert (manager.status, manager.error, manager.log_path) == ("complete", None, None)


@pytest.mark.parametrize("asked", [{"build_docker": True}, {"docker_context": "image"}])
def test_an_image_of_what_is_not_stored_is_refused_before_anything_runs(
    iris: "Project", asked: dict[str, Any]
) -> None:
    before = iris.files()
    live = ArtifactManager("mine", suppress_live_log=True, dry=True)

    with pytest.raises(BadInputError, match="a dry run has no full store of its own"):
        run_experiment("iris", dry=True, **asked)
    with pytest.raises(BadInputError, match="a session that goes on has no full store"):
        run_experiment("iris", mngr=live, **asked)

    assert iris.files() == before


DOCUMENTED = """experiment_name param_files overwrite_override cache_dir_override mngr log log_debug
dry dry_cache store_full log_errors prefix build_docker build_notebook run_string stage_overwrites
param_set_names param_set_indices global_param_set_indices parallel parallel_mode parallel_lock
parallel_queue run_num_override run_ts_override lazy ignore_lazy report no_dag map_only hashes_only
paths_only print_params no_color quiet progress plain notes all_loggers"""


def test_its_arguments_are_the_documented_ones_in_their_order() -> None:
    documented = DOCUMENTED.split()
    assert list(signature(run_experiment).parameters)[: len(documented)] == documented


def test_a_run_for_somebody_else_has_their_number_and_reports_to_their_queue(
    iris: "Project", folder: Path
) -> None:
    queue: SimpleQueue[object] = SimpleQueue()

    _, manager = run_experiment(
        "iris",
        parallel_mode=True,
        global_param_set_indices=["0-1"],
        parallel_queue=queue,
        run_num_override=7,
        run_ts_override=datetime(2022, 2, 3, 10, 58, 59),
    )

    assert manager.get_reference_name() == "iris_7_2022-02-03-T105859"
    assert queue.get() == (("0-1",), "complete", None)
    assert not manager.stored
    assert not (folder / "data" / "store").exists()


def test_a_failure_is_not_raised_but_told_by_the_manager(iris: "Project") -> None:
    results, manager = run_experiment("iris", prefix="fail", report=False)

    assert results is None
    assert (manager.status, manager.error) == ("error", "LookupError - no such data")
    assert manager.error_thrown


def test_what_does_not_exist_is_raised(iris: "Project") -> None:
    with pytest.raises(BadInputError, match="'absent' not found"):
        run_experiment("absent")


def test_filters_and_forcing(iris: "Project") -> None:
    run_experiment("iris", report=False)
    iris.ran.clear()

    results, _ = run_experiment(
        "iris", ["iris"], param_set_names=["two"], stage_overwrites=["make"], report=False
    )

    assert results == ["two"]
    assert iris.ran == ["2"]


def test_overwriting_everything(iris: "Project") -> None:
    for _ in range(2):
        run_experiment("iris", overwrite_override=True, param_set_indices=["0"], report=False)

    assert iris.ran == ["1", "1"]


def test_only_a_map_returns_the_plan(iris: "Project") -> None:
    plan, manager = run_experiment("iris", map_only=True)

    assert isinstance(plan, RunPlan)
    assert [str(decision.action) for _, decision in plan.calls()] == ["run", "run"]
    assert manager.map is plan
    assert iris.ran == []


def test_only_hashes_returns_names_by_hash(iris: "Project", folder: Path) -> None:
    hashes, _ = run_experiment("iris", hashes_only=True)

    assert list(hashes.values()) == ["one", "two"]
    assert all(isinstance(hash_, str) for hash_ in hashes)
    assert not (folder / "data").exists()


def test_only_paths_returns_artifacts_and_their_metadata(iris: "Project", folder: Path) -> None:
    paths, _ = run_experiment("iris", paths_only=True, param_set_names=["one"])
    _, manager = run_experiment("iris", param_set_names=["one"], report=False)

    assert [path for path in paths if not path.endswith("_metadata.json")] == [
        artifact.path for artifact in manager.artifacts
    ]
    assert len(paths) == 4


def test_printed_parameters_are_those_of_this_run_or_of_a_recorded_hash(iris: "Project") -> None:
    _, manager = run_experiment("iris", report=False)
    hash_ = manager.records[0].get_hash()

    every, _ = run_experiment("iris", print_params=True)
    named, _ = run_experiment("iris", print_params="one")
    by_hash, _ = run_experiment("iris", print_params=hash_[:8], param_set_names=["two"])

    assert [entry["name"] for entry in every.values()] == ["one", "two"]
    assert list(named) == list(by_hash) == [hash_]
    assert named[hash_]["value"] == by_hash[hash_]["value"] == "1"


def test_unknown_parameters_to_print_are_named(iris: "Project") -> None:
    with pytest.raises(BadInputError, match=r"'three' not found.*Names: one, two"):
        run_experiment("iris", print_params="three")


def test_parameters_to_print_may_be_an_aggregate_and_need_no_recorded_run(iris: "Project") -> None:
    with pytest.raises(BadInputError, match="no recorded hash begins with it"):
        run_experiment("iris", print_params="ffff")
    manager = ArtifactManager("iris", suppress_live_log=True)
    record = Record(manager, None)
    record.set_aggregate([])

    found, _ = run_experiment("iris", print_params=record.get_hash())

    assert found == {record.get_hash(): {"active": "None", "arg_list": []}}


def test_a_given_session_honours_the_options(
    iris: "Project", new_manager: Callable[..., ArtifactManager], folder: Path
) -> None:
    manager = new_manager("notebook", dry=True)
    before = iris.files()

    results, used = run_experiment(
        "iris", mngr=manager, stage_overwrites=["make"], cache_dir_override="other"
    )

    assert used is manager
    assert results == ["one", "two"]
    assert iris.files() == before


def test_a_given_session_has_its_own_options_again_afterwards(
    iris: "Project", new_manager: Callable[..., ArtifactManager], folder: Path
) -> None:
    manager = new_manager("notebook")

    run_experiment(
        "iris", mngr=manager, stage_overwrites=["make"], cache_dir_override="other", report=False
    )

    assert (manager.overwrite_stages, manager.cache_path) == ([], "data/cache")
    assert len(list((folder / "other").iterdir())) == 4


def test_the_recorded_command_can_be_given(iris: "Project") -> None:
    run_experiment("iris", run_string="from a notebook", report=False)
    run_experiment("iris", overwrite_override=True, report=False)

    lines = [run["cli"] for run in RunStore("data").runs()]
    assert lines == ["from a notebook", "experiment iris --overwrite --no-log --no-report"]


def test_files_are_listed(iris: "Project") -> None:
    iris.write("params/more.py", "def get_params(): ...")

    assert list_experiments() == ["iris"]
    assert list_params() == ["iris", "more"]


def test_parameter_sets_of_the_run_are_told(iris: "Project") -> None:
    _, manager = run_experiment("iris", report=False)

    assert manager.parameter_files == ["iris"]
    sets = manager.get_all_param_sets()
    assert all(isinstance(item, ExperimentParameters) for item in sets)
    assert manager.param_file_param_sets == {"iris": [(item.name, item.hash) for item in sets]}
