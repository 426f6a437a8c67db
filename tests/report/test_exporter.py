"""The folder of a report, and what becomes of it when something goes wrong."""

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.reporting import (
    JsonReporter,
    LinePlotReporter,
    Reportable,
    update_report_index,
)

if TYPE_CHECKING:
    from tests.report.conftest import Element, Project

REPORT = [
    "compare.html",
    "graphs",
    "index.html",
    "log.txt",
    "map.svg",
    "reportables",
    "run_info.json",
    "style.css",
]
"""What a report consists of."""

NewManager = Callable[..., ArtifactManager]


class Crash(BaseException):
    """What no report may catch."""


class Crashing(Reportable):
    """Ends the report while it is built, after it has written a file."""

    def render(self) -> None:
        Path(self.path, self.file_name(".txt")).write_text("half")
        raise Crash

    def html(self) -> str:
        return ""


def report(manager: ArtifactManager, *reportables: Reportable) -> None:
    """Let a stage on a new record report ``reportables``."""

    @cf.stage(None, ["told"])
    def tell(record: Record) -> int:
        for reportable in reportables:
            record.report(reportable)
        return len(reportables)

    tell(Record(manager, cf.ExperimentParameters(name="a")))


def generate(manager: ArtifactManager) -> Path:
    """Write the report and return its folder."""
    page = manager.generate_report()
    assert page is not None
    return Path(page).parent


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below ``folder``."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_holds_the_report_and_nothing_else(new_manager: NewManager) -> None:
    manager = new_manager()
    report(manager, LinePlotReporter([1, 2], name="curve"))

    folder = generate(manager)

    assert sorted(os.listdir(folder)) == REPORT
    assert sorted(os.listdir(folder / "reportables")) == ["a_tell_curve.png", "drawn.json"]


def test_an_experiment_leaves_the_same_files(project: "Project") -> None:
    project.write(
        "experiments/tiny.py",
        """
        import curifactory as cf

        def get_params():
            return [cf.ExperimentParameters(name="a")]

        @cf.stage(None, ["data"])
        def make(record):
            return 1

        def run(param_sets, manager):
            make(cf.Record(manager, param_sets[0]))
        """,
    )

    path = project.run("tiny").report_path

    assert path is not None
    assert sorted(os.listdir(Path(path).parent)) == REPORT


def test_the_reports_folder_holds_index_style_latest_and_the_run(new_manager: NewManager) -> None:
    manager = new_manager()
    report(manager)

    generate(manager)

    assert sorted(os.listdir("reports")) == sorted(
        ["index.html", "style.css", "_latest", manager.get_reference_name()]
    )


def test_without_a_log_there_is_no_log_file(
    new_manager: NewManager, read_page: "Callable[..., Element]"
) -> None:
    folder = generate(new_manager(suppress_live_log=True))

    assert not (folder / "log.txt").exists()
    assert "Log of the run" not in read_page(folder / "index.html").text


def test_the_log_is_the_one_of_the_run(new_manager: NewManager) -> None:
    manager = new_manager()
    report(manager)

    folder = generate(manager)

    assert "stage tell" in (folder / "log.txt").read_text()


def test_a_dry_session_writes_nothing(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager(dry=True)
    report(manager)

    assert manager.generate_report() is None
    assert contents(folder) == {}


def test_the_facts_of_the_run_are_kept_as_json(new_manager: NewManager) -> None:
    manager = new_manager(notes="first line\nsecond")

    folder = generate(manager)

    assert json.loads((folder / "run_info.json").read_text()) == manager.run_info


def test_the_map_is_a_document_of_its_own(hostile: str, new_manager: NewManager) -> None:
    manager = new_manager()
    cf.stage(None, [hostile])(lambda record: 1)(
        Record(manager, cf.ExperimentParameters(name=hostile))
    )

    root = ET.parse(generate(manager) / "map.svg").getroot()

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert any(hostile in title for title in root.itertext())


def test_a_second_report_replaces_the_first(
    new_manager: NewManager, read_page: "Callable[..., Element]"
) -> None:
    manager = new_manager()
    report(manager, LinePlotReporter([1, 2], name="curve"))
    first = generate(manager)
    (first / "stray.txt").touch()
    before = os.listdir("reports")
    report(manager, JsonReporter([1], name="later"))

    second = generate(manager)

    assert second == first
    assert os.listdir("reports") == before
    assert not (second / "stray.txt").exists()
    assert read_page(second / "index.html").texts("h4") == ["curve", "later"]


def test_a_crash_while_building_leaves_the_old_report(new_manager: NewManager) -> None:
    manager = new_manager()
    report(manager, LinePlotReporter([1, 2], name="curve"))
    generate(manager)
    before = contents(Path("reports"))
    report(manager, Crashing())

    with pytest.raises(Crash):
        manager.generate_report()

    assert contents(Path("reports")) == before


def test_a_crash_without_an_old_report_leaves_none(new_manager: NewManager) -> None:
    manager = new_manager()
    report(manager, Crashing())

    with pytest.raises(Crash):
        manager.generate_report()

    assert os.listdir("reports") == []


def test_a_killed_process_leaves_the_old_report(
    folder: Path, read_page: "Callable[..., Element]"
) -> None:
    killed = """
        import os, signal
        import curifactory as cf
        from curifactory.reporting import JsonReporter, Reportable

        class Killing(Reportable):
            def render(self):
                os.kill(os.getpid(), signal.SIGKILL)

            def html(self):
                return ""

        @cf.stage(None, ["told"])
        def tell(record, reportable):
            record.report(reportable)
            return 1

        manager = cf.ArtifactManager("test")
        record = cf.Record(manager, None)
        tell(record, reportable=JsonReporter([1], name="first"))
        print(manager.generate_report(), flush=True)
        tell(record, reportable=Killing(name="second"))
        manager.generate_report()
    """
    lines = [line.removeprefix("        ") for line in killed.splitlines()]
    process = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )

    assert process.returncode == -9, process.stderr
    page = process.stdout.splitlines()[-1]
    assert read_page(page).texts("h4") == ["first"]
    update_report_index("reports", "style.css")
    assert read_page("reports/index.html").texts("h2") == ["test"]


