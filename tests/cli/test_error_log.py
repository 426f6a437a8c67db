"""What a run shows and logs, by the options that say so."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

NOISY = """
import logging
import sys
import curifactory as cf

def get_params():
    return [cf.ExperimentParameters(name="one")]

@cf.stage(None, ["a"])
def shout(record):
    print("to standard error", file=sys.stderr)
    logging.getLogger("library").warning("from a library")
    logging.warning("from the project")
    return 1

def run(param_sets, manager):
    shout(cf.Record(manager, param_sets[0]))
"""
FAILING = NOISY.replace("return 1", "raise ValueError('no luck')")


@pytest.fixture
def noisy(project: "Project") -> "Project":
    project.write("experiments/noisy.py", NOISY)
    project.write("experiments/failing.py", FAILING)
    return project


def log_text(project: "Project") -> str:
    return "".join(path.read_text() for path in Path(project.root, "logs").glob("*.log"))


def test_errors_are_logged_where_that_is_asked_for(noisy: "Project") -> None:
    before = sys.stderr

    outcome = noisy.run("noisy", "--log-errors")

    assert "to standard error" in log_text(noisy)
    assert "to standard error" in outcome.err
    assert sys.stderr is before


def test_errors_are_not_logged_otherwise(noisy: "Project") -> None:
    noisy.run("noisy")

    assert "to standard error" not in log_text(noisy)
    assert "[one] from the project" in log_text(noisy)


def test_a_run_without_log_file_writes_none(noisy: "Project") -> None:
    assert noisy.run("noisy", "--no-log", "--log-errors").code == 0
    assert not (noisy.root / "logs").exists()


def test_other_libraries_are_logged_where_that_is_asked_for(noisy: "Project") -> None:
    noisy.run("noisy")
    assert "from a library" not in log_text(noisy)

    noisy.run("noisy", "--all-loggers")
    assert "from a library" in log_text(noisy)


def test_quiet_shows_nothing_and_logs_everything(noisy: "Project") -> None:
    outcome = noisy.run("noisy", "--quiet")

    assert (outcome.code, outcome.out) == (0, "")
    assert "from the project" not in outcome.err
    assert "from the project" in log_text(noisy)
    assert "[INFO]" in log_text(noisy)


def test_quiet_shows_what_failed(noisy: "Project") -> None:
    outcome = noisy.run("failing", "--quiet")

    assert (outcome.code, outcome.out) == (1, "")
    assert "stage 'shout'" in outcome.err
    assert "ValueError: no luck" in outcome.err


def test_plain_shows_the_lines_of_the_log(noisy: "Project") -> None:
    outcome = noisy.run("noisy", "--plain", "--no-report")

    logged = [line for line in log_text(noisy).splitlines() if "stage shout" in line]
    assert len(logged) == 2
    assert [line for line in logged if line not in outcome.lines] == []


def test_no_color_needs_no_environment(noisy: "Project") -> None:
    assert "\x1b" not in noisy.run("noisy", "--no-color").out


def test_who_keeps_the_stream_writes_on_after_the_run(project: "Project") -> None:
    kept = "    import sys, atexit\n    atexit.register(sys.stderr.write, 'goodbye\\n')\n"
    project.write(
        "experiments/keeping.py",
        f"from experiments.chain import get_params\n\ndef run(param_sets, manager):\n{kept}",
    )

    outcome = project.run_process("keeping", "--no-dag", "--no-report", "--log-errors")

    assert (outcome.code, outcome.err) == (0, "goodbye\n")
