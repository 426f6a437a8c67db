"""``--docker-context`` as a person uses it."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.docker import context
from curifactory.experiment import run_experiment

if TYPE_CHECKING:
    from tests.cli.conftest import Project
    from tests.cli.docker.conftest import Git

pytestmark = pytest.mark.usefixtures("no_packages")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def run_of(folder: Path) -> Path:
    """Return the folder of the only run in a context."""
    (run,) = (folder / "data/runs").iterdir()
    return run


def test_the_context_has_the_code_the_run_and_what_builds_it(repository: "Project") -> None:
    repository.run("chain", "--store-full")

    outcome = repository.run("chain", "--docker-context", "made/here")

    made = repository.root / "made/here"
    run = run_of(made)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines[-1] == "build context: made/here, for 'sh made/here/docker/run/build.sh'"
    outside = {name for name in files_of(made) if not name.startswith("data/runs/")}
    assert outside == {
        ".gitignore",
        "docker/dockerfile",
        "docker/run/build.sh",
        "docker/run/requirements.txt",
        "docker/startup.sh",
        "experiments/chain.py",
        "params/more.py",
    }
    assert run.name.startswith("chain_2_")
    stored = files_of(repository.root / "data/runs" / run.name)
    assert files_of(run) == stored | {"index.html"}
    assert {"run_notebook.ipynb", "report/index.html", f"{run.name}.log"} <= stored
    assert len([name for name in stored if name.startswith("artifacts/")]) == 10
    assert [path.name for path in (repository.root / "made").iterdir()] == ["here"]


def test_the_notebook_loads_the_run_from_where_it_is(repository: "Project") -> None:
    repository.run("chain", "--docker-context", "made")

    run = run_of(repository.root / "made")
    cells = json.loads((run / "run_notebook.ipynb").read_text())["cells"]
    assert "".join(cells[1]["source"]) == "%cd ../../.."
    assert f"cache_path='data/runs/{run.name}/artifacts'" in "".join(cells[2]["source"])


def test_a_full_store_and_a_notebook_are_kept_and_the_command_is_the_one_given(
    repository: "Project",
) -> None:
    repository.run("chain", "--docker-context", "made")

    (run,) = (repository.root / "data/runs").iterdir()
    facts = json.loads((run / "run_info.json").read_text())
    assert (repository.root / f"notebooks/experiments/{run.name}.ipynb").is_file()
    assert facts["cli"] == "experiment chain --docker-context made"
    assert facts["full_store"] is True
    assert "--docker" not in facts["reproduce"]


def test_the_build_script_calls_the_engine_in_the_folder(repository: "Project") -> None:
    repository.run("chain", "--docker-context", "made")
    made = repository.root / "made"
    engine = repository.root / "engine"
    engine.write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n')
    engine.chmod(0o755)

    answer = subprocess.run(
        ["sh", made / "docker/run/build.sh", engine], capture_output=True, text=True, check=True
    )

    run = run_of(made).name
    number, date = run.split("_")[1], run.split("_")[2][:10]
    assert answer.stdout.splitlines() == [
        str(made.resolve()),
        "build",
        "-f",
        "./docker/dockerfile",
        "--tag",
        f"chain:{number}_{date}",
        "--tag",
        "chain",
        "--build-arg",
        f"run_folder=data/runs/{run}",
        "--build-arg",
        f"python_version={'.'.join(map(str, sys.version_info[:2]))}",
        ".",
    ]


def test_the_files_in_docker_are_those_of_the_project_tracked_or_not(
    repository: "Project", git: "Git"
) -> None:
    repository.write("docker/dockerfile", "FROM mine\n")
    repository.write("docker/run/requirements.txt", "an old one\n")
    repository.write("docker/more.txt", "")
    git("add", "docker/more.txt", "docker/run/requirements.txt")

    repository.run("chain", "--docker-context", "made")

    made = repository.root / "made/docker"
    assert (made / "dockerfile").read_text() == "FROM mine\n"
    assert "experiment reports" in (made / "startup.sh").read_text()
    assert (made / "more.txt").is_file()
    assert (made / "run/requirements.txt").read_text().startswith("# Python 3")


def test_a_store_outside_of_the_project_goes_to_a_usual_place(
    repository: "Project", git: "Git", tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    repository.write("curifactory_config.json", json.dumps({"runs_path": str(elsewhere)}))
    git("add", "curifactory_config.json")

    repository.run("chain", "--docker-context", "made")

    run = run_of(repository.root / "made")
    notebook = (run / "run_notebook.ipynb").read_text()
    assert f"cache_path='data/runs/{run.name}/artifacts'" in notebook
    assert run.name in os.listdir(elsewhere)


def test_links_go_along_as_links(repository: "Project", git: "Git") -> None:
    (repository.root / "link").symlink_to("/etc/hostname")
    git("add", "link")

    repository.run("chain", "--docker-context", "made")

    assert (repository.root / "made/link").readlink() == Path("/etc/hostname")


def test_what_is_left_out_is_named(repository: "Project", git: "Git") -> None:
    repository.write(".env", "TOKEN=1")
    git("add", "-f", ".env")

    outcome = repository.run("chain", "--docker-context", "made")

    assert (
        "Left out of the image, as secret or ignored although git tracks it: .env." in outcome.out
    )
    assert not (repository.root / "made/.env").exists()


def test_without_git_it_is_said_what_is_taken(project: "Project") -> None:
    outcome = project.run("chain", "--docker-context", "made")

    assert outcome.code == 0
    assert "No git repository tells what belongs to the project" in outcome.out
    assert (project.root / "made/experiments/chain.py").is_file()


@pytest.mark.parametrize("name", ["data", "experiments/chain.py", "", "experiments/chain.py/new"])
def test_a_folder_that_cannot_be_is_refused_before_the_run(
    name: str, repository: "Project"
) -> None:
    repository.write("data/raw.csv", "")
    before = repository.files()

    outcome = repository.run("chain", "--docker-context", name)

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert "name a" in outcome.err
    assert repository.files() == before


def test_an_empty_folder_is_filled(repository: "Project") -> None:
    (repository.root / "made").mkdir()

    outcome = repository.run("chain", "--docker-context", "made")

    assert outcome.code == 0
    assert (repository.root / "made/docker/dockerfile").is_file()


def test_a_full_disk_leaves_no_half_of_a_context(
    repository: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "made")

    monkeypatch.setattr(context, "write_files_page", full)

    outcome = repository.run("chain", "--docker-context", "made")

    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert [path.name for path in repository.root.iterdir() if "made" in path.name] == []


def test_what_a_killed_process_left_goes_with_the_next_context(repository: "Project") -> None:
    writing = """
