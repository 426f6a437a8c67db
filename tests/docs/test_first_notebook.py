"""The cells of the tutorial about notebooks run in a real kernel."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.documents import ROOT, read_blocks

PAGE = ROOT / "docs/tutorials/first-notebook.md"


@pytest.mark.slow
def test_cells_print_what_the_page_shows(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs the group notebooks of pyproject.toml")
    pytest.importorskip("ipykernel", reason="needs the group notebooks of pyproject.toml")
    from nbformat import v4

    code = [each for each in read_blocks(PAGE) if each.language == "python" and each.file is None]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(each.text) for each in code])
    init = "from curifactory.cli.main import curifactory; curifactory()"
    subprocess.run([sys.executable, "-c", init, "init", "--yes"], cwd=tmp_path, check=True)

    resources = {"metadata": {"path": str(tmp_path / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()

    for cell in notebook.cells:
        printed = [each.text for each in cell.outputs if each.get("name") == "stdout"]
        assert "".join(printed) == "".join(re.findall(r"^#> (.*\n?)", cell.source, re.MULTILINE))
    assert "<svg" in str(notebook.cells[-2].outputs) or "<img" in str(notebook.cells[-2].outputs)
    assert (tmp_path / "reports/_latest/index.html").exists()
