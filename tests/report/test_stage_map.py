"""The map: where its boxes lie, what they are called, and which records share one."""

import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.reporting.stage_map import draw_map
from curifactory.reporting.stage_map.drawing import draw
from curifactory.reporting.stage_map.folding import MOST_RECORDS, fold
from curifactory.reporting.stage_map.geometry import Box
from curifactory.reporting.stage_map.layout import MapLayout, lay_out
from curifactory.reporting.stage_map.model import (
    ArtifactKey,
    MapArtifact,
    MapInput,
    MapRecord,
    MapStage,
    MapState,
    read_map,
)
from curifactory.reporting.stage_map.record_graph import NodeKind

NewManager = Callable[..., ArtifactManager]
Reads = Sequence[tuple[int, int, str]]

_BOXES = {NodeKind.STAGE, NodeKind.ARTIFACT, NodeKind.INPUT}


def stage(name: str, reads: Reads = (), makes: Sequence[str] = ()) -> MapStage:
    """Return a stage that reads artifacts, each given as ``(record, stage, name)``."""
    inputs = tuple(MapInput(key[2], (ArtifactKey(*key),), 1) for key in reads)
    return MapStage(name, inputs, tuple(MapArtifact(artifact) for artifact in makes))


def record(index: int, *stages: MapStage, inputs: Sequence[int] = ()) -> MapRecord:
    return MapRecord(index, f"Record {index} (set_{index})", stages, tuple(inputs))


def chain(index: int, length: int = 3) -> MapRecord:
    stages = [stage("s0", (), ["a0"])]
    stages += [
        stage(f"s{place}", [(index, place - 1, f"a{place - 1}")], [f"a{place}"])
        for place in range(1, length)
    ]
    return record(index, *stages)


def collect(index: int, sources: Sequence[int], length: int = 3) -> MapRecord:
    keys = tuple(ArtifactKey(source, length - 1, f"a{length - 1}") for source in sources)
    compare = MapStage(
        "compare", (MapInput("a", keys, len(keys)),), (MapArtifact("scores"),), is_aggregate=True
    )
    return MapRecord(index, f"Record {index} (aggregate)", (compare,), tuple(sources), True)


SHAPES = {
    "nothing": (),
    "empty record": (record(0),),
    "stage without outputs": (record(0, stage("only")),),
    "chain": (chain(0, 6),),
    "fork": (
        record(
            0,
            stage("a", (), ["x"]),
            stage("b", [(0, 0, "x")], ["y"]),
            stage("c", [(0, 0, "x")], ["z"]),
        ),
    ),
    "diamond over records": (
        record(0, stage("a", (), ["x"])),
        record(1, stage("b", [(0, 0, "x")], ["a0"]), inputs=[0]),
        record(2, stage("c", [(0, 0, "x")], ["a0"]), inputs=[0]),
        collect(3, [1, 2], length=1),
    ),
    "many outputs": (record(0, stage("split", (), [f"part_{n}" for n in range(11)])),),
    "many inputs": (
        record(
            0,
            *(stage(f"make_{n}", (), [f"part_{n}"]) for n in range(8)),
            stage("join", [(0, n, f"part_{n}") for n in range(8)], ["whole"]),
        ),
    ),
    "an artifact read far below": (
        record(
            0,
            *chain(0, 6).stages,
            stage("late", [(0, 0, "a0"), (0, 2, "a2"), (0, 5, "a5")], ["end"]),
        ),
    ),
    "a stage used twice": (record(0, stage("s", (), ["a"]), stage("s", [(0, 0, "a")], ["a"])),),
    "long and wide names": (
        record(
            0,
            stage("a_name_" * 40, (), ["模型" * 30, "🧪" * 30, "", "x" * 300]),
            stage("", [(0, 0, "模型" * 30), (0, 0, "")], ["q"]),
        ),
    ),
    "several shelves and an aggregate": (
        *(chain(n) for n in range(11)),
        collect(11, range(11)),
    ),
    "aggregates of aggregates": (
        *(chain(n) for n in range(4)),
        collect(4, [0, 1]),
        collect(5, [2, 3]),
        record(6, stage("all", [(4, 0, "scores"), (5, 0, "scores"), (0, 0, "a0")], ["sum"])),
    ),
    "whole records": (chain(0), chain(1), record(2, stage("read"), inputs=[0, 1])),
    "records in a circle": (
        record(0, stage("a", [(1, 0, "y")], ["x"])),
        record(1, stage("b", [(0, 0, "x")], ["y"])),
    ),
    "given by hand": (record(0, MapStage("s", (MapInput("seed"), MapInput("data")))),),
    "from a hidden record": (record(0, stage("s", [(7, 0, "gone")], ["y"])),),
}


