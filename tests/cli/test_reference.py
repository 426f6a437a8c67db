"""The reference of the command line lists exactly what the commands take."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from curifactory.cli.commands import CURIFACTORY, EXPERIMENT, Command, command_parser
from curifactory.cli.parser import Parser
from curifactory.cli.run_arguments import make_parser
from curifactory.experiment import ExitCode

PAGES = Path(__file__).parents[2] / "docs/reference"
REFERENCE = (PAGES / "command-line.md").read_text(encoding="utf-8")
ALL_PAGES = "\n".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md"))
ROW = re.compile(r"^\| (`-.*?`) \|", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
EVERYWHERE = {"-h", "--help"}


def section(heading: str) -> str:
    return REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def listed(text: str) -> set[str]:
    """Return the options in the first column of the tables of ``text``."""
    return {option for row in ROW.findall(text) for option in OPTION.findall(row)}


def taken(parser: Parser) -> set[str]:
    """Return the options of ``parser`` and of the commands below it."""
    actions = parser._actions
    own = {name for action in actions for name in action.option_strings}
    below = [action.choices for action in actions if isinstance(action.choices, dict)]
    return own.union(*(taken(inner) for choices in below for inner in choices.values()))


def test_a_run_takes_what_is_listed() -> None:
    assert listed(section("Running an experiment")) == taken(make_parser())


@pytest.mark.parametrize(
    ("program", "command"),
    [
        *(pytest.param("experiment", command, id=command.name) for command in EXPERIMENT),
        *(pytest.param("curifactory", command, id=f"cf-{command.name}") for command in CURIFACTORY),
    ],
)
def test_every_option_of_a_command_is_on_a_page_of_the_reference(
    program: str, command: Command
) -> None:
    options = taken(command_parser(program, command)) - EVERYWHERE

    assert options - set(OPTION.findall(ALL_PAGES)) == set()
    assert f"{program} {command.name}" in ALL_PAGES


def exit_codes() -> Iterator[int]:
    for row in re.findall(r"^\| ([\d, ]+) \|", section("Exit codes"), re.MULTILINE):
        yield from map(int, row.split(","))


def test_every_exit_code_is_listed() -> None:
    assert list(exit_codes()) == [code.value for code in ExitCode]
