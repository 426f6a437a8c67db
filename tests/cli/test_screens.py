"""What a terminal shows, at two widths, with and without colours."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

SCREENS = Path(__file__).parent / "screens"
CODE = (
    "import sys; from curifactory.cli.main import curifactory, experiment; "
    "raise SystemExit({'experiment': experiment, 'curifactory': curifactory}[sys.argv.pop(1)]())"
)
VARIABLE = (
    (re.compile(r"\d{4}-\d\d-\d\d-T\d{6}"), "TIMESTAMP"),
    (re.compile(r"\b\d+\.\d\d? s"), "N s"),
    (re.compile(r"\b\d:\d\d:\d\d"), "H:MM:SS"),
)
MOVEMENT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FAILING = """
import curifactory as cf
from experiments.chain import get_params, make_data


@cf.stage(["data"], ["model"])
def train(record, data):
    return sum(data) / (len(data) - 4)


def run(param_sets, manager):
    for param_set in param_sets:
        train(make_data(cf.Record(manager, param_set)))
"""


def show(project: "Project", words: str, columns: int, *, colours: bool) -> str:
    """Return what the command line writes to a terminal, colours as ``<31>``."""
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "50", "TERM": "xterm"}
    for name in ("NO_COLOR", "COLORTERM"):
        environment.pop(name, None)
    if not colours:
        environment["NO_COLOR"] = "1"
    outcome = project.run_on_terminal(CODE, *words.split(), environment=environment)
    text = outcome.out.replace(str(project.root), "PROJECT")
    if colours:
        text = re.sub(r"\x1b\[([\d;]*)m", r"<\1>", text)
    for pattern, word in VARIABLE:
        text = pattern.sub(word, text)
    return text


def check_screen(name: str, shown: str) -> None:
    """Compare with what was looked at; with ``CURIFACTORY_WRITE_SCREENS`` set, write that."""
    path = SCREENS / f"{name}.txt"
    if os.environ.get("CURIFACTORY_WRITE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("colours", [True, False], ids=["colour", "plain"])
@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run", "chain --no-report"),
        ("verbose", "chain --no-report -v -n small"),
        ("failure", "failing --no-report"),
        ("map", "chain --map"),
        ("ls", "ls"),
        ("bad-input", "chian"),
    ],
)
def test_lines_are_the_same_at_every_width(
    name: str, words: str, columns: int, colours: bool, project: "Project"
) -> None:
    project.write("experiments/failing.py", FAILING)
    project.write("experiments/unparsable.py", '"""Never listed."""\ndef run(:\n')

    shown = show(project, f"experiment {words}", columns, colours=colours)

    check_screen(f"{name}-{'colour' if colours else 'plain'}", shown)
    assert colours or "\x1b" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("colours", [True, False], ids=["colour", "plain"])
@pytest.mark.parametrize("columns", [80, 200])
def test_bars_fill_the_width(columns: int, colours: bool, project: "Project") -> None:
    words = "experiment chain --no-report --progress"

    shown = show(project, words, columns, colours=colours)

    last = MOVEMENT.sub("", shown[shown.rindex("Record 0") :])
    check_screen(f"progress-{columns}-{'colour' if colours else 'plain'}", last)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("words", ["--help", "ls --help", "reports --help"])
def test_the_help_fits_on_the_terminal(words: str, columns: int, project: "Project") -> None:
    lines = show(project, f"experiment {words}", columns, colours=True).splitlines()

    assert max(map(len, lines)) <= columns
    assert any(line.startswith("usage: experiment") for line in lines)