def boxes(layout: MapLayout) -> list[Box]:
    """Return where each visible node is on the whole map."""
    return [
        node.box.moved(placed.x, placed.y)
        for placed in layout.records
        for node in placed.layout.nodes
        if node.kind in _BOXES
    ]


def frames(layout: MapLayout) -> list[Box]:
    return [
        Box(placed.x, placed.y, placed.layout.width, placed.layout.height)
        for placed in layout.records
    ]


def check(records: Sequence[MapRecord]) -> None:
    """Assert what holds for every layout."""
    layout = lay_out(records)
    expected = [s for r in records for s in r.stages]
    expected_boxes = len(expected) + sum(len(s.outputs) for s in expected)

    assert len(boxes(layout)) >= expected_boxes
    for one, other in itertools.combinations(boxes(layout), 2):
        assert not one.overlaps(other), (one, other)
    for one, other in itertools.combinations(frames(layout), 2):
        assert not one.overlaps(other), (one, other)
    for placed, frame in zip(layout.records, frames(layout), strict=True):
        for node in placed.layout.nodes:
            box = node.box.moved(placed.x, placed.y)
            assert frame.x <= box.x
            assert box.right <= frame.right
            assert frame.y <= box.y
            assert box.bottom <= frame.bottom
    for x, y in [
        *((frame.right, frame.bottom) for frame in frames(layout)),
        *(point for link in layout.links for point in link),
    ]:
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height


# -- layout --------------------------------------------------------------------------------------


@pytest.mark.parametrize("records", SHAPES.values(), ids=SHAPES.keys())
def test_no_two_boxes_overlap(records: tuple[MapRecord, ...]) -> None:
    check(records)


@st.composite
def any_records(draw_: st.DrawFn) -> tuple[MapRecord, ...]:
    """Records whose stages read anything that was made before."""
    made: list[tuple[int, int, str]] = []
    records = []
    for index in range(draw_(st.integers(1, 5))):
        stages = []
        for position in range(draw_(st.integers(0, 4))):
            reads = draw_(st.lists(st.sampled_from(made), max_size=4)) if made else []
            names = draw_(st.lists(st.text(max_size=40), max_size=5, unique=True))
            stages.append(stage(draw_(st.text(max_size=40)), reads, names))
            made += [(index, position, name) for name in names]
        inputs = draw_(st.lists(st.integers(0, index), max_size=2)) if index else []
        records.append(record(index, *stages, inputs=inputs))
    return tuple(records)


@settings(max_examples=60, deadline=None)
@given(any_records())
def test_no_graph_makes_boxes_overlap_or_breaks_the_drawing(
    records: tuple[MapRecord, ...],
) -> None:
    check(records)
    ET.fromstring(draw(lay_out(records)))


def test_what_is_read_lies_above_what_reads_it() -> None:
    layout = lay_out(SHAPES["diamond over records"])

    tops = [frame.y for frame in frames(layout)]
    assert tops[0] < tops[1] == tops[2] < tops[3]


def test_every_edge_between_records_is_drawn() -> None:
    assert len(lay_out(SHAPES["diamond over records"]).links) == 4
    assert lay_out(SHAPES["chain"]).links == ()


