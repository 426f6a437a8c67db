"""The walk-through "Caching and reporting" of the getting-started guide, cell by cell."""

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import curifactory as cf
from curifactory.caching import JsonCacher, Lazy
from curifactory.reporting import LinePlotReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element


@dataclass
class Params(cf.ExperimentParameters):
    my_parameter: int = 1


DEFAULT = Params(name="default", my_parameter=1)
DOUBLED = Params(name="doubled", my_parameter=2)


@cf.stage(inputs=None, outputs=["long-compute-data"], cachers=[JsonCacher])
def long_compute_step(record: cf.Record) -> dict[str, int]:
    runs.append(record.params.name)
    return {"my_value": record.params.my_parameter, "magic_value": 42}


@cf.stage(inputs=None, outputs=[Lazy("very-large-object")], cachers=[JsonCacher])
def make_mega_big_object(record: cf.Record) -> list[int]:
    return [1] * 1024 * 1024


@cf.stage(inputs=None, outputs=["line_history"])
def make_pretty_graphs(record: cf.Record) -> list[Any]:
    multiplier = record.params.my_parameter
    line_0 = [1 * multiplier, 2 * multiplier, 3 * multiplier]
    line_1 = [3 * multiplier, 2 * multiplier, 1 * multiplier]
    line_2 = [4, 0, 3]
    record.report(LinePlotReporter(line_0, name="single_line_plot"))
    record.report(
        LinePlotReporter(
            y={"ascending": line_0, "descending": line_1, "static": line_2},
            name="multi_line_plot",
        )
    )
    return [line_0, line_1, line_2]


runs: list[str] = []
"""The parameter sets for which the long step ran."""


@pytest.fixture
def manager(new_manager: Callable[..., cf.ArtifactManager]) -> cf.ArtifactManager:
    runs.clear()
    return new_manager("notebook_example_1")


def artifacts() -> list[str]:
    """Return what is in the cache, without metadata."""
    return sorted(name for name in os.listdir("data/cache") if not name.endswith("_metadata.json"))


def test_what_is_cached_is_not_computed_again(manager: cf.ArtifactManager) -> None:
    long_compute_step(cf.Record(manager, DEFAULT))
    [name] = artifacts()
    long_compute_step(cf.Record(manager, DEFAULT))

    pattern = r"notebook_example_1_[0-9a-f]+_long_compute_step_long-compute-data\.json"
    assert re.fullmatch(pattern, name)
    assert json.loads(Path("data/cache", name).read_text()) == {"my_value": 1, "magic_value": 42}
    assert runs == ["default"]


def test_other_parameters_have_other_paths(manager: cf.ArtifactManager) -> None:
    long_compute_step(cf.Record(manager, DEFAULT))
    long_compute_step(cf.Record(manager, DOUBLED))

    assert len(artifacts()) == 2
    assert runs == ["default", "doubled"]


def test_a_lazy_object_is_loaded_when_it_is_read(manager: cf.ArtifactManager) -> None:
    record = make_mega_big_object(cf.Record(manager, DEFAULT))

    record.state.resolve = False
    assert isinstance(record.state["very-large-object"], Lazy)
    record.state.resolve = True
    assert isinstance(record.state["very-large-object"], list)
    assert sys.getsizeof(record.state["very-large-object"]) > 8_000_000


def test_the_report_has_what_the_guide_lists(
    manager: cf.ArtifactManager, read_page: "Callable[..., Element]"
) -> None:
    make_pretty_graphs(cf.Record(manager, DEFAULT))
    make_pretty_graphs(cf.Record(manager, DOUBLED))

    page = manager.generate_report()

    reference = manager.get_reference_name()
    assert sorted(os.listdir("reports")) == sorted(
        ["_latest", "index.html", "style.css", reference]
    )
    assert page == os.path.join(manager.reports_path, reference, "index.html")
    shown = read_page(page)
    assert shown.texts("h4") == ["single_line_plot", "multi_line_plot"] * 2
    assert len(shown.find("img")) == 4
    assert len(shown.find(id_="map")[0].find("g", cls="record")) == 2


def test_displays_render_parts_of_the_report(
    manager: cf.ArtifactManager, parse: "Callable[[str], Element]"
) -> None:
    pytest.importorskip("IPython")
    make_pretty_graphs(cf.Record(manager, DEFAULT))
    record = make_pretty_graphs(cf.Record(manager, DOUBLED))

    assert manager.get_reference_name() in parse(manager.display_info().data).texts("code")
    assert len(parse(manager.display_all_reportables().data).find("img")) == 4
    assert len(parse(manager.display_record_reportables(record).data).find("img")) == 2
    assert len(parse(manager.display_stage_graph().data).find("svg")) == 1
