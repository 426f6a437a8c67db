"""What every reportable has, and how it is kept and restored."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting import JsonReporter, Reportable

if TYPE_CHECKING:
    from tests.report.conftest import Element


class Sentence(Reportable):
    """Writes a text into a file and links to it."""

    def __init__(self, text: str, name: str | None = None, group: str | None = None) -> None:
        super().__init__(name, group)
        self.text = text

    def render(self) -> None:
        Path(self.path, self.file_name(".txt")).write_text(self.text, encoding="utf-8")

    def html(self) -> list[str]:
        return [f'<a href="{self.path}/{self.file_name(".txt")}">', "the sentence", "</a>"]


class Forgetful(Reportable):
    """Does not call the base's ``__init__``."""

    def __init__(self) -> None:
        self.value = 3

    def html(self) -> str:
        return f"<p>{self.value}</p>"


def report(manager: ArtifactManager, *reportables: Reportable) -> Record:
    """Let a stage on a new record report ``reportables``."""

    @cf.stage(None, ["told"], [JsonCacher])
    def tell(record: Record) -> int:
        for reportable in reportables:
            record.report(reportable)
        return len(reportables)

    return tell(Record(manager, cf.ExperimentParameters(name="a")))


def test_a_pickle_leaves_the_record_out(new_manager: Callable[..., ArtifactManager]) -> None:
    reportable = JsonReporter({"a": 1}, name="told", group="all")
    record = report(new_manager(), reportable)

    restored = pickle.loads(pickle.dumps(reportable))

    assert restored.record is None
    assert reportable.record is record
    assert (restored.name, restored.group, restored.stage) == ("told", "all", "tell")
    assert restored.html() == reportable.html()


def test_a_pickle_does_not_grow_with_the_run(new_manager: Callable[..., ArtifactManager]) -> None:
    reportable = JsonReporter({}, name="told")
    record = report(new_manager(), reportable)
    size = len(pickle.dumps(reportable))
    record.state["model"] = "x" * 100_000

    assert len(pickle.dumps(reportable)) == size


def test_a_reportable_without_html_cannot_be_made() -> None:
    class Empty(Reportable):
        pass

    with pytest.raises(TypeError, match="html"):
        Empty()  # type: ignore[abstract]


def test_files_are_written_to_the_report_and_linked_from_the_page(
    new_manager: Callable[..., ArtifactManager], read_page: "Callable[..., Element]"
) -> None:
    manager = new_manager()
    sentence = Sentence("3 < 4", name="proof")
    report(manager, sentence)

    page = manager.generate_report()

    assert page is not None
    [link] = read_page(page).find(cls="body")[0].find("a")
    assert link.attributes["href"] == "reportables/a_tell_proof.txt"
    assert Path(page).with_name("reportables").joinpath("a_tell_proof.txt").read_text() == "3 < 4"


def test_it_is_rendered_once_a_report_showed_it(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    manager = new_manager()
    sentence = Sentence("3 < 4")
    report(manager, sentence)
    assert not sentence.rendered

    manager.generate_report()

    assert sentence.rendered


def test_a_subclass_that_forgets_super_is_shown(
    new_manager: Callable[..., ArtifactManager], read_page: "Callable[..., Element]"
) -> None:
    manager = new_manager()
    report(manager, Forgetful())

    page = read_page(manager.generate_report())

    assert page.texts(cls="body") == ["3"]
    assert page.texts("h4") == ["a_tell_0"]


def test_same_names_do_not_share_a_file(new_manager: Callable[..., ArtifactManager]) -> None:
    manager = new_manager()
    report(manager, Sentence("one", name="same"), Sentence("two", name="same"))

    page = manager.generate_report()

    assert page is not None
    files = Path(page).with_name("reportables").iterdir()
    assert sorted(file.read_text() for file in files) == ["one", "two"]


def test_a_hostile_name_makes_one_plain_file(
    hostile: str, new_manager: Callable[..., ArtifactManager]
) -> None:
    manager = new_manager()
    report(manager, Sentence("text", name=hostile))

    page = manager.generate_report()

    assert page is not None
    [file] = Path(page).with_name("reportables").iterdir()
    assert file.read_text() == "text"
    assert len(file.name) < 120
    assert not set(file.name) & set("<>\"'& {}/\\")


def test_a_skipped_stage_shows_what_it_reported(
    new_manager: Callable[..., ArtifactManager], read_page: "Callable[..., Element]"
) -> None:
    report(new_manager(), JsonReporter({"run": "first"}, name="told", group="all"))
    again = new_manager()
    report(again, JsonReporter({"run": "second"}, name="told"))

    page = read_page(again.generate_report())

    assert page.texts(cls="json") == ['{\n    "run": "first"\n}']
    assert page.texts("h3") == ["all"]
