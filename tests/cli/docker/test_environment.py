import json
import sys
import zipfile
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pytest

from curifactory.cli.docker import environment
from curifactory.cli.docker.environment import (
    EnvironmentNotPackedError,
    installed,
    write_environment,
)

PROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "helpers"
version = "2.1"
"""
BACKEND = """
import pathlib, zipfile

def build_wheel(folder, settings=None, metadata=None):
    pathlib.Path("build").mkdir(exist_ok=True)
    name = "helpers-2.1-py3-none-any.whl"
    info = "helpers-2.1.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("helpers.py")
        facts = "Metadata-Version: 2.1\\nName: helpers\\nVersion: 2.1\\n"
        wheel.writestr(f"{info}/METADATA", facts)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
"""Builds what a package needs, and leaves a folder behind, as some do."""


def install(site: Path, name: str, version: str = "1.0", **origin: Any) -> None:
    """Make what an installer leaves of a distribution."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if origin:
        (folder / "direct_url.json").write_text(json.dumps(origin))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose distributions are all that is installed."""
    folder = tmp_path / "site"
    folder.mkdir()

    def only_ours() -> list[Distribution]:
        return list(distributions(path=[str(folder)]))

    monkeypatch.setattr(environment, "distributions", only_ours)
    return folder


def written(tmp_path: Path) -> list[str]:
    target = tmp_path / "target"
    write_environment(str(target), "./docker/run/wheels")
    return (target / "requirements.txt").read_text().splitlines()


class WithoutMetadata:
    """What importlib_metadata, once it is imported, finds of a half-installed package."""

    @property
    def metadata(self) -> None:
        raise FileNotFoundError("No package metadata was found.")


def test_a_package_that_is_half_there_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "distributions", lambda: [WithoutMetadata()])

    assert len(written(tmp_path)) == 1


def test_what_comes_from_an_index_is_asked_for_at_its_version(site: Path, tmp_path: Path) -> None:
    install(site, "numpy", "2.1.0")
    install(site, "Jinja2", "3.1.6")
    install(site, "pip", "26.0")
    (site / "half-1.0.dist-info").mkdir()

    python = ".".join(map(str, sys.version_info[:3]))
    assert written(tmp_path) == [f"# Python {python}", "Jinja2==3.1.6", "numpy==2.1.0"]


def test_a_commit_is_asked_for_without_the_password_it_was_fetched_with(
    site: Path, tmp_path: Path
) -> None:
    commit = {"vcs": "git", "commit_id": "abc123"}
    install(site, "own", url="https://me:token@host.example/own.git", vcs_info=commit)
    install(
        site, "part", url="https://host.example/all.git", vcs_info=commit, subdirectory="parts/part"
    )
    install(site, "far", url="https://token@host.example/far.zip", archive_info={})

    assert written(tmp_path)[1:] == [
        "far @ https://host.example/far.zip",
        "own @ git+https://host.example/own.git@abc123",
        "part @ git+https://host.example/all.git@abc123#subdirectory=parts/part",
    ]


def test_a_wheel_of_this_machine_goes_along(site: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "own 1" / "own-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"a wheel")
    install(site, "own", url=wheel.as_uri(), archive_info={})
    install(site, "early", "0.1")

    assert written(tmp_path)[1:] == ["./docker/run/wheels/own-1.0-py3-none-any.whl", "early==0.1"]
    assert (tmp_path / "target/wheels/own-1.0-py3-none-any.whl").read_bytes() == b"a wheel"


def test_a_source_that_is_gone_is_asked_of_the_index(site: Path, tmp_path: Path) -> None:
    install(site, "built", url="file:///home/conda/feedstock_root/work", dir_info={})

    assert written(tmp_path)[1:] == ["built==1.0"]


def test_a_folder_becomes_a_wheel(site: Path, tmp_path: Path) -> None:
    pytest.importorskip("pip", reason="an environment made by uv has none")
    source = tmp_path / "helpers"
    source.mkdir()
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "backend.py").write_text(BACKEND)
    (source / "helpers.py").write_text("answer = 42\n")
    install(site, "helpers", "2.1", url=source.as_uri(), dir_info={"editable": True})

    assert written(tmp_path)[1:] == ["./docker/run/wheels/helpers-2.1-py3-none-any.whl"]
    wheel = tmp_path / "target/wheels/helpers-2.1-py3-none-any.whl"
    assert zipfile.ZipFile(wheel).read("helpers.py") == b"answer = 42\n"
    assert not (source / "build").exists()


def test_without_pip_and_uv_it_is_said_what_is_missing(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    install(site, "own", url=tmp_path.as_uri(), dir_info={"editable": True})

    with pytest.raises(EnvironmentNotPackedError, match="neither pip in this environment nor uv"):
        written(tmp_path)


def test_a_folder_that_is_no_package_is_named(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    source = tmp_path / "broken"
    source.mkdir()
    (source / "pyproject.toml").write_text("[project]\nname =\n")
    install(site, "broken", url=source.as_uri(), dir_info={"editable": True})

    with pytest.raises(EnvironmentNotPackedError, match=r"no wheel can be built of .*broken"):
        written(tmp_path)


def test_of_a_distribution_that_is_there_twice_the_first_counts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "My_Tool", "1.0")
    install(site, "my.tool", "2.0")
    both = list(distributions(path=[str(site)]))
    monkeypatch.setattr(environment, "distributions", lambda: both)

    assert len(list(installed())) == 1
