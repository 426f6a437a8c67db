"""Notebooks made of source lines."""

import json
from typing import Any

from curifactory.caching.cacheable import Cacheable


class RawJupyterNotebookCacher(Cacheable):
    """Stores a list of cells, each a list of source lines, as a Jupyter notebook.

    The lines are kept in ``_cells.json`` beside it, and that is what comes back.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".ipynb", **kwargs})

    def save(self, obj: list[list[str]]) -> str:
        """Write one code cell per list and return the notebook's path."""
        from nbformat import v4, write

        cells = [v4.new_code_cell("\n".join(line.rstrip("\n") for line in cell)) for cell in obj]
        path = self.get_path()
        with open(path, "w", encoding="utf-8") as file:
            write(v4.new_notebook(cells=cells), file)
        with open(self.get_path("_cells.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(obj, indent=4))
        return path

    def load(self) -> list[list[str]]:
        """Return the cells."""
        with open(self.get_path("_cells.json"), encoding="utf-8") as file:
            cells: list[list[str]] = json.load(file)
        return cells
