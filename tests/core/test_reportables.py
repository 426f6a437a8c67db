"""Reportables: their names, groups, and how they come back when their stage is skipped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, aggregate, stage
from curifactory.plugins import CACHERS
from curifactory.protocols import Cacher

NewManager = Callable[..., ArtifactManager]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


class Shown:
    """A reportable that keeps its text and not its record."""

    path = ""
    qualified_name = ""
    stage: str | None = None
    record: Record | None = None

    def __init__(self, text: str, name: str | None = None, group: str | None = None) -> None:
        self.text, self.name, self.group = text, name, group

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "record": None}

    def html(self) -> str:
        return self.text

    def render(self) -> None:
        """Write nothing."""


def reporting(*shown: Shown, name: str = "report") -> Callable[[Record], Record]:
    """Return a stage that reports these."""

    def function(record: Record) -> None:
        for each in shown:
            record.report(each)

    function.__name__ = name
    return stage()(function)


def names(manager: ArtifactManager) -> list[str]:
    return [each.qualified_name for each in manager.reportables]


@pytest.fixture
def keeping(plug_in: Callable[[str, str, object], None], cacher: type[Cacher]) -> type[Cacher]:
    """Install a cacher for reportables; the same as for artifacts."""
    plug_in(CACHERS, "reportables", cacher)
    return cacher


def test_a_name_says_parameters_stage_and_name(manager: ArtifactManager) -> None:
    shown = Shown("text", name="scores")
    record = reporting(shown)(Record(manager, Params(name="small")))

    assert names(manager) == ["small_report_scores"]
    assert (shown.record, shown.stage) == (record, "report")


def test_names_without_parameters_and_of_aggregates(manager: ArtifactManager) -> None:
    @aggregate()
    def compare(record: Record, records: list[Record]) -> None:
        record.report(Shown("text", name="scores"))

    reporting(Shown("text", name="scores"))(Record(manager, None))
    compare(Record(manager, None), [])
    compare(Record(manager, Params(name="small")), [])

    assert names(manager) == [
        "report_scores",
        "(Aggregate)_compare_scores",
        "(Aggregate)_small_compare_scores",
    ]


def test_unnamed_ones_are_numbered_in_their_stage(manager: ArtifactManager) -> None:
    for name in ("a", "b"):
        reporting(Shown("1"), Shown("2"))(Record(manager, Params(name=name)))

    assert names(manager) == ["a_report_0", "a_report_1", "b_report_0", "b_report_1"]


def test_equal_names_are_told_apart(manager: ArtifactManager) -> None:
    reporting(Shown("1", name="x"), Shown("2", name="x"))(Record(manager, Params(name="a")))
    reporting(Shown("3", name="x"))(Record(manager, Params(name="a")))

    assert len(set(names(manager))) == 3


def test_groups_come_in_the_order_they_were_first_seen(manager: ArtifactManager) -> None:
    shown = [Shown("1", group="b"), Shown("2"), Shown("3", group="a"), Shown("4", group="b")]
    reporting(*shown)(Record(manager, None))

    groups = manager.get_grouped_reportables()
    assert list(groups) == ["b", "a"]
    assert groups["b"] == [shown[0], shown[3]]
    assert manager.get_ungrouped_reportables() == [shown[1]]
    assert manager.get_reportable_groups() == list(dict.fromkeys(item.group for item in shown))


def make_reporting_stage(
    keeping: type[Cacher], texts: list[str], *, lazy: bool = False
) -> Callable[[Record], Record]:
    @stage(outputs=[Lazy("number") if lazy else "number"], cachers=[keeping])
    def make(record: Record) -> int:
        for text in texts:
            record.report(Shown(text))
        return 1

    return make


def test_what_a_cached_stage_reported_is_shown_again(
    new_manager: NewManager, keeping: type[Cacher]
) -> None:
    make = make_reporting_stage(keeping, ["one", "two"])
    first, second = new_manager(), new_manager()

    make(Record(first, Params(name="a")))
    record = make(Record(second, Params(name="a")))

    assert names(second) == names(first) == ["a_make_0", "a_make_1"]
    assert [each.html() for each in second.reportables] == ["one", "two"]
    assert second.reportables[0].record is record


def test_what_a_skipped_stage_reported_is_shown_again(
    run_planned: Callable[..., ArtifactManager], keeping: type[Cacher]
) -> None:
    make = make_reporting_stage(keeping, ["one"])

    for _ in range(2):
        manager = run_planned(lambda manager: make(Record(manager, Params(name="a"))))

    assert [call.status for record in manager.records for call in record.calls] == ["skipped"]
    assert [each.html() for each in manager.reportables] == ["one"]


def test_what_a_stage_reports_no_more_is_forgotten(
    new_manager: NewManager, keeping: type[Cacher]
) -> None:
    texts = ["one", "two"]
    make = make_reporting_stage(keeping, texts)
    make(Record(new_manager(), Params()))
    texts.clear()
    overwriting = new_manager()
    overwriting.overwrite = True
    make(Record(overwriting, Params()))

    last = new_manager()
    make(Record(last, Params()))

    assert last.reportables == []


@pytest.mark.parametrize("lazy", [False, True])
def test_a_stage_computed_again_does_not_report_twice(
    new_manager: NewManager, keeping: type[Cacher], *, lazy: bool
) -> None:
    make = make_reporting_stage(keeping, ["one", "two"], lazy=lazy)
    first = make(Record(new_manager(), Params(name="a")))
    Path(first.calls[0].outputs[0].path or "").write_bytes(b"damaged")

    manager = new_manager()
    assert make(Record(manager, Params(name="a"))).state["number"] == 1

    assert names(manager) == ["a_make_0", "a_make_1"]


def test_a_stage_computed_again_reports_under_its_own_name(
    new_manager: NewManager, keeping: type[Cacher]
) -> None:
    make = make_reporting_stage(keeping, ["one"], lazy=True)
    manager = new_manager()
    record = reporting(Shown("two"), name="later")(make(Record(manager, Params(name="a"))))
    Path(record.calls[0].outputs[0].path or "").write_bytes(b"damaged")

    assert record.state["number"] == 1

    assert sorted(names(manager)) == ["a_later_0", "a_make_0"]
    assert {each.stage for each in manager.reportables} == {"later", "make"}


def test_damaged_reportables_do_not_end_the_run(
    new_manager: NewManager, keeping: type[Cacher], caplog: pytest.LogCaptureFixture
) -> None:
    make = make_reporting_stage(keeping, ["one"])
    first = make(Record(new_manager(), Params()))
    artifact = Path(first.calls[0].outputs[0].path or "")
    for path in artifact.parent.iterdir():
        if path != artifact:
            path.write_bytes(b"damaged")

    assert make(Record(new_manager(), Params())).output == 1
    assert "damaged" in caplog.text


def test_without_the_cache_part_nothing_is_kept_and_nothing_fails(
    new_manager: NewManager, cacher: type[Cacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curifactory.reportables.find", lambda group, name: None)
    make = make_reporting_stage(cacher, ["one"])
    first, second = new_manager(), new_manager()

    make(Record(first, Params()))
    make(Record(second, Params()))

    assert (len(first.reportables), len(second.reportables)) == (1, 0)
