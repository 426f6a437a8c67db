"""Parallel runs from the command line: options, values, and what users see."""

import json
import re
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.caching import pending_digests
from curifactory.caching.digesting import digest_as_described
from curifactory.experiment import run_experiment
from curifactory.journal import read_journal

if TYPE_CHECKING:
    from tests.cli.conftest import Project
    from tests.cli.parallel.conftest import ParallelProject


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parallel", "0"], "'0' is not a number of processes"),
        (["--parallel", "many"], "'many' is not a number of processes"),
        (["--executor", "locl"], "executor 'locl' not found. Did you mean 'local'?"),
        (["--parallel", "2", "--resources", "cpus=2"], "unknown resource 'cpus'"),
        (["--parallel", "2", "--resources", "cores"], "'cores' is not a resource like cores=8"),
        (["--parallel", "2", "--keep-going", "--fail-fast"], "exclude each other"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tree: "ParallelProject", words: list[str], message: str
) -> None:
    outcome = tree.project.run("tree", *words)

    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.error_lines) == 1
    assert not (tree.project.root / "data").exists()


def test_log_and_journal_name_the_worker(tree: "ParallelProject") -> None:
    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    (log,) = (tree.project.root / "logs").iterdir()
    text = log.read_text()
    assert len(set(re.findall(r"\[INFO\] - \{PID:(\d+)\} ", text))) == 2
    assert re.search(r"\{PID:\d+\} \[p3\] left of 3\n", text)
    assert re.search(r"\{PID:\d+\} stage left: Record 3 \(p3\) executed in ", text)
    assert "printed 3" in outcome.lines
    lines = read_journal("data/store/tree/1.jsonl")
    stages = [line for line in lines if line["event"] == "stage"]
    assert len(stages) == tree.stages
    assert {line["worker"] for line in stages} <= {"1", "2"}
    assert all(line["started"] > 0 and line["status"] == "executed" for line in stages)
    assert lines[-1]["status"] == "complete"


def test_the_value_of_run_and_the_records_are_those_of_a_serial_run(
    tree: "ParallelProject",
) -> None:
    serial, _ = run_experiment("tree", report=False)
    tree.forget()

    parallel, manager = run_experiment("tree", parallel=2, report=False)

    assert parallel == serial
    assert tree.counts().total() == tree.stages
    assert manager.records[2].state["plain"] == {"n": 2, "call": "<lambda>"}
    assert [call.status for call, _ in manager.decisions()] == ["executed"] * tree.stages
    assert tree.counts().total() == 0


def test_filters_choose_the_same_sets(tree: "ParallelProject") -> None:
    results, _ = run_experiment(
        "tree", parallel=2, global_param_set_indices=["1-3", "5"], report=False
    )

    assert results[-1].keys() == {"1", "2", "5"}
    assert tree.counts().total() == 13


@pytest.mark.parametrize("option", ["--overwrite", "--lazy", "--ignore-lazy", "--dry-cache"])
def test_options_mean_what_they_mean_in_a_serial_run(tree: "ParallelProject", option: str) -> None:
    tree.project.run("tree", "--no-report", "-n", "p1")
    tree.counts()
    options = {option.strip("-").replace("-", "_"): True}
    options["overwrite_override"] = options.pop("overwrite", False)
    before = tree.artifacts()

    _, manager = run_experiment("tree", parallel=2, report=False, **options)  # type: ignore[arg-type]

    assert manager.status == "complete", manager.error
    assert manager.records[-1].state["total"] == {str(n): [n * 10, n + 1, [n, n]] for n in range(6)}
    assert tree.counts().total() == (25 if option == "--overwrite" else 21)
    if option == "--dry-cache":
        assert tree.artifacts() == before


def test_a_dry_run_writes_nothing(tree: "ParallelProject") -> None:
    results, _ = run_experiment("tree", parallel=2, dry=True)

    assert results[-1]["5"] == [50, 6, [5, 5]]
    assert tree.counts().total() == tree.stages
    assert not (tree.project.root / "data" / "cache").exists()
    assert not (tree.project.root / "logs").exists()


def test_a_full_store_is_complete(tree: "ParallelProject") -> None:
    outcome = tree.project.run("tree", "--parallel", "2", "--store-full", "--no-report")

    assert outcome.code == 0, outcome.err
    (folder,) = (tree.project.root / "data" / "runs").iterdir()
    stored = {path.name for path in (folder / "artifacts").iterdir()}
    assert stored >= tree.artifacts().keys()


