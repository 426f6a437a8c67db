"""The rows of the index that are kept from one to the next."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.reporting import index_rows, update_report_index

if TYPE_CHECKING:
    from tests.report.conftest import Element

KEPT = Path("reports/.index.json")


def add_run(name: str, **facts: object) -> None:
    """Write the facts of a run as a run does, with a new file."""
    known = {"reference": name, "experiment_name": "chain", "run_number": 1, "status": "complete"}
    known["timestamp"] = "2026-02-03-T105859"
    path = Path("reports", name, "run_info.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".new").write_text(json.dumps(known | facts))
    path.with_suffix(".new").replace(path)


@pytest.fixture(autouse=True)
def keep_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep also the rows of few runs."""
    monkeypatch.setattr(index_rows, "_WORTH_KEEPING", 1)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of folders whose rows are made from now on."""
    folders: list[str] = []
    make_row = index_rows._make_row

    def note(info: Mapping[str, Any], folder: str) -> index_rows.Row:
        folders.append(folder)
        return make_row(info, folder)

    monkeypatch.setattr(index_rows, "_make_row", note)
    return folders


@pytest.fixture
def listed(read_page: "Callable[[str], Element]") -> Callable[[], list[tuple[str, str]]]:
    """Write the index and return the reference and status of each run."""

    def write() -> list[tuple[str, str]]:
        runs = read_page(update_report_index("reports", "style.css")).find(cls="run")
        return [(run.texts("a")[0], run.texts("span")[1]) for run in runs]

    return write


Listed = Callable[[], list[tuple[str, str]]]


def test_only_rows_of_new_runs_are_made(folder: Path, listed: Listed, made: list[str]) -> None:
    for name in ("a", "b"):
        add_run(name)
    before = listed()
    add_run("c", run_number=0)

    assert listed() == [*before, ("c", "complete")]
    assert made == ["a", "b", "c"]


def test_a_run_whose_facts_were_written_again_is_read_again(
    folder: Path, listed: Listed, made: list[str]
) -> None:
    add_run("a", status="incomplete")
    add_run("b", run_number=0)
    listed()
    add_run("a")

    assert listed() == [("a", "complete"), ("b", "complete")]
    assert made == ["a", "b", "a"]


def test_facts_of_the_same_size_and_time_in_another_file_are_read_again(
    folder: Path, listed: Listed
) -> None:
    add_run("a", status="error")
    path = Path("reports/a/run_info.json")
    status = path.stat()
    listed()
    add_run("a", status="other")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert path.stat().st_size == status.st_size
    assert listed() == [("a", "other")]


def test_a_run_that_is_gone_is_not_kept(folder: Path, listed: Listed) -> None:
    for name in ("a", "b"):
        add_run(name)
    listed()
    Path("reports/a").rename("elsewhere")

    assert listed() == [("b", "complete")]
    assert list(json.loads(KEPT.read_text())["rows"]) == ["b"]


def test_a_run_whose_facts_are_gone_is_informal(
    folder: Path, listed: Listed, read_page: "Callable[[str], Element]"
) -> None:
    add_run("a")
    listed()
    Path("reports/a/run_info.json").unlink()

    page = read_page(update_report_index("reports", "style.css"))

    assert page.find(cls="run") == []
    assert page.texts("h2") == ["Informal runs"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nothing",
        '{"made_by": "an earlier version", "rows": {"a": [1]}}',
        '{"rows": 3}',
        "\x00\xff",
    ],
)
def test_kept_rows_that_cannot_be_read_are_made_again(
    folder: Path, listed: Listed, made: list[str], text: str
) -> None:
    add_run("a")
    before = listed()
    KEPT.write_bytes(text.encode("latin-1"))

    assert listed() == before
    assert made == ["a", "a"]
    assert "rows" in json.loads(KEPT.read_text())


def test_rows_of_the_right_version_but_the_wrong_shape_are_made_again(
    folder: Path, listed: Listed
) -> None:
    add_run("a")
    before = listed()
    kept = json.loads(KEPT.read_text())
    kept["rows"]["a"] = kept["rows"]["a"][:4]
    KEPT.write_text(json.dumps(kept))

    assert listed() == before


def test_rows_that_cannot_be_kept_do_no_harm(folder: Path, listed: Listed) -> None:
    add_run("a")
    KEPT.mkdir(parents=True)

    assert listed() == [("a", "complete")]


def test_rows_of_few_runs_are_not_kept(
    folder: Path, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_rows, "_WORTH_KEEPING", 3)
    for name in ("a", "b"):
        add_run(name)
    listed()
    assert sorted(os.listdir("reports")) == ["a", "b", "index.html", "style.css"]

    add_run("c")
    listed()
    assert KEPT.is_file()
