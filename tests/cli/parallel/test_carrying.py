"""Experiments that no file has: of a script, a notebook, or given by the caller."""

import json
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.cli.parallel.carrying import pack
from curifactory.collecting import Definition
from curifactory.config import get_configuration
from curifactory.exceptions import BadInputError
from curifactory.experiment import run_experiment
from curifactory.importing import import_experiment, project_imports
from curifactory.params import ExperimentParameters
from curifactory.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Project
    from tests.cli.parallel.conftest import ParallelProject

DEFINED = """
import sys
from dataclasses import dataclass
import numpy as np
import curifactory as cf
from curifactory import stage
from curifactory.caching import JsonCacher, PickleCacher
from curifactory.experiment import run_experiment

FACTOR = 3

@dataclass
class Params(cf.ExperimentParameters):
    n: int = 1

class Model:
    def __init__(self, weight):
        self.weight = weight

def note(name, record):
    with open("executed.txt", "a") as file:
        file.write(f"{name} {record.params.n}\\n")

@stage(None, ["data"])
def make(record):
    note("make", record)
    return Model(int(np.sum([record.params.n, FACTOR])))

@cf.stage(["data"], ["model", "score"], [PickleCacher, JsonCacher])
def fit(record, data):
    note("fit", record)
    assert type(data) is Model
    return Model(data.weight * 2), data.weight

@cf.aggregate(["score"], ["total"], [JsonCacher])
def total(record, records, score):
    return sum(score.values())

def get_params():
    return [Params(name=str(n), n=n) for n in (1, 2, 3)]

def run(param_sets, manager):
    for item in param_sets:
        fit(make(cf.Record(manager, item)))
    return total(cf.Record(manager, None)).output
"""
CALL = """
results, manager = run_experiment(
    "typed", run_function=run, param_sets=get_params, report=False, **OPTIONS
)
if manager.error:
    raise SystemExit(manager.error)

models = [record.state["model"] for record in manager.records[:-1]]
assert all(type(model) is Model for model in models)
print([model.weight for model in models], results, manager.status, manager.run_line)
"""
EXPECTED = "[8, 10, 12] 15 complete sweep.py"


def write_executors(project: "Project", start: str) -> None:
    executors = {"mine": {"kind": "local", "start": start}}
    project.write("curifactory_config.json", json.dumps({"executors": executors}))


def run_script(project: "Project", options: dict[str, Any]) -> str:
    call = CALL.replace("OPTIONS", repr(options))
    if options.get("executor") == "dask":  # its processes import the script, as Python's own do
        call = 'if __name__ == "__main__":\n' + textwrap.indent(call, "    ")
    project.write("sweep.py", DEFINED + call)
    done = subprocess.run(
        [sys.executable, "-W", "error", "sweep.py"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    "options",
    [
        {"parallel": 2, "executor": "mine"},
        {"parallel": 2},
        pytest.param({"parallel": 2, "no_dag": True}, marks=pytest.mark.slow),
        pytest.param({"parallel": 2, "executor": "dask"}, marks=pytest.mark.slow),
    ],
    ids=["spawn", "fork", "split", "dask"],
)
def test_a_script_gives_what_it_gives_in_one_process(
    project: "Project", options: dict[str, Any]
) -> None:
    pytest.importorskip("cloudpickle")
    if options.get("executor") == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    write_executors(project, "spawn")
    assert EXPECTED in run_script(project, {})
    cache = project.root / "data" / "cache"
    serial = {path.name: path.read_bytes() for path in cache.glob("*[!a].*")}
    assert len(project.executed()) == 6
    for path in cache.iterdir():
        path.unlink()

    text = run_script(project, options)

    assert EXPECTED in text
    executed = project.executed()
    assert sorted(set(executed)) == sorted(executed) or "no_dag" in options
    written = {path.name: path.read_bytes() for path in cache.glob("*[!a].*")}
    assert written == serial
    again = run_script(project, {})
    assert EXPECTED in again
    assert "stale" not in again
    assert not any(line.startswith("fit") for line in project.executed())


CELL = """
results, manager = run_experiment("typed", mngr=MANAGER, run_function=run, param_sets=get_params,
                                  parallel=2, executor="mine", report=False)
print(results, manager.status, type(manager.records[0].state["model"]) is Model)
"""
EDIT = """
@cf.stage(["data"], ["model", "score"], [PickleCacher, JsonCacher])
def fit(record, data):
    note("fit", record)
    return Model(0), data.weight * 100
"""


@pytest.mark.slow
@pytest.mark.parametrize("manager", ["None", 'cf.ArtifactManager("typed")'], ids=["own", "live"])
@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_a_notebook_gives_what_it_gives_in_one_process(
    project: "Project", start: str, manager: str
) -> None:
    pytest.importorskip("ipykernel")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    write_executors(project, start)
    call = CELL.replace("MANAGER", manager)
    serial = call.replace('parallel=2, executor="mine", ', "")
    cells = [DEFINED, call, serial, EDIT, call, call, serial]
    cells[4] = call.replace("report=False", 'report=False, stage_overwrites=["fit", "total"]')
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))

    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    shown = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    expected = [15, 15, 1500, 1500, 1500]
    for place, total in zip([1, 2, 4, 5, 6], expected, strict=True):
        assert f"{total} {'LIVE' if 'cf' in manager else 'complete'} True" in shown[place]
        assert "stale" not in shown[place]
    executed = project.executed()
    assert {name: executed.count(name) for name in executed if name.startswith("fit")} == {
        f"fit {n}": 2 for n in (1, 2, 3)
    }


