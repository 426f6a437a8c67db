import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("core", "cache", "report", "cli")
BUMP = REPOSITORY / "tests" / "packaging" / "bump_version.py"


def read_projects(root: Path) -> dict[str, dict[str, Any]]:
    """Return ``{distribution: its [project] table}``."""
    files = [root / "pyproject.toml"]
    files += [root / "packages" / f"curifactory-{part}" / "pyproject.toml" for part in PARTS]
    projects = [tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in files]
    return {project["name"]: project for project in projects}


def own_requirements(project: dict[str, Any]) -> list[str]:
    """Return what a project requires of the other four, extras included."""
    requirements = list(project.get("dependencies", []))
    for extra in project.get("optional-dependencies", {}).values():
        requirements += extra
    return [requirement for requirement in requirements if requirement.startswith("curifactory")]


def versions_and_pins(root: Path) -> set[str]:
    """Return every version that the five files name for one of the five distributions."""
    projects = read_projects(root).values()
    pins = [pin for project in projects for pin in own_requirements(project)]
    return {project["version"] for project in projects} | {pin.partition("==")[2] for pin in pins}


def copy_project_files(target: Path) -> None:
    for file in [REPOSITORY / "pyproject.toml", *REPOSITORY.glob("packages/*/pyproject.toml")]:
        copy = target / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)


def bump(version: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUMP), version, "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_distributions_and_pins_name_one_version() -> None:
    assert len(versions_and_pins(REPOSITORY)) == 1


def test_every_part_is_pinned_by_the_meta_package() -> None:
    meta = read_projects(REPOSITORY)["curifactory"]

    pinned = {re.split(r"\[|==", requirement)[0] for requirement in meta["dependencies"]}

    assert pinned == {f"curifactory-{part}" for part in PARTS}


@pytest.mark.parametrize("part", ["cache", "report", "cli"])
def test_parts_require_core_and_no_other_part(part: str) -> None:
    project = read_projects(REPOSITORY)[f"curifactory-{part}"]

    names = [requirement.partition("==")[0] for requirement in own_requirements(project)]

    assert names == ["curifactory-core"]


def test_core_requires_nothing() -> None:
    assert not read_projects(REPOSITORY)["curifactory-core"].get("dependencies")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_ships_the_licence_of_the_repository(part: str) -> None:
    shipped = REPOSITORY / "packages" / f"curifactory-{part}" / "LICENSE"

    assert shipped.read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_bumping_changes_every_version_and_pin(tmp_path: Path) -> None:
    copy_project_files(tmp_path)

    bumped = bump("7.8.9rc1", tmp_path)

    assert bumped.returncode == 0, bumped.stderr
    assert versions_and_pins(tmp_path) == {"7.8.9rc1"}


def test_bumping_there_and_back_changes_nothing_else(tmp_path: Path) -> None:
    copy_project_files(tmp_path)
    version = read_projects(REPOSITORY)["curifactory"]["version"]

    bump("7.8.9", tmp_path)
    bump(version, tmp_path)

    for file in [tmp_path / "pyproject.toml", *tmp_path.glob("packages/*/pyproject.toml")]:
        assert file.read_text() == (REPOSITORY / file.relative_to(tmp_path)).read_text()


def test_bumping_refuses_what_is_no_version(tmp_path: Path) -> None:
    copy_project_files(tmp_path)
    before = versions_and_pins(tmp_path)

    bumped = bump("next", tmp_path)

    assert bumped.returncode == 2
    assert "'next' is no version" in bumped.stderr
    assert versions_and_pins(tmp_path) == before
