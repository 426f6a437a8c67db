"""The page of a run: what it shows, in which order, whatever the texts in it are."""

import json
import re
import subprocess
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.exceptions import BadInputError
from curifactory.reporting import DFReporter, JsonReporter, Reportable
from curifactory.reporting.failures import collect_failures

if TYPE_CHECKING:
    from tests.report.conftest import Element, Project

NewManager = Callable[..., ArtifactManager]
ReadPage = Callable[[str | None], "Element"]

OUTSIDE_GIT = "This run was made outside a git repository: nothing tells which code it ran."


@dataclass
class Labelled(cf.ExperimentParameters):
    label: str = ""


class Failing(Reportable):
    """Cannot be shown."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(name)
        self.message = message

    def html(self) -> str:
        raise RuntimeError(self.message)


class Wordless(Reportable):
    """Returns what is no HTML."""

    def html(self) -> str:
        return None  # type: ignore[return-value]


def report(manager: ArtifactManager, *reportables: Reportable) -> Record:
    """Let a stage on a new record report ``reportables``."""

    @cf.stage(None, ["told"])
    def tell(record: Record) -> int:
        for reportable in reportables:
            record.report(reportable)
        return len(reportables)

    return tell(Record(manager, cf.ExperimentParameters(name="a")))


def tell_everywhere(manager: ArtifactManager, text: str) -> None:
    """Use ``text`` wherever a user's text can go, except in failures."""
    cf.stage(None, [text])(lambda record: {text: text})(
        Record(manager, Labelled(name=text, label=text))
    )
    report(
        manager,
        JsonReporter({text: text}, name=text, group=text),
        Failing(text, name=text),
    )


def headings(page: "Element") -> list[str]:
    return page.texts("h2")


# -- order ---------------------------------------------------------------------------------------


def test_sections_stand_in_their_order(new_manager: NewManager, read_page: ReadPage) -> None:
    manager = new_manager("flowers", notes="why")
    report(manager, JsonReporter([1], name="told"))

    page = read_page(manager.generate_report())

    assert page.texts("h1") == ["flowers run 1"]
    assert headings(page) == [
        "Command",
        "Notes",
        "Contents",
        "Reportables",
        "Map",
        "Timeline",
        "Stage detail",
        "Parameter sets",
        "Environment",
    ]
    parts = [*page.find("h1"), *page.find(cls="info"), *page.find(cls="warning"), *page.find("h2")]
    places = {id(element): place for place, element in enumerate(page)}
    assert parts == sorted(parts, key=lambda element: places[id(element)])


def test_every_entry_of_the_contents_leads_somewhere(
    new_manager: NewManager, read_page: ReadPage, hostile: str
) -> None:
    manager = new_manager()
    report(manager, JsonReporter([1], name=hostile), JsonReporter([2], name="told", group=hostile))

    page = read_page(manager.generate_report())

    targets = [link.attributes["href"] for link in page.find(cls="contents")[0].find("a")]
    assert len(targets) == len(set(targets)) == 8
    for target in targets:
        assert len(page.find(id_=target.removeprefix("#"))) == 1, target


