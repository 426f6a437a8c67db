"""The map for Graphviz, and records in detail."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting.stage_map import draw_record, map_to_dot
from curifactory.reporting.stage_map.model import read_map

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]


@cf.stage(None, ["data"], [JsonCacher])
def load(record: Record) -> dict[str, int]:
    return {"rows": 3}


@cf.aggregate(["data"], ["all"])
def gather(record: Record, records: list[Record], data: dict[Record, object]) -> int:
    return len(data)


def fill(manager: ArtifactManager, *names: str) -> None:
    for name in names:
        load(Record(manager, cf.ExperimentParameters(name=name)))
    gather(Record(manager, None))


def test_records_are_clusters_and_edges_cross_them(new_manager: NewManager) -> None:
    manager = new_manager()
    fill(manager, "a", "b")

    lines = map_to_dot(manager.records).splitlines()

    assert lines[0] == "digraph map {"
    assert [line for line in lines if "subgraph" in line] == [
        f"  subgraph cluster_{index} {{" for index in range(3)
    ]
    assert '  "r0s0 data" -> "r2s0";' in lines
    assert '  "r1s0 data" -> "r2s0";' in lines
    assert '  "r2s0" -> "r2s0 all";' in lines


def test_hostile_names_stay_within_their_quotes(
    all_hostile: list[str], new_manager: NewManager
) -> None:
    manager = new_manager()
    names = [*all_hostile, 'quote" ; evil', "back\\", "line\nbreak"]
    fill(manager, *names)

    text = map_to_dot(manager.records, folded=False)

    for line in text.splitlines():
        unescaped = line.replace("\\\\", "").replace('\\"', "")
        assert unescaped.count('"') % 2 == 0


def test_many_equal_records_are_one_cluster(new_manager: NewManager) -> None:
    manager = new_manager()
    fill(manager, *map(str, range(20)))

    assert map_to_dot(manager.records).count("subgraph") == 2
    assert map_to_dot(manager.records, folded=False).count("subgraph") == 21


def test_a_record_in_detail_shows_values_and_paths(
    new_manager: NewManager, parse: "Callable[[str], Element]"
) -> None:
    manager = new_manager()
    fill(manager, "a")

    drawing = parse(draw_record(read_map(manager.records)[0]))

    notes = drawing.texts("tspan", cls="note")
    assert notes[0] == "dict: {'rows': 3}"
    assert notes[1].startswith("data/cache/")
    assert notes[1].endswith("data.json")


def test_a_report_has_the_graphs_as_text(new_manager: NewManager) -> None:
    manager = new_manager()
    fill(manager, "a")

    page = manager.generate_report()

    assert page is not None
    graphs = Path(page).with_name("graphs")
    assert sorted(path.name for path in graphs.iterdir()) == [
        "full.gv", "record_0.gv", "record_1.gv",
    ]  # fmt: skip


def test_maps_have_their_documented_names(
    new_manager: NewManager, parse: "Callable[[str], Element]"
) -> None:
    from curifactory.reporting import map_dot, map_full_svg, map_single_svg

    manager = new_manager()
    fill(manager, "a", "b")

    assert len(parse(map_full_svg(manager)).find("g", cls="record")) == 3
    [record] = parse(map_single_svg(manager, 1)).find("g", cls="record")
    assert record.texts("text", cls="title") == ["Record 1 (b)"]
    assert map_dot(manager).startswith("digraph map {")


@pytest.mark.parametrize(
    ("path", "record_index", "written", "start"),
    [
        ("maps/whole.svg", None, "maps/whole.svg", "<svg"),
        ("whole", None, "whole.svg", "<svg"),
        ("whole.gv", None, "whole.gv", "digraph map {"),
        ("one.dot", 1, "one.dot", "digraph map {"),
        ("one.svg", 1, "one.svg", "<svg"),
    ],
)
def test_a_map_is_written_to_a_file(
    new_manager: NewManager, path: str, record_index: int | None, written: str, start: str
) -> None:
    from curifactory.reporting import render_graph

    manager = new_manager()
    fill(manager, "a", "b")

    assert render_graph(manager, path, record_index) == written
    text = Path(written).read_text(encoding="utf-8")
    assert text.startswith(start)
    assert ("Record 0 (a)" in text) == (record_index is None)
    assert "Record 1 (b)" in text


def test_where_a_session_says_its_report_is_there_it_is(new_manager: NewManager) -> None:
    manager = new_manager(".hidden")
    before = manager.live_report_path_generated

    page = manager.generate_report()

    assert (before, manager.live_report_path_generated) == (False, True)
    assert page == f"{manager.live_report_paths['folder']}/index.html"
    assert Path(manager.live_report_paths["graphs"], "full.gv").is_file()
    assert Path(manager.live_report_paths["reportables"]).is_dir()
