"""The walk-through notebooks run in a real kernel and print what the guide says."""

import shutil
from pathlib import Path
from typing import Any

import pytest

_EXAMPLE = Path(__file__).parents[2] / "examples/walkthrough"

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    leftovers = shutil.ignore_patterns("data", "logs", "reports", ".ipynb_checkpoints")
    return Path(shutil.copytree(_EXAMPLE, tmp_path / "walkthrough", ignore=leftovers))


def execute(notebook: Path) -> list[Any]:
    """Return the outputs of the notebook's cells, in order."""
    nbclient = pytest.importorskip("nbclient", reason="needs the group notebooks of pyproject.toml")
    pytest.importorskip("ipykernel", reason="needs the group notebooks of pyproject.toml")
    from nbformat import read

    cells = read(notebook, as_version=4)
    resources = {"metadata": {"path": str(notebook.parent)}}
    nbclient.NotebookClient(cells, timeout=300, resources=resources).execute()
    return [output for cell in cells.cells for output in cell.get("outputs", [])]


def printed(outputs: list[Any]) -> str:
    return "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")


def test_basic_components(project: Path) -> None:
    text = printed(execute(project / "notebooks/0_BasicComponents.ipynb"))

    for line in (
        "{} MyParams(name='default', hash='fbfbde1db878403f89d2b0b9cdf4fbbd', overwrite=False, "
        "some_scalar_multiplier=1.0)",
        "{'initial_value': 5.0} {'initial_value': 10.0}",
        "{'initial_value': 10.0, 'final_value': 20.0}",
        "{'all_final_values': {'doubled': 20.0, 'uber-double': 80.0}, 'maximum_value': 80.0}",
    ):
        assert f"{line}\n" in text


def test_caching_and_reporting(project: Path) -> None:
    outputs = execute(project / "notebooks/1_CachingAndReporting.ipynb")

    text = printed(outputs)
    assert text.count("making a dictionary is hard work") == 2
    assert "notebook_example_1_ec3f8f4559d33912cdfa01467994ce46_long_compute_step_" in text
    assert "Lazy\nlist 8" in text
    shown = [output["data"].get("text/html", "") for output in outputs if "data" in output]
    assert any("single_line_plot" in html for html in shown)
    assert (project / "reports/_latest/index.html").exists()
