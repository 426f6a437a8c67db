"""What a full store says of the environment of its run."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory import ArtifactManager


@pytest.fixture
def conda(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this Python seem to belong to conda; return the folder for its programs."""
    (folder / "prefix" / "conda-meta").mkdir(parents=True)
    programs = folder / "programs"
    programs.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder / "prefix"))
    monkeypatch.setenv("PATH", str(programs))
    return programs


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(0o755)


def _environment(new_manager: Callable[..., ArtifactManager]) -> str | None:
    manager = new_manager(store_full=True)
    path = Path(manager.get_run_output_path()) / "environment.yml"
    return path.read_text() if path.exists() else None


def test_the_environment_of_conda_is_exported(
    new_manager: Callable[..., ArtifactManager], conda: Path
) -> None:
    _program(conda / "mamba", "import sys; sys.exit('no such command')")  # the next one is asked
    _program(conda / "conda", "import sys; print('name: research'); print('#', *sys.argv[1:])")

    assert _environment(new_manager) == f"name: research\n# env export -p {sys.prefix}\n"


def test_without_a_program_that_can_export_it_there_is_none(
    new_manager: Callable[..., ArtifactManager], conda: Path
) -> None:
    assert _environment(new_manager) is None


def test_another_python_has_none(
    new_manager: Callable[..., ArtifactManager], conda: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(conda / "conda", "print('name: another')")
    monkeypatch.setattr(sys, "prefix", sys.base_prefix + "-of-nobody")

    assert _environment(new_manager) is None
