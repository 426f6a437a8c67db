"""The published walk through the basic components, cell by cell, with what it prints.

`basic_components_notebook.txt` holds the cells of the notebook and their outputs,
`basic_components_guide.txt` those of the guide, which shows its outputs as `#>` comments. The guide
was written when a hash was only filled in later, and prints `hash=None`.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager
from curifactory.journal import read_journal

_HERE = Path(__file__).parent
_HASHES = {
    "default": "fbfbde1db878403f89d2b0b9cdf4fbbd",
    "doubled": "ab202296761d2052e9b6b0376b46785b",
    "uber-double": "a4337711dc83557f076bccd2b015e2ad",
}


@dataclass(frozen=True)
class Cell:
    code: str
    printed: str


@dataclass
class Session:
    """A live session: one namespace in a project's folder."""

    folder: Path
    namespace: dict[str, Any]
    prompts: int = 0

    def run(self, cell: Cell) -> None:
        self.prompts += 1
        code = re.sub(r"^%cd (.*)$", r"change_folder('\1')", cell.code, flags=re.MULTILINE)
        exec(compile(code, f"In [{self.prompts}]", "exec"), self.namespace)

    @property
    def manager(self) -> ArtifactManager:
        manager = self.namespace["manager"]
        assert isinstance(manager, ArtifactManager)
        return manager


def read_notebook(folder: Path) -> list[Cell]:
    text = (_HERE / "basic_components_notebook.txt").read_text(encoding="utf-8")
    cells = []
    for part in re.split(r"^In \[\d+\]:\n", text, flags=re.MULTILINE)[1:]:
        code, *printed = re.split(r"^Out \[\d+\]:\n", part, flags=re.MULTILINE)
        cells.append(Cell(code, "".join(printed).replace("{project root}", str(folder))))
    return cells


def read_guide() -> list[Cell]:
    text = (_HERE / "basic_components_guide.txt").read_text(encoding="utf-8")
    text = re.sub(
        r"name='(.+?)', hash=None",
        lambda found: f"name='{found[1]}', hash='{_HASHES[found[1]]}'",
        text,
    )
    return [
        Cell(code, "".join(re.findall(r"^#> (.*\n)", code, flags=re.MULTILINE)))
        for code in re.split(r"^In \[\d+\]:\n", text, flags=re.MULTILINE)[1:]
    ]


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    def change_folder(folder: str) -> None:
        os.chdir(folder)
        print(os.getcwd())

    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path, {"__name__": "__main__", "change_folder": change_folder})
    yield session
    session.manager.close_run("LIVE")
    session.manager.log.close()


def test_every_cell_of_the_notebook_prints_what_it_shows(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = read_notebook(session.folder)
    os.chdir("notebooks")

    printed = []
    for cell in cells:
        session.run(cell)
        printed.append(capsys.readouterr().out)

    assert len(cells) == 10
    assert printed == [cell.printed for cell in cells]


def test_every_snippet_of_the_guide_prints_what_it_shows(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = read_guide()

    printed = []
    for cell in cells:
        session.run(cell)
        printed.append(capsys.readouterr().out)

    assert len(cells) == 9
    assert printed == [cell.printed for cell in cells]


def test_the_session_is_a_run_with_a_log_that_names_the_record_left_out(session: Session) -> None:
    for cell in read_guide():
        session.run(cell)

    log = session.folder / "logs" / f"{session.manager.get_reference_name()}.log"
    assert "Record 0 (default) does not have the input 'final_value'" in log.read_text("utf-8")
    journal = read_journal(str(session.folder / "data/store/notebook_example_0/1.jsonl"))
    assert [line["event"] for line in journal][:1] == ["opened"]
    assert journal[0]["status"] == session.manager.status == "LIVE"


def test_records_keep_their_stages_and_the_aggregate_its_inputs(session: Session) -> None:
    for cell in read_guide():
        session.run(cell)

    r0, r2, final = (session.namespace[name] for name in ("r0", "r2", "final_record"))
    assert [r0.stages, r2.stages] == [
        ["get_initial_value"],
        ["get_initial_value", "multiply_again"],
    ]
    assert final.is_aggregate
    assert final.input_records[0] is r0
    assert final.output == ({"doubled": 20.0, "uber-double": 80.0}, 80.0)