def test_edges_from_different_artifacts_do_not_lie_on_each_other() -> None:
    count = 5
    readers = (
        record(count + n, stage("read", [(count - 1 - n, 2, "a2")]), inputs=[count - 1 - n])
        for n in range(count)
    )

    links = lay_out((*(chain(n) for n in range(count)), *readers)).links

    assert len({link[0] for link in links}) == count
    for one, other in itertools.combinations(links, 2):
        for start, end in itertools.pairwise(one):
            for begin, stop in itertools.pairwise(other):
                level = start.y == end.y == begin.y == stop.y
                left, right = (
                    max(min(start.x, end.x), min(begin.x, stop.x)),
                    min(max(start.x, end.x), max(begin.x, stop.x)),
                )
                assert not (level and left < right), (one, other)


def test_layout_is_the_same_each_time() -> None:
    for records in SHAPES.values():
        assert draw(lay_out(records)) == draw(lay_out(records))


def test_layout_is_the_same_in_every_process() -> None:
    code = """
from curifactory.reporting.stage_map.drawing import draw
from curifactory.reporting.stage_map.layout import lay_out
from curifactory.reporting.stage_map.model import *
key = lambda record, name: ArtifactKey(record, 0, name)
make = lambda index: MapRecord(index, f"Record {index}", (
    MapStage("make", (), tuple(MapArtifact(f"part_{n}") for n in range(5))),))
read = MapStage("read", tuple(
    MapInput(f"part_{n}", tuple(key(r, f"part_{n}") for r in range(4)), 4) for n in range(5)))
print(draw(lay_out((*map(make, range(4)), MapRecord(4, "all", (read,), (3, 1, 0, 2))))))
"""

    drawings = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(drawings) == 1


# -- labels --------------------------------------------------------------------------------------


def drawn(records: Sequence[MapRecord]) -> ET.Element:
    return ET.fromstring(draw(lay_out(records)))


def texts(drawing: ET.Element, tag: str) -> list[str]:
    return [element.text or "" for element in drawing.iter(f"{{http://www.w3.org/2000/svg}}{tag}")]


def test_labels_are_text_and_nothing_else(hostile: str) -> None:
    def named(text: str) -> tuple[MapRecord, ...]:
        made = MapArtifact(text, detail=text)
        return (MapRecord(0, text, (MapStage(text, (MapInput(text),), (made,), detail=text),)),)

    expected = [element.tag for element in drawn(named("word")).iter()]

    drawing = drawn(named(hostile))

    assert [element.tag for element in drawing.iter()] == expected
    assert f"artifact {hostile}: {hostile}" in texts(drawing, "title")
    if len(hostile) < 20:
        assert texts(drawing, "text").count(hostile) == 4


def test_long_names_keep_both_ends_and_are_whole_in_the_tooltip() -> None:
    name = "cross_validated_" * 10 + "accuracy"

    drawing = drawn((record(0, stage(name)),))

    [label] = [text for text in texts(drawing, "text") if "…" in text]
    assert len(label) == 24
    assert label.startswith("cross_validated")
    assert label.endswith("accuracy")
    assert any(name in title for title in texts(drawing, "title"))


def test_characters_that_xml_forbids_are_replaced() -> None:
    drawing = drawn((record(0, stage("nul\0bell\a\ud800")),))

    assert "nul\ufffdbell\ufffd\ufffd" in texts(drawing, "text")


def test_an_input_given_by_hand_is_shown() -> None:
    titles = texts(drawn(SHAPES["given by hand"]), "title")

    assert "input seed: given by hand, or from outside of this map" in titles


# -- folding -------------------------------------------------------------------------------------


def test_a_few_records_are_shown_one_by_one() -> None:
    records = tuple(chain(n) for n in range(MOST_RECORDS))

    assert fold(records) == records


def test_many_equal_records_are_shown_as_one() -> None:
    records = (*(chain(n) for n in range(40)), collect(40, range(40)))

    many, aggregate = fold(records)

    assert (many.count, aggregate.count) == (40, 1)
    assert many.title == "40 records like Record 0 (set_0)"
    assert many.titles == tuple(f"Record {n} (set_{n})" for n in range(40))
    assert aggregate.input_records == (0,)
    [bound] = aggregate.stages[0].inputs
    assert (bound.sources, bound.count) == ((ArtifactKey(0, 2, "a2"),), 40)
    assert "a \N{MULTIPLICATION SIGN}40" in texts(drawn((many, aggregate)), "text")


