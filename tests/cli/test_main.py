"""What a person types wrongly, and what needs no run."""

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

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