import os, signal, sys
from curifactory.cli.docker import context
from curifactory.cli.main import experiment
context.write_files_page = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["experiment", "chain", "--docker-context", "made"]
experiment()
"""
    killed = subprocess.run(
        [sys.executable, "-c", writing], cwd=repository.root, capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (partial,) = repository.root.glob("made.*.partial")
    assert (partial / "experiments/chain.py").is_file()
    waiting = (
        "from curifactory.environment import process_name as n; print(n(), flush=True); input()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    others = [
        f"made.{writer.stdout.readline().strip()}.partial",  # is being written
        "made.own.partial",  # is somebody's own
        partial.name.replace("made.", "other."),  # is of another folder
    ]
    for name in others:
        (repository.root / name).mkdir()

    outcome = repository.run("chain", "--docker-context", "made")
    writer.communicate("\n")

    assert outcome.code == 0
    left = [path.name for path in repository.root.iterdir() if path.name.endswith(".partial")]
    assert sorted(left) == sorted(others)


def test_a_run_that_failed_has_no_image(repository: "Project") -> None:
    chain = (repository.root / "experiments/chain.py").read_text()
    repository.write("experiments/chain.py", chain.replace("return sum(data)", "raise ValueError"))

    outcome = repository.run("chain", "--docker-context", "made")

    assert outcome.code == 1
    assert "No image: something failed before." in outcome.out
    assert not (repository.root / "made").exists()


@pytest.mark.parametrize("option", ["--map", "--hashes", "--paths"])
def test_what_only_shows_something_makes_no_image(option: str, repository: "Project") -> None:
    before = repository.files()

    outcome = repository.run("chain", option, "--docker-context", "made")

    assert (outcome.code, repository.files()) == (0, before)


def test_the_same_from_python(repository: "Project") -> None:
    values, manager = run_experiment("chain", docker_context="made", report=False)

    assert (values is not None, manager.status) == (True, "complete")
    assert (run_of(repository.root / "made") / "run_info.json").is_file()
