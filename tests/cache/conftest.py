"""Sessions in empty folders, and runs with a map."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager
from curifactory.config import OnStale
from curifactory.mapping import Map, RunPlan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new_manager(folder: Path) -> Iterator[Callable[..., ArtifactManager]]:
    """Make sessions in an empty folder; they are closed after the test."""
    made: list[ArtifactManager] = []

    def make(**arguments: Any) -> ArtifactManager:
        made.append(ArtifactManager("test", **{"suppress_live_log": True, **arguments}))
        return made[-1]

    yield make
    for manager in made:
        manager.close_run("complete")
        manager.log.close()


@pytest.fixture
def manager(new_manager: Callable[..., ArtifactManager]) -> ArtifactManager:
    """A live session in an empty folder."""
    return new_manager()


@pytest.fixture
def run_planned(
    new_manager: Callable[..., ArtifactManager],
) -> Callable[..., ArtifactManager]:
    """Map, plan and execute a function that is given a manager; return that manager."""

    def execute(function: Callable[[ArtifactManager], object], **arguments: Any) -> ArtifactManager:
        manager = new_manager(**arguments)
        manager.mapping = mapped = Map()
        function(manager)
        manager.mapping = None
        manager.plan = RunPlan(mapped, OnStale.WARN)
        manager.start_over()
        function(manager)
        return manager

    return execute