REPORTING = """
import curifactory as cf
from curifactory.reporting import JsonReporter

@cf.stage(outputs=["x"])
def show(record):
    record.report(JsonReporter({"of": record.params.name}, name="shown"))
    return 1

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    for item in param_sets:
        show(cf.Record(manager, item))
"""


@pytest.mark.parametrize("dry_cache", [False, True])
def test_what_workers_report_is_in_the_report(project: "Project", dry_cache: bool) -> None:
    project.write("experiments/reporting.py", REPORTING)

    _, manager = run_experiment("reporting", parallel=2, dry_cache=dry_cache)

    names = [reportable.qualified_name for reportable in manager.reportables]
    assert names == ["a_show_shown", "b_show_shown"]
    (page,) = (project.root / "reports").glob("reporting_1_*/index.html")
    assert "b_show" in page.read_text()


UNPICKLABLE = """
import threading
import curifactory as cf

@cf.stage(outputs=["lock"])
def make_lock(record):
    return threading.Lock()

@cf.stage(inputs=["lock"], outputs=["text"])
def read(record, lock):
    return str(lock)

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    read(make_lock(cf.Record(manager, param_sets[0])))
"""


def test_a_value_that_cannot_travel_is_named_with_its_stage(project: "Project") -> None:
    project.write("experiments/unpicklable.py", UNPICKLABLE)

    outcome = project.run("unpicklable", "--parallel", "2", "--no-report")

    assert outcome.code == 1
    assert "output 'lock' of stage 'make_lock', a lock, has no cacher" in outcome.err
    assert "Give it a cacher" in outcome.err
    assert "Traceback" not in outcome.err


HOLDING = """
from dataclasses import dataclass, field
from typing import Any
import threading
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
    function: Any = None
    lock: Any = None
    hash_representations: dict = cf.set_hash_functions(lock=None)

@cf.stage(outputs=["x"])
def use(record):
    return record.params.function(2)

def get_params():
    return [Params(name="one", function=lambda x: x * 3, lock=threading.Lock())]

def run(param_sets, manager):
    return use(cf.Record(manager, param_sets[0])).output
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_parameters_that_cannot_be_pickled_work(project: "Project", start: str) -> None:
    project.write("experiments/holding.py", HOLDING)
    project.write(
        "curifactory_config.json",
        json.dumps({"executors": {"local": {"kind": "local", "start": start}}}),
    )

    results, manager = run_experiment("holding", parallel=2, report=False)

    assert (results, manager.status) == (6, "complete")


def test_a_run_that_reads_results_goes_on_in_one_process(project: "Project") -> None:
    project.write(
        "experiments/reading.py",
        HOLDING.replace("return use(", "assert use(").replace(".output", ".output == 6"),
    )

    outcome = project.run("reading", "--parallel", "2", "--no-report")

    assert outcome.code == 0, outcome.err
    assert "going on linearly" in outcome.out


def test_a_stage_to_overwrite_runs_once_and_nothing_else_does(tree: "ParallelProject") -> None:
    tree.project.run("tree", "--no-report")
    tree.counts()
    before = tree.artifacts()

    outcome = tree.project.run(
        "tree", "--parallel", "2", "--overwrite-stage", "left", "--no-report"
    )

    assert outcome.code == 0, outcome.err
    expected = {f"{stage} {n}": 1 for stage in ("make", "left") for n in range(6)}
    assert dict(tree.counts()) == expected
    assert tree.artifacts() == before


LARGE = """
import json
from pathlib import Path

import curifactory as cf
from curifactory.caching import JsonCacher, PickleCacher

def get_params():
    return [cf.ExperimentParameters(name="one")]

@cf.stage(None, ["large"], [PickleCacher])
def make(record):
    return bytes(3_000_000)

@cf.stage(["large"], ["digest"], [JsonCacher])
def look(record, large):
    (path,) = Path("data/cache").glob("*_make_large_metadata.json")
    (facts,) = json.loads(path.read_text())["files"].values()
    return facts["sha256"]

def run(param_sets, manager):
    look(make(cf.Record(manager, param_sets[0])))
"""


def test_what_a_call_stored_has_its_digest_before_the_next_call_begins(
    project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*arguments: Any) -> str | None:
        time.sleep(0.3)  # the next call would begin long before
        return digest_as_described(*arguments)

    monkeypatch.setattr(pending_digests, "digest_as_described", slowly)  # workers are forked
    project.write("experiments/large.py", LARGE)

    project.run("large", "--parallel", "2", "--no-report")

    (path,) = (project.root / "data/cache").glob("*_look_digest.json")
    (artifact,) = (project.root / "data/cache").glob("*_make_large.pkl")
    assert json.loads(path.read_text()) == sha256(artifact.read_bytes()).hexdigest()
