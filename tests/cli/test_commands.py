"""Words before and behind a command."""

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_screens import CODE

from curifactory.cli.commands import CURIFACTORY, EXPERIMENT, command_parser

if TYPE_CHECKING:
    from tests.cli.conftest import Project

    from curifactory.cli.commands import Command


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("--json ls", "ls --json"),
        ("--names more ls", "ls --names more"),
        ("--no-color runs ls --json", "runs ls --json"),
        ("-h ls", "ls --help"),
        ("--help reports", "reports --help"),
    ],
)
def test_options_may_come_before_a_command(words: str, same: str, project: "Project") -> None:
    outcome = project.run(*words.split())

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome == project.run(*same.split())


def test_the_port_may_come_before_reports(project: "Project") -> None:
    outcome = project.run("--port", "6789", "reports")

    assert outcome == project.run("reports", "--port", "6789")
    assert "there is no folder 'reports/'" in outcome.err


def test_options_may_come_before_a_command_of_the_project(project: "Project") -> None:
    outcome = project.run("--json", "config", command="curifactory")

    assert json.loads(outcome.out)["values"]


@pytest.mark.parametrize("words", ["-n ls chain", "--prefix reports chain", "-p more --map chain"])
def test_the_value_of_an_option_is_no_command(words: str, project: "Project") -> None:
    text = project.root / "experiments/chain.py"
    text.write_text(text.read_text().replace('name="small"', 'name="ls"'))

    outcome = project.run(*words.split(), "--no-report")

    assert (outcome.code, outcome.err) == (0, "")
    assert "chain, run 1" in outcome.out or "Stage: train" in outcome.out


@pytest.mark.parametrize(
    ("program", "command"),
    [("experiment", each) for each in EXPERIMENT] + [("curifactory", each) for each in CURIFACTORY],
    ids=str,
)
def test_every_command_does_without_colours(program: str, command: "Command") -> None:
    parser = command_parser(program, command)
    parsers = [parser, *parser.actions().values()]

    assert all(each.knows("--no-color") for each in parsers)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "experiment ls",
        "experiment runs ls",
        "experiment runs show",
        "experiment nothing",
        "experiment ls --nothing",
        "experiment chain --no-report",
        "curifactory cache ls",
        "curifactory doctor",
        "curifactory config",
        "curifactory nothing",
    ],
)
@pytest.mark.parametrize("how", ["option", "variable", "dumb"])
def test_nothing_is_coloured_where_nobody_wants_it(
    words: str, how: str, project: "Project"
) -> None:
    project.run("chain", "--no-report")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    environment |= {"variable": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}.get(how, {})
    option = ["--no-color"] if how == "option" else []

    outcome = project.run_on_terminal(CODE, *words.split(), *option, environment=environment)

    assert outcome.out
    assert "\x1b" not in outcome.out
