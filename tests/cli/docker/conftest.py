"""Projects in git repositories, and an environment in which nothing has to be packed."""

import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.docker import environment

if TYPE_CHECKING:
    from tests.cli.conftest import Project

Git = Callable[..., None]


@pytest.fixture
def git(project: "Project") -> Git:
    """Return what executes a git command in the project's folder."""

    def execute(*words: str) -> None:
        subprocess.run(["git", *words], cwd=project.root, check=True, capture_output=True)

    return execute


@pytest.fixture
def repository(project: "Project", git: Git) -> "Project":
    """Return the project with all its files added to a git repository."""
    git("init", "-q")
    project.write(".gitignore", "data/\nlogs/\nreports/\nnotebooks/\nexecuted.txt\n")
    git("add", "-A")
    return project


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment be empty: making wheels takes seconds, and has tests of its own."""

    def installed() -> Iterator[Distribution]:
        yield from ()

    monkeypatch.setattr(environment, "installed", installed)
