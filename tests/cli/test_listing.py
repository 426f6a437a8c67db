from typing import TYPE_CHECKING

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