def test_groups_stand_first_in_the_order_they_were_seen(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    report(
        manager,
        JsonReporter(0, name="alone"),
        JsonReporter(1, name="one", group="later letter"),
        JsonReporter(2, name="two", group="early letter"),
        JsonReporter(3, name="three", group="later letter"),
    )

    page = read_page(manager.generate_report())

    section = page.find(id_="reportables")[0]
    shown = [element.text.strip() for element in section if element.tag in {"h3", "h4"}]
    assert shown == [
        "later letter",
        "one",
        "three",
        "early letter",
        "two",
        "Ungrouped",
        "alone",
    ]


def test_a_run_without_reportables_and_parameters_says_so(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    page = read_page(new_manager().generate_report())

    assert "No stage of this run reported anything." in page.texts("p")
    assert "No record of this run has a parameter set." in page.texts("p")


# -- hostile texts -------------------------------------------------------------------------------


def test_no_text_becomes_an_element(
    hostile: str, new_manager: NewManager, read_page: ReadPage
) -> None:
    plain = new_manager("plain", notes="word")
    tell_everywhere(plain, "word")
    expected = read_page(plain.generate_report()).skeleton()
    manager = new_manager("plain", notes=hostile)
    tell_everywhere(manager, hostile)

    page = read_page(manager.generate_report())

    assert page.skeleton() == expected


def test_texts_are_shown_as_they_are(
    hostile: str, new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager(notes=hostile)
    tell_everywhere(manager, hostile)

    page = read_page(manager.generate_report())

    assert page.texts(cls="notes") == [hostile]
    assert page.texts(cls="set")[0].startswith(f"{hostile} ")
    assert page.texts("h4") == [hostile, hostile]
    assert page.texts("h3")[0] == hostile
    assert page.texts("strong")[0] == hostile
    assert json.loads(page.texts(cls="json")[0]) == {hostile: hostile}
    parameters = json.loads(page.find(id_="parameters")[0].texts("pre")[0])
    assert (parameters["name"], parameters["label"]) == (hostile, hostile)
    assert f"This could not be shown: RuntimeError: {hostile}" in page.texts(cls="problem")


@pytest.mark.parametrize("value", ["<b>bold</b>", "模型 & 'quotes'"])
def test_values_of_outputs_are_previewed_as_text(
    value: str, new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    cf.stage(None, ["made"])(lambda record: value)(Record(manager, None))

    page = read_page(manager.generate_report())

    assert any(value in text for text in page.find(id_="stages")[0].texts("code"))
    assert page.find("b") == []


def test_half_a_surrogate_does_not_stop_the_report(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    report(manager, JsonReporter("half \ud83e", name="half \ud83e"))

    page = read_page(manager.generate_report())

    assert page.texts("h4") == ["half ?"]


def test_values_outside_of_ascii_are_readable(new_manager: NewManager, read_page: ReadPage) -> None:
    manager = new_manager()
    Record(manager, Labelled(name="a", label="🧪 模型"))

    page = read_page(manager.generate_report())

    assert '"label": "🧪 模型"' in page.find(id_="parameters")[0].text


def test_sets_that_differ_only_in_their_name_are_both_shown(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    for name in ("one", "two", "two"):
        Record(manager, Labelled(name=name, label="same"))

    page = read_page(manager.generate_report())

    assert [text.split()[0] for text in page.texts(cls="set")] == ["one", "two"]


# -- reportables ---------------------------------------------------------------------------------


def test_a_reportable_that_fails_shows_its_error_among_the_others(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    report(
        manager,
        JsonReporter(1, name="before"),
        Failing("no data", name="failing"),
        Wordless(name="wordless"),
        JsonReporter(2, name="after"),
    )

    page = read_page(manager.generate_report())

    articles = {article.texts("h4")[0]: article for article in page.find("article")}
    assert list(articles) == ["before", "failing", "wordless", "after"]
    assert articles["failing"].texts(cls="problem") == [
        "This could not be shown: RuntimeError: no data"
    ]
    assert "TypeError" in articles["wordless"].texts(cls="problem")[0]
    assert articles["failing"].find(cls="body") == []
    assert [articles[name].texts(cls="body") for name in ("before", "after")] == [["1"], ["2"]]


def test_a_reportable_tells_its_record_and_stage(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    report(manager, JsonReporter(1, name="told"))

    [article] = read_page(manager.generate_report()).find("article")

    assert article.texts(cls="origin") == ["Record 0 (a) · tell · contents"]


# -- facts of the run ----------------------------------------------------------------------------


def test_outside_git_there_is_a_warning(new_manager: NewManager, read_page: ReadPage) -> None:
    page = read_page(new_manager().generate_report())

    assert page.texts(cls="warning")[0] == OUTSIDE_GIT


def test_changes_that_are_in_no_commit_are_a_warning(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    Path("changed.txt").touch()

    page = read_page(new_manager().generate_report())

    assert "changes that are in no commit" in page.texts(cls="warning")[0]
    assert page.texts("dd")[1] == "No commit yet*"


def test_a_live_session_is_called_one(new_manager: NewManager, read_page: ReadPage) -> None:
    page = read_page(new_manager().generate_report())

    assert page.texts(cls="status") == ["LIVE"]
    assert page.texts(cls="warning")[1].startswith("This is a live session")


def test_all_lines_of_the_notes_are_shown(new_manager: NewManager, read_page: ReadPage) -> None:
    page = read_page(new_manager(notes="first\n\n  second").generate_report())

    assert page.texts(cls="notes") == ["first\n\n  second"]


def test_the_command_is_shown(hostile: str, new_manager: NewManager, read_page: ReadPage) -> None:
    page = read_page(new_manager(run_line=f"experiment {hostile}").generate_report())

    assert page.texts("pre") == [f"experiment {hostile}"]


def test_the_start_and_the_machine_are_shown(new_manager: NewManager, read_page: ReadPage) -> None:
    manager = new_manager()

    page = read_page(manager.generate_report())

    started = manager.run_timestamp.strftime("%m/%d/%Y %H:%M:%S")
    assert f"{started} on {manager.hostname}" in page.find(cls="info")[0].text


def test_stages_are_listed_with_what_became_of_them(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    manager = new_manager()
    report(manager)

    [row] = read_page(manager.generate_report()).find("table", cls="calls")[0].find("tbody")

    cells = row.texts("td")
    assert cells[0] == "tell"
    assert cells[1].startswith("ran")
    assert cells[3].startswith("told")


def test_the_map_is_part_of_the_page(new_manager: NewManager, read_page: ReadPage) -> None:
    manager = new_manager()
    report(manager)

    page = read_page(manager.generate_report())

    [drawing] = page.find(id_="map")[0].find("svg")
    assert {"tell", "told"} <= set(drawing.texts("text"))


def test_a_table_of_a_data_frame_is_part_of_the_page(
    new_manager: NewManager, read_page: ReadPage
) -> None:
    import pandas as pd

    manager = new_manager()
    report(manager, DFReporter(pd.DataFrame({"score": [0.5]}), name="scores"))

    [body] = read_page(manager.generate_report()).find(cls="body")

    assert body.texts("td") == ["0.5000"]


# -- failures ------------------------------------------------------------------------------------

FAILING = """
import curifactory as cf
from curifactory.reporting import JsonReporter

def get_params():
    return [cf.ExperimentParameters(name={name!r})]

@cf.stage(None, ["data"])
def load(record):
    record.report(JsonReporter([1], name="loaded"))
    return 1

@cf.stage(["data"], ["model"])
def train(record, data):
    raise ValueError({message!r})

@cf.stage(["model"], ["score"])
def test(record, model):
    return 1

def run(param_sets, manager):
    for param_set in param_sets:
        test(train(load(cf.Record(manager, param_set))))
"""


def test_a_failed_run_tells_stage_error_and_traceback(
    project: "Project", read_page: ReadPage
) -> None:
    project.write("experiments/failing.py", FAILING.format(name="knn", message="no neighbours"))

    result = project.run("failing")

    page = read_page(result.report_path)
    [failure] = page.find(cls="failure")
    assert failure.texts(cls="problem") == [
        "stage 'train' of Record 0 (knn): ValueError - no neighbours"
    ]
    assert "raise ValueError('no neighbours')" in failure.texts("pre")[0]
    assert page.texts(cls="status") == ["error"]
    assert headings(page)[:2] == ["What went wrong", "Command"]
    assert page.texts("h4") == ["loaded"]
    statuses = page.find(id_="stages")[0].texts(cls="call")
    assert statuses[:2] == ["ran", "failed"]


@pytest.mark.parametrize("parallel", [None, 2], ids=["serial", "parallel"])
def test_a_traceback_has_the_frames_of_the_project(
    project: "Project", read_page: ReadPage, parallel: int | None
) -> None:
    source = FAILING.format(name="knn", message="no").replace("raise ValueError", "float")
    project.write("experiments/failing.py", source)

    result = project.run("failing", parallel=parallel)

    [text] = read_page(result.report_path).find(cls="failure")[0].texts("pre")
    functions = re.findall(r'File ".*failing.py", line \d+, in (\w+)', text)
    assert functions == (["run", "train"] if parallel is None else ["train"])
    assert text.count("File ") == len(functions)
    assert text.splitlines()[0] == "Traceback (most recent call last):"
    assert "ValueError: could not convert string to float: 'no'" in text
    log = (Path(str(result.report_path)).parent / "log.txt").read_text()
    assert "performing.py" in log


def test_a_traceback_without_frames_of_the_project_is_shown_whole() -> None:
    manager = ArtifactManager("bench", dry=True)
    try:
        manager.map_records()
    except BadInputError as error:
        text = "".join(traceback.format_exception(error)[-2:])
    text = text[text.index('  File "') :]
    manager.run.status, manager.run.error, manager.run.traceback = "error", "no map", text

    failures = collect_failures(manager)

    assert failures is not None
    assert failures.traceback == text


def test_a_failure_shows_its_message_as_it_is(
    hostile: str, project: "Project", read_page: ReadPage
) -> None:
    project.write("experiments/failing.py", FAILING.format(name=hostile, message=hostile))
    project.write("experiments/plain.py", FAILING.format(name="word", message="word"))
    expected = read_page(project.run("plain").report_path).skeleton()

    page = read_page(project.run("failing").report_path)

    assert page.skeleton() == expected
    assert page.texts(cls="problem")[0] == (
        f"stage 'train' of Record 0 ({hostile}): ValueError - {hostile}"
    )


SWEEP = """
import curifactory as cf
from curifactory.reporting import JsonReporter

def get_params():
    return [cf.ExperimentParameters(name=f"set_{number}") for number in range(COUNT)]

@cf.stage(None, ["model"])
def train(record):
    number = int(record.params.name[4:])
    record.report(JsonReporter([number]))
    if number in (4, 5):
        raise KeyError(number)
    if number < 8:
        raise ValueError("no neighbours")
    return 1

@cf.stage(["model"], ["score"])
def test(record, model):
    return 1

def run(param_sets, manager):
    for param_set in param_sets:
        test(train(cf.Record(manager, param_set)))
"""


def test_equal_failures_are_told_together(project: "Project", read_page: ReadPage) -> None:
    project.write("experiments/sweep.py", SWEEP.replace("COUNT", "10"))

    page = read_page(project.run("sweep", parallel=2).report_path)

    [failure] = page.find(cls="failure")
    assert sorted(failure.texts(cls="problem")) == [
        "stage 'train' of Record 0 (set_0), Record 1 (set_1), Record 2 (set_2), Record 3 (set_3), "
        "Record 6 (set_6) and 1 more: ValueError - no neighbours",
        "stage 'train' of Record 4 (set_4): KeyError - 4",
        "stage 'train' of Record 5 (set_5): KeyError - 5",
    ]
    assert failure.texts("summary") == ["Traceback of the first"]


def test_what_failures_kept_from_running_is_not_called_skipped(
    project: "Project", read_page: ReadPage
) -> None:
    project.write("experiments/sweep.py", SWEEP.replace("COUNT", "9"))

    page = read_page(project.run("sweep", parallel=2).report_path)

    statuses = page.find(id_="stages")[0].texts(cls="call")
    assert statuses == ["failed", "not run after a failure"] * 8 + ["ran", "ran"]
    assert "8 failed, 8 not run after a failure" in page.texts(cls="quiet")[0]
    assert "skipped, not needed" not in page.find(id_="map")[0].text


@pytest.mark.parametrize(("count", "folded"), [(12, False), (70, True)])
def test_what_is_said_of_many_sets_is_folded(
    count: int, folded: bool, project: "Project", read_page: ReadPage
) -> None:
    project.write("experiments/sweep.py", SWEEP.replace("COUNT", f"{count}"))

    page = read_page(project.run("sweep", parallel=2).report_path)

    [facts, *_] = page.find("dl")
    assert facts.texts("summary") == ([f"{count}"] if folded else [])
    assert len(facts.texts(cls="set")) == count
    assert page.find(id_="contents")[0].texts("summary") == (
        [f"{count - 8} reportables"] if folded else []
    )
    records = page.find(id_="stages")[0].find(cls="record")
    assert sum("open" in record.attributes for record in records) == (8 if folded else count)


def test_a_complete_run_has_neither_failure_nor_live_warning(
    project: "Project", read_page: ReadPage
) -> None:
    project.write(
        "experiments/failing.py",
        FAILING.format(name="knn", message="").replace("raise ValueError('')", "return 1"),
    )

    page = read_page(project.run("failing").report_path)

    assert page.texts(cls="status") == ["complete"]
    assert page.find(cls="failure") == []
    assert page.texts(cls="warning") == [OUTSIDE_GIT]
    assert page.texts("dd")[2] == "failing"
