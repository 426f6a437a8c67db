"""When stages were executed, drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting.timeline import _ticks, draw_timeline

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]
Parse = Callable[[str], "Element"]


@cf.stage(None, ["data"], [JsonCacher])
def load(record: Record) -> int:
    return 1


@cf.stage(["data"], ["model"], [JsonCacher])
def train(record: Record, data: int) -> int:
    if record.params.name == "failing":
        raise ValueError("no")
    return data


def bars(drawing: "Element") -> list[str]:
    """Return stage and record of each bar."""
    groups = drawing.find("g", cls="bar")
    return [group.find("title")[0].text.partition(":")[0] for group in groups]


def test_each_executed_stage_has_a_bar_in_the_lane_of_its_record(
    new_manager: NewManager, parse: Parse
) -> None:
    manager = new_manager()
    for name in ("a", "b"):
        train(load(Record(manager, cf.ExperimentParameters(name=name))))

    drawing = parse(draw_timeline(manager.records))

    # Both have the same hash, so that what the first computed is there for the second.
    assert bars(drawing) == ["load of Record 0 (a)", "train of Record 0 (a)"]
    assert [lane.find("title")[0].text for lane in drawing.find(cls="lane")] == ["Record 0 (a)"]


def test_a_failed_stage_has_a_bar(new_manager: NewManager, parse: Parse) -> None:
    manager = new_manager()
    with pytest.raises(ValueError, match="no"):
        train(load(Record(manager, cf.ExperimentParameters(name="failing"))))

    drawing = parse(draw_timeline(manager.records))

    [failed] = drawing.find(cls="failed")
    assert failed.find("title")[0].text.startswith("train of Record 0 (failing)")


def test_nothing_executed_is_no_timeline(new_manager: NewManager) -> None:
    load(Record(new_manager(), cf.ExperimentParameters(name="a")))
    manager = new_manager()
    load(Record(manager, cf.ExperimentParameters(name="a")))

    assert draw_timeline(manager.records) == ""


def test_many_records_share_a_lane(new_manager: NewManager, parse: Parse) -> None:
    manager = new_manager()
    make = cf.stage(None, ["data"])(lambda record: 1)
    for number in range(31):
        make(Record(manager, cf.ExperimentParameters(name=f"{number}")))

    drawing = parse(draw_timeline(manager.records))

    assert len(bars(drawing)) == 31
    assert [lane.find("title")[0].text for lane in drawing.find(cls="lane")] == ["all records"]


def test_workers_have_lanes_of_their_own(new_manager: NewManager, parse: Parse) -> None:
    manager = new_manager()
    record = train(load(Record(manager, cf.ExperimentParameters(name="a"))))
    record.calls[0].worker = "<1>"

    drawing = parse(draw_timeline(manager.records))

    lanes = [lane.find("title")[0].text for lane in drawing.find(cls="lane")]
    assert lanes == ["worker <1>", "this process"]


@dataclass
class Numbered(cf.ExperimentParameters):
    number: int = 0


def test_lanes_of_workers_are_in_their_order(new_manager: NewManager, parse: Parse) -> None:
    manager = new_manager()
    for worker in (10, 2, 1):
        record = load(Record(manager, Numbered(name=f"{worker}", number=worker)))
        record.calls[0].worker = f"{worker}"

    drawing = parse(draw_timeline(manager.records))

    lanes = [lane.find("title")[0].text for lane in drawing.find(cls="lane")]
    assert lanes == ["worker 1", "worker 2", "worker 10"]


@pytest.mark.parametrize("span", [1e-9, 0.0004, 0.7, 1, 9.99, 10, 61, 4000, 1e6])
def test_ticks_are_few_and_within(span: float) -> None:
    ticks = _ticks(span)

    assert 2 <= len(ticks) <= 9
    assert ticks[0] == 0
    assert ticks[-1] <= span * 1.000001
