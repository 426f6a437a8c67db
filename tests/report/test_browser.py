"""A report as a browser shows it, opened from the file system."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pandas as pd
import pytest
from tests.report.conftest import HEADLESS

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.reporting import DFReporter, JsonReporter, LinePlotReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]

_FLAGS = (
    *HEADLESS,
    "--virtual-time-budget=2000",
    "--enable-logging=stderr",
    "--dump-dom",
)


@dataclass(frozen=True)
class Opened:
    """A page after a browser has loaded it."""

    dom: str
    complaints: list[str]
    """What the browser's console says: refused scripts and styles, files that are not there."""


@pytest.fixture
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Opened]:
    """Open a page in a browser of its own."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on PATH to open the page in")

    def open_(page: Path) -> Opened:
        profile = tmp_path_factory.mktemp("profile")
        process = subprocess.run(
            [chromium, *_FLAGS, f"--user-data-dir={profile}", page.resolve().as_uri()],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        return Opened(process.stdout, re.findall(r".*CONSOLE.*", process.stderr))

    return open_


@cf.stage(None, ["accuracy"])
def score(record: Record) -> float:
    return len(record.params.name) / 7


@cf.aggregate(["accuracy"], ["scores"])
def compare(
    record: Record, records: list[Record], accuracy: dict[Record, float]
) -> dict[str, float]:
    scores = {scored.params.name: value for scored, value in accuracy.items()}
    record.report(DFReporter(pd.Series(scores, name="accuracy"), name="scores"))
    record.report(LinePlotReporter(list(scores.values()), name="accuracy 100%", group="plots"))
    return scores


def make_report(manager: ArtifactManager) -> Path:
    """Write the report of a comparison and return its page."""
    for name in ("knn", "tree", "forest"):
        score(Record(manager, cf.ExperimentParameters(name=name)))
    compare(Record(manager, None))
    page = manager.generate_report()
    assert page is not None
    return Path(page)


def test_a_report_opens_from_the_file_system(
    new_manager: NewManager,
    open_page: Callable[[Path], Opened],
    parse: "Callable[[str], Element]",
) -> None:
    page = make_report(new_manager())

    opened = open_page(page)

    assert opened.complaints == []
    shown = parse(opened.dom)
    [table] = shown.find("table", cls="data-frame")
    assert table.texts("td") == ["0.4286", "0.5714", "0.8571"]
    [image] = shown.find("img")
    assert (page.parent / unquote(image.attributes["src"])).read_bytes().startswith(b"\x89PNG")
    [drawing] = shown.find(id_="map")[0].find("svg")
    assert drawing.texts("text").count("score") == 3
    assert len(drawing.find("ellipse", cls="computed")) == 4


def test_the_index_opens_from_the_file_system(
    new_manager: NewManager,
    open_page: Callable[[Path], Opened],
    parse: "Callable[[str], Element]",
) -> None:
    manager = new_manager()
    make_report(manager)

    opened = open_page(Path("reports/index.html"))

    assert opened.complaints == []
    assert manager.get_reference_name() in parse(opened.dom).texts("a")


def test_the_script_of_an_index_of_several_runs_may_run(
    new_manager: NewManager,
    open_page: Callable[[Path], Opened],
    parse: "Callable[[str], Element]",
) -> None:
    managers = [new_manager("chain", notes="</script><b>") for _ in range(2)]
    for manager in managers:
        manager.generate_report()

    opened = open_page(Path("reports/index.html"))

    assert opened.complaints == []
    shown = parse(opened.dom)
    [controls] = shown.find(id_="controls")
    assert "hidden" not in controls.attributes
    newest_first = [manager.get_reference_name() for manager in reversed(managers)]
    assert [run.texts("a")[0] for run in shown.find(cls="run")] == newest_first


def test_the_latest_report_opens_through_its_link(
    new_manager: NewManager, open_page: Callable[[Path], Opened]
) -> None:
    make_report(new_manager())

    opened = open_page(Path("reports").resolve() / "_latest" / "index.html")

    assert opened.complaints == []
    assert "0.8571" in opened.dom


def test_hostile_texts_run_nothing(
    all_hostile: list[str],
    new_manager: NewManager,
    open_page: Callable[[Path], Opened],
    parse: "Callable[[str], Element]",
) -> None:
    notes = "\n".join(all_hostile)
    manager = new_manager(notes, notes=notes)
    for text in all_hostile:
        cf.stage(None, [text])(lambda record, text: record.report(JsonReporter(text, name=text)))(
            Record(manager, cf.ExperimentParameters(name=text)), text=text
        )
    page = manager.generate_report()
    assert page is not None

    opened = open_page(Path(page))

    assert opened.complaints == []
    shown = parse(opened.dom)
    assert len(shown.find("script")) == 1
    assert shown.find("img") == []
    assert shown.texts(cls="notes") == [notes]
    assert shown.texts("h4") == all_hostile


class Script(JsonReporter):
    """Wants to change the page it is in."""

    def html(self) -> str:
        return "<script>document.body.append('it ran')</script>"


def test_a_script_in_a_reportable_is_refused(
    new_manager: NewManager, open_page: Callable[[Path], Opened]
) -> None:
    manager = new_manager()
    cf.stage(None, ["told"])(lambda record: record.report(Script([])))(Record(manager, None))
    page = manager.generate_report()
    assert page is not None

    opened = open_page(Path(page))

    assert "it ran</body>" not in opened.dom
    assert any("Content Security Policy" in line for line in opened.complaints)


_MEASURE = """<script>
addEventListener("load", () => {
  const images = [...document.images].map(image => image.naturalWidth > 0);
  document.body.dataset.images = images.join();
  document.body.dataset.width = getComputedStyle(document.querySelector("main")).maxWidth;
});
</script></body>"""


def with_measures(page: Path) -> Path:
    """Write a copy of a page that notes what it loaded; its policy on files is the same."""
    html = page.read_text(encoding="utf-8")
    policy = "default-src 'none'; "
    assert html.count(policy) == html.count("</body>") == 1
    html = html.replace(policy, f"{policy}script-src 'unsafe-inline'; ")
    copy = page.with_name("measured.html")
    copy.write_text(html.replace("</body>", _MEASURE), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("gone", "images", "styled"),
    [
        pytest.param((), "true", True, id="all files"),
        pytest.param(("reportables",), "false", True, id="images gone"),
        pytest.param(("style.css",), "true", False, id="style gone"),
    ],
)
def test_images_and_style_are_loaded(
    gone: tuple[str, ...],
    images: str,
    styled: bool,
    new_manager: NewManager,
    open_page: Callable[[Path], Opened],
    parse: "Callable[[str], Element]",
) -> None:
    page = make_report(new_manager())
    for name in gone:
        page.with_name(name).rename(page.with_name("moved"))

    [body] = parse(open_page(with_measures(page)).dom).find("body")

    assert body.attributes["data-images"] == images
    assert (body.attributes["data-width"] != "none") == styled
