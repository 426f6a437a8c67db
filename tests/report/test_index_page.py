"""The index of all reports."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from curifactory import ArtifactManager
from curifactory.reporting import update_report_index

if TYPE_CHECKING:
    from tests.report.conftest import Element, Project

NewManager = Callable[..., ArtifactManager]
ReadPage = Callable[[str], "Element"]


@pytest.fixture
def index(read_page: ReadPage) -> "Callable[[], Element]":
    """Write the index of ``reports`` afresh and read it."""
    return lambda: read_page(update_report_index("reports", "style.css"))


def add_run(folder: str = "chain_1", /, **facts: object) -> None:
    """Write the facts of a run that was made elsewhere or at another time."""
    known: dict[str, Any] = {
        "reference": folder,
        "experiment_name": "chain",
        "run_number": 1,
        "timestamp": "2026-02-03-T105859",
        "status": "complete",
    }
    path = Path("reports", folder)
    path.mkdir(parents=True)
    (path / "run_info.json").write_text(json.dumps(known | facts), encoding="utf-8")


def listed(page: "Element") -> list[str]:
    """Return the references of the runs in the first list of the page."""
    return [run.texts("a")[0] for run in page.find(cls="runs")[0].find(cls="run")]


def section(page: "Element", title: str) -> "Element":
    [found] = [part for part in page.find("section") if part.texts("h2") == [title]]
    return found


# -- order ---------------------------------------------------------------------------------------


def test_the_newest_run_comes_first(folder: Path, index: "Callable[[], Element]") -> None:
    add_run("b", timestamp="2026-02-03-T105859", run_number=2)
    add_run("a", timestamp="2025-12-31-T235959", run_number=1)
    add_run("c", timestamp="2026-02-03-T105858", run_number=3)

    assert listed(index()) == ["b", "c", "a"]


def test_of_the_same_second_the_higher_number_comes_first(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    for number in (9, 10, 1):
        add_run(f"chain_{number}", run_number=number)

    assert listed(index()) == ["chain_10", "chain_9", "chain_1"]


def test_real_runs_are_listed_newest_first(
    new_manager: NewManager, index: "Callable[[], Element]"
) -> None:
    managers = [new_manager("chain") for _ in range(3)]
    for manager in managers:
        manager.generate_report()

    assert listed(index()) == [manager.get_reference_name() for manager in reversed(managers)]


def test_several_experiments_have_a_list_each_and_one_of_all(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("tree_1", experiment_name="tree", timestamp="2026-02-04-T000000")
    add_run("chain_1")

    page = index()

    assert page.texts("h2") == ["Experiments", "chain", "tree", "All runs"]
    everything = section(page, "All runs").find(cls="run")
    assert [run.texts("a")[0] for run in everything] == ["tree_1", "chain_1"]
    links = page.find(cls="contents")[0].find("a")
    assert [len(page.find(id_=link.attributes["href"][1:])) for link in links] == [1, 1]


# -- a line --------------------------------------------------------------------------------------


def test_links_lead_to_the_reports(new_manager: NewManager, read_page: ReadPage) -> None:
    new_manager("100% & more").generate_report()

    links = read_page("reports/index.html").find("a")

    targets = [unquote(link.attributes["href"]) for link in links]
    assert len(targets) == 2
    assert [Path("reports", target).is_file() for target in targets] == [True, True]


def test_only_the_first_line_of_notes_is_shown(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    new_manager(notes="\n  why it was run\nand what came of it").generate_report()

    page = read_page("reports/index.html")

    assert page.texts("em") == ["why it was run"]
    assert "what came of it" not in page.text


def test_changes_that_are_in_no_commit_are_marked(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    Path(".gitignore").write_text("*\n")
    new_manager("clean").generate_report()
    Path(".gitignore").write_text("data/\n")
    new_manager("dirty").generate_report()

    runs = section(read_page("reports/index.html"), "All runs").find(cls="run")

    marks = {run.texts("a")[0].split("_")[0]: run.texts("span") for run in runs}
    assert "*" not in marks["clean"]
    assert "*" in marks["dirty"]


def test_a_line_tells_status_error_machine_sets_and_command(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run(
        status="error",
        error="ValueError - no data",
        hostname="node3",
        params={"chain": [["small", "1f"], ["big", "2e"]], "more": [["huge", "3d"]]},
        cli="experiment chain -p more",
        full_store=True,
    )

    [run] = index().find(cls="run")

    assert run.texts(cls="status") == ["error"]
    assert run.texts(cls="problem") == ["ValueError - no data"]
    assert run.texts(cls="tag") == ["full store"]
    assert run.texts("code") == ["experiment chain -p more"]
    assert run.texts(cls="quiet") == [
        "2026-02-03 10:58:59 · node3 · chain: small, big · more: huge"
    ]


def test_texts_are_shown_as_they_are(
    hostile: str, folder: Path, index: "Callable[[], Element]"
) -> None:
    keys = ("reference", "experiment_name", "status", "error", "hostname", "notes", "cli")
    add_run(**dict.fromkeys(keys, "word"), params={"word": [["word", "1f"]]})
    expected = index().skeleton()
    Path("reports/chain_1/run_info.json").unlink()
    Path("reports/chain_1").rmdir()
    add_run(**dict.fromkeys(keys, hostile), params={hostile: [[hostile, "1f"]]})

    page = index()

    assert page.skeleton() == expected
    assert page.texts("h2") == page.texts("em") == page.texts("code") == [hostile]
    assert page.texts("a") == page.texts(cls="status") == page.texts(cls="problem") == [hostile]


# -- folders that are no runs --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"reference": "chain', id="cut off"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("{}", id="nothing known"),
        pytest.param(
            '{"reference": "r", "experiment_name": "e", "run_number": 1, "status": "complete",'
            ' "timestamp": "yesterday"}',
            id="no time",
        ),
        pytest.param(
            '{"reference": "r", "experiment_name": "e", "run_number": 1, "status": "complete",'
            ' "timestamp": "2026-02-03-T105859", "params": {"chain": [[]]}}',
            id="a set without a name",
        ),
        pytest.param(
            '{"reference": "r", "experiment_name": "e", "run_number": 1, "status": "complete",'
            ' "timestamp": "2026-02-03-T105859", "params": [1]}',
            id="sets without files",
        ),
    ],
)
def test_a_run_whose_facts_are_broken_is_listed_as_unreadable(
    text: str, folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("good")
    add_run("broken")
    Path("reports/broken/run_info.json").write_text(text)

    page = index()

    assert listed(page) == ["good"]
    assert section(page, "Unreadable").texts("li") == ["broken"]


def test_facts_that_are_no_text_are_unreadable(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("broken")
    Path("reports/broken/run_info.json").write_bytes(b"\xff\xfe")

    assert section(index(), "Unreadable").texts("li") == ["broken"]


def test_of_many_sets_the_first_are_named_and_all_can_be_found(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    names = [f"set_{number}" for number in range(14)]
    add_run("few", params={"sweep": [[name, "hash"] for name in names[:12]]})
    add_run("many", params={"sweep": [[name, "hash"] for name in names]})

    few, many = sorted(index().find(cls="run"), key=lambda run: run.texts("a"))

    assert few.find("details") == []
    [rest] = many.find("details")
    assert rest.texts("summary") == ["2 more"]
    assert rest.text.split() == ["2", "more", "set_12,", "set_13"]
    assert "sweep: set_0, set_1," in many.text


def test_no_changes_are_marked_outside_a_repository(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("inside", workdir_dirty=True, commit="4f5a0c3d")
    add_run("outside", workdir_dirty=True, commit="No git repository found")

    marked = {run.texts("a")[0]: "*" in run.text for run in index().find(cls="run")}

    assert marked == {"inside": True, "outside": False}


def test_folders_without_facts_are_informal_runs(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("good")
    Path("reports/by hand #1").mkdir()

    page = index()

    assert listed(page) == ["good"]
    [link] = section(page, "Informal runs").find("a")
    assert (link.text, link.attributes["href"]) == ("by hand #1", "by%20hand%20%231/index.html")


def test_hidden_folders_files_and_the_latest_are_no_runs(
    new_manager: NewManager, index: "Callable[[], Element]"
) -> None:
    manager = new_manager()
    manager.generate_report()
    Path("reports/.chain_1.4711").mkdir()
    Path("reports/notes.txt").touch()

    page = index()

    assert page.texts("h2") == ["test"]
    assert listed(page) == [manager.get_reference_name()]


@pytest.mark.parametrize("name", ["_scratch", "..dots", ".hidden"])
def test_no_experiment_name_hides_its_runs(
    name: str, new_manager: NewManager, index: "Callable[[], Element]"
) -> None:
    manager = new_manager(name)
    manager.generate_report()

    assert listed(index()) == [manager.get_reference_name()]


def test_a_folder_whose_name_is_no_text_does_not_stop_the_index(
    folder: Path, index: "Callable[[], Element]"
) -> None:
    add_run("good")
    Path("reports", "odd\udcff").mkdir()

    assert listed(index()) == ["good"]


def test_without_reports_the_page_says_so(folder: Path, index: "Callable[[], Element]") -> None:
    assert index().texts("p") == ["There are no reports yet."]


def test_the_latest_report_is_linked_where_there_is_one(
    new_manager: NewManager, read_page: ReadPage, index: "Callable[[], Element]"
) -> None:
    add_run("elsewhere")
    assert index().texts("a") == ["elsewhere"]

    new_manager("chain").generate_report()

    link = read_page("reports/index.html").find("a")[0]
    assert (link.text, link.attributes["href"]) == ("The latest report", "_latest/index.html")


def test_an_experiment_is_described_by_its_file(
    project: "Project", read_page: "Callable[..., Element]"
) -> None:
    project.write(
        "experiments/tiny.py",
        """
        '''What <b>this</b>
        is about.'''
        import curifactory as cf

        def get_params():
            return [cf.ExperimentParameters(name="a")]

        def run(param_sets, manager):
            cf.Record(manager, param_sets[0])
        """,
    )
    project.run("tiny")

    page = read_page(update_report_index("reports", "style.css"))

    assert "What <b>this</b> is about." in page.find(id_="experiment-1")[0].texts("p")
