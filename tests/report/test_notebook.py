"""A notebook shows what its run computed, in a real kernel."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from curifactory.exceptions import BadInputError
from curifactory.experiment import RunOptions, RunResult, run
from curifactory.manager import ArtifactManager
from curifactory.reporting import write_experiment_notebook

EXPERIMENT = """
from dataclasses import dataclass
from pathlib import Path
import curifactory as cf
from curifactory.caching import JsonCacher

@dataclass
class Params(cf.ExperimentParameters):
    size: int = 1

def get_params():
    return [Params(name="small", size=2), Params(name="big | `x`", size=4)]

@cf.stage(outputs=["data"], cachers=[JsonCacher])
def make(record):
    with open("executed.txt", "a") as file:
        file.write("make ")
    return [1] * record.params.size

@cf.stage(inputs=["data"], outputs=["total"])
def add(record, data):
    if Path("broken").exists():
        raise ValueError("it is broken")
    return sum(data)

def run(param_sets, manager):
    for param_set in param_sets:
        add(make(cf.Record(manager, param_set)))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "experiments").mkdir(parents=True)
    (folder / "experiments/sizes.py").write_text(EXPERIMENT)
    monkeypatch.chdir(folder)
    return folder


def run_sizes(**options: Any) -> RunResult:
    return run(RunOptions(experiment="sizes", report=False, build_notebook=True, **options))


def execute(notebook: Path, code: str) -> str:
    """Return what ``code`` prints after all cells of the notebook were executed."""
    nbclient = pytest.importorskip("nbclient", reason="needs the group notebooks of pyproject.toml")
    pytest.importorskip("ipykernel", reason="needs the group notebooks of pyproject.toml")
    from nbformat import read, v4

    cells = read(notebook, as_version=4)
    cells.cells.append(v4.new_code_cell(code))
    resources = {"metadata": {"path": str(notebook.parent)}}
    nbclient.NotebookClient(cells, timeout=300, resources=resources).execute()
    return "".join(output.get("text", "") for output in cells.cells[-1].outputs)


def text_of(notebook: Path) -> str:
    from nbformat import read

    return str(read(notebook, as_version=4).cells[0].source)


def test_notebook_is_named_after_the_run(project: Path) -> None:
    result = run_sizes(names=("small",))

    name = result.manager.get_reference_name()
    assert result.notebook_path == f"notebooks/experiments/{name}.ipynb"
    assert f"# {name}" in text_of(project / result.notebook_path)


def test_names_cannot_break_out_of_the_summary(project: Path) -> None:
    result = run_sizes()

    assert "| `big \\| 'x'` | `sizes` |" in text_of(project / str(result.notebook_path))


@pytest.mark.slow
def test_states_hold_what_was_stored_also_after_moving_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_sizes()
    moved = project.with_name("moved")
    monkeypatch.chdir(project.parent)
    shutil.move(project, moved)

    printed = execute(moved / str(result.notebook_path), "print(state_1['data'], state_1['total'])")

    assert printed == "[1, 1, 1, 1] 4\n"
    assert (moved / "executed.txt").read_text() == "make make "
    assert len(list((moved / "data/store/sizes").glob("*.jsonl"))) == 1


@pytest.mark.slow
def test_states_of_a_failed_run_hold_what_was_stored_before(project: Path) -> None:
    (project / "broken").touch()
    result = run_sizes()
    notebook = project / str(result.notebook_path)

    printed = execute(notebook, "print(manager.error, state_0['data'])")

    assert result.error is not None
    assert "**The run failed:** `ValueError - it is broken`" in text_of(notebook)
    assert printed == "ValueError - it is broken [1, 1]\n"


@pytest.mark.slow
def test_notebook_of_a_full_store_does_without_the_cache(project: Path) -> None:
    result = run_sizes(store_full=True, names=("small",))
    shutil.rmtree(project / "data/cache")

    printed = execute(project / str(result.notebook_path), "print(state_0['data'])")

    assert printed == "[1, 1]\n"
    assert (project / "executed.txt").read_text() == "make "
    assert "project's cache" not in text_of(project / str(result.notebook_path))


def test_script_is_left_where_asked_for(project: Path) -> None:
    manager = run_sizes().manager

    path = write_experiment_notebook(manager, "explore", 0, leave_script=True)

    assert path == "explore.ipynb"
    assert "state_0 = record_0.state" in (project / "explore.py").read_text()
    compile((project / "explore.py").read_text(), "explore.py", "exec")


def test_full_store_that_there_is_not_is_refused(project: Path) -> None:
    manager = run_sizes().manager

    with pytest.raises(BadInputError, match="has no full store to load from"):
        write_experiment_notebook(manager, "explore", use_global_cache=False)


def test_live_session_is_refused(project: Path) -> None:
    with pytest.raises(BadInputError, match="this is a live session"):
        write_experiment_notebook(ArtifactManager("live", dry=True), "explore")


def test_dry_run_writes_no_notebook(project: Path) -> None:
    assert run_sizes(dry=True).notebook_path is None
    assert not (project / "notebooks").exists()