def test_a_report_that_cannot_be_put_in_its_place_leaves_the_old_one(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = new_manager()
    folder = generate(manager)
    before = contents(Path("reports"))
    rename = os.rename

    def refuse_new(source: str, target: str) -> None:
        if Path(target) == folder and ".old-" not in source:
            raise PermissionError(13, "no new folders here", target)
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse_new)
        with pytest.raises(PermissionError):
            manager.generate_report()

    assert contents(Path("reports")) == before


def age(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let what was written up to now be this old."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_a_report_that_was_moved_aside_is_put_back(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = generate(new_manager("lost"))
    before = contents(lost)
    lost.rename(f"reports/.{lost.name}.4711.old-123")
    age(monkeypatch, 120)

    generate(new_manager("next"))

    assert contents(lost) == before
    assert [name for name in os.listdir("reports") if name.startswith(".")] == []


def test_a_report_that_is_just_being_replaced_is_left_alone(new_manager: NewManager) -> None:
    replaced = generate(new_manager("replaced"))
    aside = replaced.rename(f"reports/.{replaced.name}.4711.old-123")

    generate(new_manager("next"))

    assert aside.is_dir()
    assert not replaced.exists()


def test_what_a_killed_process_built_is_removed_after_a_day(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, aside = Path("reports/.test_7.4711"), Path("reports/.test_8.4711.old-123")
    newer = Path("reports/test_8")
    for folder in (built, aside, newer):
        (folder / "reportables").mkdir(parents=True)
    age(monkeypatch, 86_300)
    generate(new_manager())
    assert built.is_dir()
    assert aside.is_dir()

    age(monkeypatch, 200)
    generate(new_manager())

    assert not built.exists()
    assert not aside.exists()
    assert newer.is_dir()


def test_hidden_folders_of_others_are_left_alone(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [Path("reports/.git"), Path("reports/.backup.2026"), Path("reports/.a.1.old-2")]
    for folder in others:
        (folder / "content").mkdir(parents=True)
    age(monkeypatch, 1_000_000)

    generate(new_manager())

    assert all((folder / "content").is_dir() for folder in others)


def test_latest_is_a_relative_link_to_the_newest_report(new_manager: NewManager) -> None:
    generate(new_manager("first"))
    newest = generate(new_manager("second"))

    assert os.readlink("reports/_latest") == newest.name
    assert Path("reports/_latest/index.html").samefile(newest / "index.html")


def test_reports_keep_working_in_another_place(new_manager: NewManager, folder: Path) -> None:
    report_folder = generate(new_manager())

    Path("reports").rename("moved")

    assert Path("moved/_latest").resolve() == (folder / "moved" / report_folder.name).resolve()


def test_latest_survives_the_link_of_a_killed_process(new_manager: NewManager) -> None:
    first = generate(new_manager("first"))
    page = (first / "index.html").read_bytes()
    os.symlink("gone", f"reports/._latest.{os.getpid()}")

    second = generate(new_manager("second"))

    assert os.readlink("reports/_latest") == second.name
    assert (first / "index.html").read_bytes() == page


def test_latest_is_a_page_where_links_cannot_be_made(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch, read_page: "Callable[..., Element]"
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a required privilege is not held by the client")

    first = generate(new_manager("first"))
    page = (first / "index.html").read_bytes()
    monkeypatch.setattr(os, "symlink", refuse)

    second = generate(new_manager("100% second"))

    [leading] = read_page("reports/_latest/index.html").find("meta")
    assert leading.attributes["content"] == (
        f"0; url=../{second.name.replace('%', '%25')}/index.html"
    )
    assert (first / "index.html").read_bytes() == page


def test_a_link_replaces_such_a_page(new_manager: NewManager) -> None:
    Path("reports/_latest").mkdir(parents=True)
    Path("reports/_latest/index.html").touch()

    folder = generate(new_manager())

    assert os.readlink("reports/_latest") == folder.name


def test_a_hostile_experiment_name_makes_one_folder(
    hostile: str, new_manager: NewManager, read_page: "Callable[..., Element]"
) -> None:
    folder = generate(new_manager(hostile))

    assert folder.parent == Path("reports")
    assert read_page(folder / "index.html").texts("h1") == [f"{hostile} run 1"]
    assert hostile in read_page("reports/index.html").text


def test_the_projects_own_style_sheet_is_used(new_manager: NewManager, folder: Path) -> None:
    own = folder / "own.css"
    own.write_text("body { color: red; }")

    report_folder = generate(new_manager(report_css_path=str(own)))

    assert (report_folder / "style.css").read_text() == own.read_text()
    assert Path("reports/style.css").read_text() == own.read_text()


def test_writing_a_report_says_what_it_does(
    new_manager: NewManager, caplog: pytest.LogCaptureFixture
) -> None:
    new_manager("sketch").generate_report()
    manager = new_manager("notebook_example_1")
    Path("reports/by hand").mkdir()
    caplog.set_level("INFO", logger="curifactory.reporting")
    caplog.clear()

    manager.generate_report()

    assert caplog.messages == [
        "Generating report...",
        f"Preparing report path 'reports/{manager.get_reference_name()}'...",
        "Updating report index...",
        "2 labeled reports found",
        "1 informal runs found",
    ]
