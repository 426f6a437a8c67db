"""Several processes that write reports into one folder, some of them killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory import ArtifactManager
from curifactory.paths import write_atomically
from curifactory.reporting import index_page, update_report_index

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]
ReadPage = Callable[[str], "Element"]

_FACTS = (
    '{"reference": "%s", "experiment_name": "chain", "run_number": 1, "status": "complete",'
    ' "timestamp": "2026-02-03-T105859"}'
)
_DAY = 86_400


def add_run(name: str) -> None:
    Path("reports", name).mkdir(parents=True)
    Path("reports", name, "run_info.json").write_text(_FACTS % name)


def add_leftover(name: str) -> Path:
    """Leave what a killed process leaves."""
    folder = Path("reports", name)
    (folder / "reportables").mkdir(parents=True)
    (folder / "run_info.json").write_text(_FACTS % "chain_1")
    return folder


def let_pass(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: later)


def test_a_run_that_ends_while_the_index_is_written_is_listed(
    folder: Path, read_page: ReadPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run("first")

    def write_and_be_overtaken(path: str, data: bytes) -> None:
        if path.endswith("index.html") and not Path("reports/second").exists():
            add_run("second")
        write_atomically(path, data)

    monkeypatch.setattr(index_page, "write_atomically", write_and_be_overtaken)

    page = read_page(update_report_index("reports", "style.css"))

    assert sorted(page.texts("a")) == ["first", "second"]


def test_runs_that_end_at_once_are_all_listed(folder: Path, read_page: ReadPage) -> None:
    code = """
import curifactory as cf
manager = cf.ArtifactManager("chain")
input()
manager.generate_report()
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()

    assert [process.wait(60) for process in processes] == [0, 0, 0]
    runs = {run.texts("a")[0] for run in read_page("reports/index.html").find(cls="run")}
    assert len(runs) == 3
    assert set(os.listdir("reports")) == {
        "index.html",
        "style.css",
        "_latest",
        *runs,
    }


def test_a_report_that_was_moved_aside_is_put_back(
    new_manager: NewManager, read_page: ReadPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_leftover(".chain_1.4711.old-1795000000000000000")
    let_pass(120, monkeypatch)

    new_manager("tree").generate_report()

    assert not list(Path("reports").glob(".chain_1*"))
    assert Path("reports/chain_1/run_info.json").is_file()
    assert "chain_1" in read_page("reports/index.html").texts("a")


def test_a_report_that_is_being_replaced_is_left_alone(new_manager: NewManager) -> None:
    aside = add_leftover(".chain_1.4711.old-1795000000000000000")

    new_manager("tree").generate_report()

    assert aside.is_dir()
    assert not Path("reports/chain_1").exists()


def test_what_a_killed_process_was_building_goes_after_a_day(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    building = add_leftover(".chain_1.4711")
    manager = new_manager("tree")
    let_pass(_DAY - 60, monkeypatch)
    manager.generate_report()
    assert building.is_dir()

    let_pass(_DAY + 120, monkeypatch)
    manager.generate_report()

    assert not building.exists()


def test_hidden_folders_of_others_stay(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("reports/.mine.1").mkdir(parents=True)
    let_pass(2 * _DAY, monkeypatch)

    new_manager("tree").generate_report()

    assert Path("reports/.mine.1").is_dir()
