"""Notebooks made of source lines."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import RawJupyterNotebookCacher

CELLS = [["import os", "print(os.name)"], ["value = 5\n", "value"]]


def test_cells_become_a_notebook_and_come_back(
    new_manager: Callable[..., ArtifactManager], folder: Path
) -> None:
    @stage(outputs=["notebook"], cachers=[RawJupyterNotebookCacher])
    def write(record: Record) -> list[list[str]]:
        return CELLS

    write(Record(new_manager(), ExperimentParameters()))
    record = write(Record(new_manager(), ExperimentParameters()))

    path = Path(record.calls[0].outputs[0].path or "")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["code", "code"]
    assert "".join(notebook["cells"][0]["source"]) == "import os\nprint(os.name)"
    assert (record.output, record.calls[0].status) == (CELLS, "loaded")
    assert not [name for name in os.listdir(path.parent) if name.endswith(".py")]


def test_the_notebook_is_valid(folder: Path) -> None:
    nbformat = pytest.importorskip("nbformat")

    RawJupyterNotebookCacher("book.ipynb").save(CELLS)

    notebook = nbformat.read("book.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, len(notebook.cells)) == (4, len(CELLS))
