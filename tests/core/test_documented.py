"""The documented attributes of managers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage

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