FILE = """
from dataclasses import dataclass
from typing import Any
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
    held: Any = None
    hash_representations: dict = cf.set_hash_functions(held=None)

@cf.stage(outputs=["x"])
def use(record):
    held = record.params.held
    return held(2) if callable(held) else held.name

def run(param_sets, manager):
    return use(cf.Record(manager, param_sets[0])).output
"""


def holding(project: "Project", held: Any) -> ExperimentParameters:
    project.write("experiments/holding.py", FILE)
    module = import_experiment(get_configuration(), "holding")
    made: ExperimentParameters = module.Params(name="one", held=held)
    return made


@pytest.fixture
def importing(project: "Project") -> "Iterator[Project]":
    with project_imports(get_configuration()):
        yield project


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_what_cannot_be_sent_is_named_unless_it_is_inherited(
    importing: "Project", start: str
) -> None:
    write_executors(importing, start)
    options: dict[str, Any] = {"parallel": 2, "executor": "mine", "report": False}
    with open("held.txt", "w", encoding="utf-8") as file:
        sets = [holding(importing, file)]
        if start == "spawn":
            expected = "field 'held' of parameter set 'one', a TextIOWrapper, cannot be sent"
            with pytest.raises(BadInputError, match=expected):
                run_experiment("holding", param_sets=sets, **options)
            assert RunStore("data").runs() == []
        else:
            results, manager = run_experiment("holding", param_sets=sets, **options)
            assert (results, manager.error) == ("held.txt", None)


def test_a_lambda_is_sent(importing: "Project") -> None:
    pytest.importorskip("cloudpickle")
    write_executors(importing, "spawn")
    sets = [holding(importing, lambda x: x * 3)]

    results, manager = run_experiment(
        "holding", param_sets=sets, parallel=2, executor="mine", report=False
    )

    assert (results, manager.error) == (6, None)


def test_without_cloudpickle_a_notebook_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(param_sets: list[Any], manager: Any) -> None: ...

    monkeypatch.setattr(run, "__module__", "__main__")
    monkeypatch.setitem(sys.modules, "cloudpickle", None)

    with pytest.raises(BadInputError, match="pip install cloudpickle"):
        pack(Definition(run, []))


def test_a_global_that_cannot_be_sent_is_named() -> None:
    pytest.importorskip("cloudpickle")
    namespace: dict[str, Any] = {"__name__": "__main__", "lock": threading.Lock()}
    exec("def helper():\n return lock\ndef run(sets, manager):\n return helper()", namespace)

    with pytest.raises(BadInputError, match="which uses 'lock', a lock, cannot be sent"):
        pack(Definition(namespace["run"], []))


def test_parameter_sets_may_be_given_for_an_experiment_of_a_file(tree: "ParallelProject") -> None:
    with project_imports(get_configuration()):
        made = import_experiment(get_configuration(), "tree").Params
        sets = [made(name="x", n=7), made(name="y", n=8)]

        results, manager = run_experiment("tree", param_sets=sets, parallel=2, report=False)

    assert (results[-1], manager.error) == ({"7": [70, 8, [7, 7]], "8": [80, 9, [8, 8]]}, None)
    assert run_experiment("tree", param_sets=sets, hashes_only=True)[0] == {
        str(item.hash): item.name for item in sets
    }


def test_what_is_given_must_be_parameter_sets(project: "Project") -> None:
    with pytest.raises(BadInputError, match=r"param_sets of 'typed' returned a list with 3 in it"):
        run_experiment(
            "typed",
            run_function=lambda _sets, _manager: None,
            param_sets=[3],  # type: ignore[list-item]
        )
