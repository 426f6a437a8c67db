import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_experiments_and_parameter_files_are_listed_with_their_descriptions(
    project: "Project",
) -> None:
    project.write("experiments/other.py", "def run(a, b):\n    pass\n")
    project.write("experiments/sub/deep.py", '"""Deeper."""\ndef run(a, b):\n    pass\n')
    project.write("experiments/library.py", "")

    outcome = project.run("ls")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "EXPERIMENTS:\n"
        "\tchain - Train on some data, and compare.\n"
        "\tother\n"
        "\tsub.deep - Deeper.\n"
        "\n"
        "PARAMS:\n"
        "\tchain - Train on some data, and compare.\n"
        "\tmore - Bigger ones.\n"
    )


def test_a_file_that_cannot_be_read_is_listed_with_its_error(project: "Project") -> None:
    project.write("params/bad.py", "def get_params(:\n")

    outcome = project.run("ls")

    assert outcome.code == 0
    assert "\tbad [ERROR - SyntaxError: invalid syntax (line 1)]" in outcome.lines


def test_a_missing_folder_is_a_warning(project: "Project") -> None:
    (project.root / "params" / "more.py").unlink()
    (project.root / "params").rmdir()

    outcome = project.run("ls")

    assert outcome.code == 0
    assert "warning: there is no folder 'params' with parameter files" in outcome.lines


def test_nothing_is_executed_or_written(project: "Project") -> None:
    project.write("experiments/loud.py", "print('imported')\ndef run(a, b):\n    pass\n")
    before = project.files()

    outcome = project.run_process("ls")

    assert "\tloud" in outcome.lines
    assert "imported" not in outcome.lines
    assert project.files() == before


def test_names_lists_the_parameter_sets_of_a_file(project: "Project") -> None:
    outcome = project.run("ls", "--names", "chain", "--names", "more")

    assert outcome.code == 0
    assert [line.split()[1] for line in outcome.lines] == ["small", "big", "huge"]


def test_names_of_a_file_that_is_not_there_are_bad_input(project: "Project") -> None:
    outcome = project.run("ls", "--names", "mroe")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert "Did you mean 'more'?" in outcome.err


def test_the_list_is_there_as_json(project: "Project") -> None:
    project.write("params/bad.py", "def get_params(:\n")

    listed = json.loads(project.run("ls", "--json").out)

    assert [file["name"] for file in listed["experiments"]] == ["chain"]
    assert [file["name"] for file in listed["params"]] == ["bad", "chain", "more"]
    assert listed["params"][0]["error"].startswith("SyntaxError")
    assert listed["params"][2]["description"] == "Bigger ones."


@pytest.mark.slow
def test_check_imports_every_file_and_says_what_fails(project: "Project") -> None:
    run = "def run(a, b):\n    pass\n"
    project.write("experiments/broken.py", f"import no_such_module\n{run}")
    project.write("experiments/leaving.py", f"import os\nos._exit(7)\n{run}")
    project.write("params/failing.py", "def get_params():\n    raise ValueError('no luck')\n")

    outcome = project.run("ls", "--check")

    assert outcome.code == 1
    lines = {line.split()[0]: line for line in outcome.lines if line.startswith("\t")}
    assert "No module named 'no_such_module'" in lines["broken"]
    assert "its process ended with code 7" in lines["leaving"]
    assert "ValueError: no luck" in lines["failing"]
    assert "ERROR" not in lines["more"]
    assert project.run("ls").code == 0


@pytest.mark.slow
def test_check_waits_no_longer_than_it_may(project: "Project") -> None:
    project.write("experiments/slow.py", "import time\ntime.sleep(600)\ndef run(a, b): ...\n")

    outcome = project.run("ls", "--check", "--timeout", "5")

    assert outcome.code == 1
    assert "[ERROR - it took longer than 5 s]" in outcome.out


@pytest.mark.slow
def test_check_finds_nothing_wrong_where_nothing_is(project: "Project") -> None:
    before = project.files()

    assert project.run("ls", "--check").code == 0
    assert project.files() == before


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "soon"])
def test_a_time_limit_that_is_none_is_bad_input(seconds: str, project: "Project") -> None:
    outcome = project.run("ls", "--check", f"--timeout={seconds}")

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