def test_records_that_went_another_way_stay_apart() -> None:
    records = (*(chain(n) for n in range(20)), *(chain(n, length=4) for n in range(20, 25)))

    assert [group.count for group in fold(records)] == [20, 5]


def test_records_that_follow_different_records_stay_apart() -> None:
    records = [chain(0), chain(1, length=4)]
    records += [
        record(n, stage("go_on", [(n % 2, 0, "a0")], ["b"]), inputs=[n % 2]) for n in range(2, 22)
    ]

    assert [group.count for group in fold(records)] == [1, 1, 10, 10]


def test_copies_of_different_records_stay_apart() -> None:
    records = [chain(0), chain(1, length=4)]
    records += [record(n, stage("go_on"), inputs=[n % 2]) for n in range(2, 22)]

    assert [group.count for group in fold(records)] == [1, 1, 10, 10]


def test_a_group_tells_what_became_of_its_members() -> None:
    def ended(index: int, state: MapState) -> MapRecord:
        only = chain(index, length=1)
        made = (MapArtifact("a0", state),)
        return replace(only, stages=(replace(only.stages[0], state=state, outputs=made),))

    states = [MapState.CACHED] * 8 + [MapState.COMPUTED] * 12
    [mixed] = fold([ended(n, state) for n, state in enumerate(states)])
    [failed] = fold([ended(n, state) for n, state in enumerate([*states, MapState.FAILED])])

    assert mixed.stages[0].state is MapState.MIXED
    assert mixed.stages[0].detail == "8 cached, 12 computed"
    assert mixed.stages[0].outputs[0].state is MapState.MIXED
    assert failed.stages[0].state is MapState.FAILED


def test_a_map_of_many_equal_records_does_not_grow() -> None:
    def size(count: int) -> int:
        records = (*(chain(n) for n in range(count)), collect(count, range(count)))
        return len(draw(lay_out(fold(records))))

    assert size(1000) < 1.2 * size(100)


# -- real records --------------------------------------------------------------------------------


@cf.stage(None, ["data"])
def make_data(record: Record) -> list[int]:
    return [1, 2]


@cf.stage(["data"], ["model"])
def train(record: Record, data: list[int]) -> int:
    return sum(data)


@cf.aggregate(["model"], ["scores"])
def compare(record: Record, records: list[Record], model: dict[Record, int]) -> list[int]:
    return list(model.values())


def test_records_are_read_with_what_they_took_from_each_other(new_manager: NewManager) -> None:
    manager = new_manager()
    for name in ("small", "big"):
        train(make_data(Record(manager, cf.ExperimentParameters(name=name))))
    compare(Record(manager, None))

    small, big, aggregate = read_map(manager.records)

    assert [r.title for r in (small, big, aggregate)] == [
        "Record 0 (small)",
        "Record 1 (big)",
        "Record 2 (aggregate)",
    ]
    assert [s.name for s in small.stages] == ["make_data", "train"]
    assert small.stages[1].inputs == (MapInput("data", (ArtifactKey(0, 0, "data"),), 1),)
    assert small.stages[0].outputs == (MapArtifact("data", MapState.COMPUTED, "list: [1, 2]"),)
    [bound] = aggregate.stages[0].inputs
    assert bound.sources == (ArtifactKey(0, 1, "model"), ArtifactKey(1, 1, "model"))
    assert aggregate.input_records == (0, 1)


def test_a_map_of_real_records_is_drawn(new_manager: NewManager) -> None:
    manager = new_manager()
    train(make_data(Record(manager, cf.ExperimentParameters(name="small"))))

    drawing = ET.fromstring(draw_map(manager.records))

    assert {"make_data", "data", "train", "model", "Record 0 (small)"} <= set(
        texts(drawing, "text")
    )


def test_a_map_without_records_is_drawn() -> None:
    assert ET.fromstring(draw_map([])).tag == "{http://www.w3.org/2000/svg}svg"
