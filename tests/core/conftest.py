"""A small cacher, sessions and projects: core alone has no cachers of its own."""

import copy
import os
import pickle
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest

from curifactory import ArtifactManager, Record
from curifactory.calls import StageCall
from curifactory.causes import Cause, CauseKind
from curifactory.config import OnStale
from curifactory.exceptions import UnreadableArtifactError
from curifactory.experiment import RunOptions, RunResult, run
from curifactory.mapping import Map, RunPlan
from curifactory.paths import write_atomically
from curifactory.plugins import find
from curifactory.protocols import Lookup


class FilePublication:
    """A pickle that waits to be written."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path, self.data = path, data
        self.root = os.path.dirname(path)

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    def commit(self) -> None:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        write_atomically(self.path, self.data)

    def discard(self) -> None:
        """Remove nothing: nothing was written."""


class FileCacher:
    """Pickles each artifact into one file; what cannot be unpickled is set aside as damaged."""

    record: Record | None = None
    stage: str | None = None
    name: str | None = None
    call: StageCall | None = None

    def bound_to(self, call: StageCall, name: str) -> Self:
        bound = copy.copy(self)
        bound.call, bound.record, bound.stage, bound.name = call, call.record, call.name, name
        return bound

    def get_path(self, suffix: str | None = None) -> str:
        assert self.call is not None
        manager, name = self.call.record.manager, f"{self.name}{suffix or '.pkl'}"
        file = manager.file_name(name, self.call.hash, None, self.call.file_stage)
        return os.path.join(manager.cache_folder(), file)

    def look_up(self) -> Lookup:
        if os.path.exists(self.get_path()):
            return Lookup(hit=True)
        return Lookup(hit=False, causes=(Cause(CauseKind.MISSING, f"output {self.name!r}"),))

    def prepare(self) -> None:
        """Write nothing beforehand."""

    def write(self, value: Any) -> FilePublication:
        return FilePublication(self.get_path(), pickle.dumps(value))

    def fetch(self) -> Any:
        path = self.get_path()
        try:
            with open(path, "rb") as file:
                return pickle.load(file)
        except (EOFError, pickle.UnpicklingError) as error:
            os.replace(path, f"{path}.corrupt")
            raise UnreadableArtifactError(f"{path} is damaged.") from error


@dataclass
class Project:
    """A project in a folder of its own; its files may import from `probe` what is below."""

    folder: Path
    ran: list[str] = field(default_factory=list)
    """What the project's stages appended to `probe.ran`."""

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, experiment: str, **options: Any) -> RunResult:
        """Run an experiment; what ran before is forgotten."""
        self.ran.clear()
        return run(RunOptions(experiment=experiment, report=False, **options))

    def files(self) -> dict[str, bytes]:
        """Return the content of every file and folder below the project's."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else b"folder"
            for path in sorted(self.folder.rglob("*"))
        }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new_manager(folder: Path) -> Iterator[Callable[..., ArtifactManager]]:
    """Make sessions in an empty folder; they are closed after the test."""
    made: list[ArtifactManager] = []

    def make(experiment_name: str | None = "test", **arguments: Any) -> ArtifactManager:
        made.append(ArtifactManager(experiment_name, **{"suppress_live_log": True, **arguments}))
        return made[-1]

    yield make
    for manager in made:
        manager.close_run("complete")
        manager.log.close()


@pytest.fixture
def manager(new_manager: Callable[..., ArtifactManager]) -> ArtifactManager:
    """A live session in an empty folder."""
    return new_manager()


@pytest.fixture(scope="session")
def cacher() -> type[FileCacher]:
    """A cacher that keeps each artifact in one file."""
    return FileCacher


@pytest.fixture
def run_planned(
    new_manager: Callable[..., ArtifactManager],
) -> Callable[..., ArtifactManager]:
    """Map, plan and execute a function that is given a manager; return that manager."""

    def execute(
        function: Callable[[ArtifactManager], object],
        on_stale: OnStale = OnStale.WARN,
        overwrite_stages: tuple[str, ...] = (),
        **arguments: Any,
    ) -> ArtifactManager:
        manager = new_manager(**arguments)
        manager.overwrite_stages = list(overwrite_stages)
        manager.mapping = mapped = Map()
        function(manager)
        manager.mapping = None
        manager.plan = RunPlan(mapped, on_stale)
        manager.start_over()
        function(manager)
        return manager

    return execute


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project in the current folder; what it imports is forgotten afterwards."""
    made = Project(folder)
    probe = ModuleType("probe")
    vars(probe).update(FileCacher=FileCacher, ran=made.ran)
    monkeypatch.setitem(sys.modules, "probe", probe)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield made
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) is None or str(folder) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


@pytest.fixture
def plug_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str, object], None]]:
    """Install distributions that offer something under an entry point."""
    find.cache_clear()

    def install(group: str, name: str, offered: object) -> None:
        module = ModuleType(f"plugin_{name}")
        vars(module)["offered"] = offered
        monkeypatch.setitem(sys.modules, module.__name__, module)
        folder = tmp_path_factory.mktemp("plugin")
        facts = folder / f"{module.__name__}-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Name: {module.__name__}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[{group}]\n{name} = {module.__name__}:offered\n")
        monkeypatch.syspath_prepend(folder)
        find.cache_clear()

    yield install
    find.cache_clear()
