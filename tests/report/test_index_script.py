"""Finding and ordering runs on the index, as a browser does it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.report.conftest import HEADLESS

from curifactory.reporting import update_report_index

if TYPE_CHECKING:
    from tests.report.conftest import Element

_FLAGS = (
    *HEADLESS,
    "--dump-dom",
)
_POLICY = "script-src '"


def add_run(number: int, status: str, notes: str) -> None:
    facts = {
        "reference": f"chain_{number}",
        "experiment_name": "chain",
        "run_number": number,
        "timestamp": "2026-02-03-T105859",
        "status": status,
        "notes": notes,
    }
    folder = Path("reports", f"chain_{number}")
    folder.mkdir(parents=True)
    (folder / "run_info.json").write_text(json.dumps(facts))


@pytest.fixture
def index(folder: Path) -> Path:
    """An index of three runs."""
    add_run(1, "error", "first words")
    add_run(2, "complete", "Other Words")
    add_run(3, "complete", "nothing to say")
    return Path(update_report_index("reports", "style.css"))


@pytest.fixture
def shown(
    folder: Path, parse: "Callable[[str], Element]"
) -> "Callable[[Path], tuple[Element, list[str]]]":
    """Open a page in a browser; gives the page and the runs that are to be seen, from the top."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on PATH to open the page in")

    def open_(page: Path) -> "tuple[Element, list[str]]":
        dom = subprocess.run(
            [chromium, *_FLAGS, f"--user-data-dir={folder / 'profile'}", page.resolve().as_uri()],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        ).stdout
        tree = parse(dom)
        runs = tree.find(cls="run")
        return tree, [run.texts("a")[0] for run in runs if "hidden" not in run.attributes]

    return open_


def using(index: Path, search: str = "", order: str = "newest", status: str = "") -> Path:
    """Return a copy of the page that somebody has typed into."""
    page = index.read_text(encoding="utf-8")
    typed = f"search.value = {json.dumps(search)}; order.value = {json.dumps(order)};"
    typed += f"wanted.value = {json.dumps(status)};\nshow();"
    assert page.count("\nshow();") == page.count(_POLICY) == 1
    page = page.replace("\nshow();", f"\n{typed}")
    page = re.sub(f'{_POLICY}[^"]*', "script-src 'unsafe-inline'", page)
    copy = index.with_name("used.html")
    copy.write_text(page, encoding="utf-8")
    return copy


Shown = Callable[[Path], tuple["Element", list[str]]]


def test_controls_appear_once_their_script_runs(index: Path, shown: Shown) -> None:
    written = index.read_text(encoding="utf-8")
    page, runs = shown(index)

    assert '<div id="controls" hidden>' in written
    assert "hidden" not in page.find(id_="controls")[0].attributes
    assert runs == ["chain_3", "chain_2", "chain_1"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("words", ["chain_2", "chain_1"]),
        ("WORDS other", ["chain_2"]),
        ("error", ["chain_1"]),
        ("no such run", []),
    ],
)
def test_runs_with_all_the_words_are_found(
    search: str, expected: list[str], index: Path, shown: Shown
) -> None:
    page, runs = shown(using(index, search))

    assert runs == expected
    assert ("hidden" in page.find("section", id_="experiment-1")[0].attributes) == (not expected)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest", ["chain_1", "chain_2", "chain_3"]),
        ("status", ["chain_3", "chain_2", "chain_1"]),
    ],
)
def test_runs_are_ordered(order: str, expected: list[str], index: Path, shown: Shown) -> None:
    assert shown(using(index, order=order))[1] == expected


def test_runs_of_a_status_are_found(index: Path, shown: Shown) -> None:
    assert shown(using(index, status="complete"))[1] == ["chain_3", "chain_2"]


def test_another_script_is_refused(index: Path, shown: Shown) -> None:
    page = index.read_text(encoding="utf-8").replace("\nshow();", "\nshow(); ")
    copy = index.with_name("changed.html")
    copy.write_text(page, encoding="utf-8")

    tree, _ = shown(copy)

    assert "hidden" in tree.find(id_="controls")[0].attributes


def test_one_run_needs_no_controls(folder: Path, read_page: "Callable[[str], Element]") -> None:
    add_run(1, "complete", "")

    page = read_page(update_report_index("reports", "style.css"))

    assert page.find(id_="controls") == page.find("script") == []
