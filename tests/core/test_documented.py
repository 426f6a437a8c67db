"""The documented attributes of managers and maps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, aggregate, stage
from curifactory.dag import DAG
from curifactory.exceptions import BadInputError
from curifactory.protocols import Cacher

NewManager = Callable[..., ArtifactManager]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


def test_places_come_from_the_configuration_or_the_arguments(new_manager: NewManager) -> None:
    manager = new_manager(reports_path="elsewhere")

    assert (manager.manager_cache_path, manager.cache_path) == ("data/", "data/cache")
    assert (manager.runs_path, manager.logs_path) == ("data/runs", "logs/")
    assert (manager.notebooks_path, manager.report_css_path) == ("notebooks/", "reports/style.css")
    assert manager.reports_path == manager.config["reports_path"] == "elsewhere"


def test_facts_about_the_run(new_manager: NewManager) -> None:
    manager = new_manager(notes="why", run_line="by hand")

    assert (manager.notes, manager.run_line, manager.stored) == ("why", "by hand", True)
    assert isinstance(manager.run_timestamp, datetime)
    assert manager.get_str_timestamp() == manager.run_timestamp.strftime("%Y-%m-%d-T%H%M%S")
    assert (manager.error, manager.error_thrown) == (None, False)
    assert manager.hostname == manager.run_info["hostname"]


def test_facts_about_the_surroundings(manager: ArtifactManager) -> None:
    assert manager.git_commit_hash == "No git repository found"
    assert manager.git_workdir_dirty
    assert not manager.in_git_repository
    assert f"pytest=={pytest.__version__}" in manager.pip_freeze.splitlines()
    assert manager.os


def test_what_is_going_on_now(manager: ArtifactManager) -> None:
    seen: list[tuple[str, bool]] = []

    @stage()
    def look(record: Record) -> None:
        seen.append((record.manager.current_stage_name, record.manager.stage_active))

    look(Record(manager, Params()))
    seen.append((manager.current_stage_name, manager.stage_active))

    assert seen == [("look", True), ("", False)]
    assert (manager.map_mode, manager.map) == (False, None)


def test_a_failed_run_tells_its_error(manager: ArtifactManager) -> None:
    manager.close_run("error", error="ValueError - no", traceback="")

    assert (manager.status, manager.error, manager.error_thrown) == (
        "error",
        "ValueError - no",
        True,
    )


@stage(outputs=["number"])
def make(record: Record) -> int:
    return int(record.params.value)


@stage(inputs=["number"], outputs=["double"])
def double(record: Record, number: int) -> int:
    return 2 * number


@aggregate(inputs=["double"], outputs=["total"])
def add_up(record: Record, records: list[Record], double: dict[Record, int]) -> int:
    return sum(double.values())


def call_all(manager: ArtifactManager) -> Record:
    for value in (1, 2):
        double(make(Record(manager, Params(name=str(value), value=value))))
    return add_up(Record(manager, None))


def test_a_session_maps_what_it_is_told_to_map(manager: ArtifactManager) -> None:
    earlier = Record(manager, Params())
    manager.map_mode = True
    record = call_all(manager)
    seen = (record.calls[0].status, manager.map_mode, earlier in manager.records)

    plan = manager.map_records()

    assert seen == ("pending", True, False)
    assert plan is manager.map
    assert isinstance(plan, DAG)
    assert (manager.map_mode, manager.records) == (False, [])
    assert [each.params and each.params.name for each in plan.records] == ["1", "2", None]
    assert [artifact.name for artifact in plan.artifacts] == [
        "number", "double", "number", "double", "total",
    ]  # fmt: skip
    assert manager.mapped_artifacts == plan.artifacts
    assert call_all(manager).output == 6
    assert [call.status for each in manager.records for call in each.calls] == ["executed"] * 5


def test_the_map_has_what_runs_as_a_list_and_as_trees(manager: ArtifactManager) -> None:
    manager.map_mode = True
    call_all(manager)

    plan = manager.map_records()

    assert plan.execution_trees == [
        (2, "add_up", [(0, "double", [(0, "make", [])]), (1, "double", [(1, "make", [])])])
    ]
    assert plan.execution_list == [
        (0, "make"), (0, "double"), (1, "make"), (1, "double"), (2, "add_up"),
    ]  # fmt: skip


def test_what_is_cached_is_in_no_list_of_what_runs(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=["number"], cachers=[cacher])
    def keep(record: Record) -> int:
        return 1

    keep(Record(new_manager(), Params()))
    manager = new_manager()
    manager.map_mode = True
    double(keep(Record(manager, Params())))
    keep(Record(manager, Params()))

    plan = manager.map_records()

    assert plan.execution_list == [(0, "double")]
    assert plan.execution_trees == [(0, "double", [])]


def test_a_map_can_be_given_up(manager: ArtifactManager) -> None:
    manager.map_mode = True
    make(Record(manager, Params()))
    manager.map_mode = False

    assert make(Record(manager, Params(value=3))).output == 3
    assert (manager.map, manager.mapped_artifacts) == (None, [])
    with pytest.raises(BadInputError, match=r"set manager\.map_mode = True"):
        manager.map_records()


def test_where_the_report_of_a_session_lies(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager(".hidden", reports_path="shown")
    paths = manager.live_report_paths

    assert paths["folder"] == f"shown/%2Ehidden_1_{manager.get_str_timestamp()}"
    assert paths["reportables"] == f"{paths['folder']}/reportables"
    assert not manager.live_report_path_generated
    (folder / paths["folder"]).mkdir(parents=True)
    assert manager.live_report_path_generated
