"""What a person types wrongly, and what needs no run."""

import errno
import os
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project

HEAVY = {"pandas", "numpy", "matplotlib", "jinja2", "rich", "docker", "dask", "sklearn"}


def test_verbose_shows_what_is_behind_bad_input(project: "Project") -> None:
    project.write("experiments/broken.py", "raise ValueError('no luck')\n")

    outcome = project.run("broken", "-v")

    assert outcome.code == 2
    assert outcome.error_lines[1].startswith("Traceback")
    assert "broken.py" in outcome.err


def test_ctrl_c_while_modules_are_imported_is_no_traceback(project: "Project") -> None:
    project.write("experiments/slow.py", "raise KeyboardInterrupt\n")

    outcome = project.run("slow")

    assert (outcome.code, outcome.err) == (130, "interrupted\n")


@pytest.mark.parametrize("command", ["experiment", "curifactory"])
def test_version_is_shown(command: str, project: "Project") -> None:
    outcome = project.run("--version", command=command)

    assert outcome.code == 0
    assert outcome.out.startswith("curifactory 1.")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_curifactory_shows_its_help(words: list[str], project: "Project") -> None:
    outcome = project.run(*words, command="curifactory")

    assert (outcome.code, outcome.err) == (0, "")
    assert "usage: curifactory" in outcome.out


def test_curifactory_refuses_what_it_does_not_know(project: "Project") -> None:
    outcome = project.run("--versoin", command="curifactory")

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert "Did you mean '--version'?" in outcome.err


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["ls"]])
def test_starting_up_imports_nothing_heavy_and_no_code_of_the_user(
    words: list[str], project: "Project"
) -> None:
    code = (
        "import sys; from curifactory.cli.main import experiment; experiment(); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *words]

    process = subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, check=True, timeout=60
    )

    imported = set(process.stderr.split())
    assert "curifactory" in imported
    assert imported & (HEAVY | {"experiments", "params"}) == set()


def test_a_folder_that_may_not_be_read_is_named(
    project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: RunStore) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "data/store")

    monkeypatch.setattr(RunStore, "runs", refuse)  # root may read everything

    outcome = project.run("runs", "ls")

    assert outcome.code == 1
    assert outcome.err == (
        "error: 'data/store' cannot be used: Permission denied. Check who may read and write it.\n"
    )


def test_a_current_folder_that_is_gone_is_no_traceback(project: "Project") -> None:
    command = os.path.join(sysconfig.get_path("scripts"), "experiment")
    script = f"mkdir gone && cd gone && rmdir ../gone && exec '{command}' ls"

    done = subprocess.run(
        ["sh", "-c", script], cwd=project.root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "error: the current folder is not there any more. Change into one that is, and try again.\n"
    )
