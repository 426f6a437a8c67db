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
    (re.compile(r"^  (started|seconds) .*→.*\n", re.MULTILINE), ""),
    (re.compile(r"\d{4}-\d\d-\d\d-T\d{6}"), "TIMESTAMP"),
    (re.compile(r"\b\d+\.\d\d? s"), "N s"),
    (re.compile(r"\b\d+ min\b"), "N min"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "YYYY-MM-DD HH:MM:SS"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+"), "TIME"),
    (re.compile(r" on \S+$", re.MULTILINE), " on HOST"),
    (re.compile(r"\b\d:\d\d:\d\d"), "H:MM:SS"),
    (re.compile(r" *\b\d+(\.\d)? ([kMG]B)\b"), r" N \2"),
    (re.compile(r" *\b\d+\.\d{3}\b( \([-+][\d.e-]+\))?"), " N.NNN"),
    # On Linux the peak begins with the memory of the process that started this one.
    (re.compile(r"(N\.NNN|peak memory) N GB\b"), r"\1 N MB"),
    (re.compile(r"Python 3\.\d+\.\d+, \w+, \d+ packages"), "Python VERSION, SYSTEM, N packages"),
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


DESCRIBED = '''
"""An experiment with a description that goes on for rather more than one line of a terminal."""
from dataclasses import dataclass

import curifactory as cf
from curifactory.caching import JsonCacher


@dataclass
class Params(cf.ExperimentParameters):
    layers: tuple = (128, 64, 32, 16)
    description: str = "a text that is rather long, as people write them " * 2
    rate: float = 0.1


def get_params():
    return [
        Params(name="a parameter set with spaces and a long name", rate=0.2),
        Params(name="虹膜-ü"),
    ]


@cf.stage(None, ["measurements"], [JsonCacher])
def measure_everything_there_is(record):
    return {"accuracy": record.params.rate, "count": 100}


@cf.stage(["measurements"], ["judgement"], [JsonCacher])
def judge(record, measurements):
    return 1 / (record.params.rate - RATE)


def run(param_sets, manager):
    for param_set in param_sets:
        judge(measure_everything_there_is(cf.Record(manager, param_set)))
'''


def show(
    project: "Project", words: str, columns: int, *, colours: bool, typed: str | None = None
) -> str:
    """Return what the command line writes to a terminal, colours as ``<31>``."""
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "50", "TERM": "xterm"}
    for name in ("NO_COLOR", "COLORTERM"):
        environment.pop(name, None)
    if not colours:
        environment["NO_COLOR"] = "1"
    outcome = project.run_on_terminal(CODE, *words.split(), environment=environment, typed=typed)
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


@pytest.fixture
def history(project: "Project", monkeypatch: pytest.MonkeyPatch) -> "Project":
    """Return a project with two runs of experiments with long names, one of which failed."""
    monkeypatch.setenv("EDITOR", "nano")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)  # runs record it
    project.write("experiments/described.py", DESCRIBED.replace("RATE", "0.5"))
    project.run(
        "described", "--no-report", "--notes", "The first one, with which all others compare"
    )
    project.write("experiments/described.py", DESCRIBED.replace("RATE", "0.1"))
    project.run("described", "--no-report", "--on-stale", "rerun")
    return project


@pytest.mark.slow
@pytest.mark.parametrize("colours", [True, False], ids=["colour", "plain"])
@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("map", "experiment described --map --on-stale rerun"),
        ("described-ls", "experiment ls"),
        ("described-failure", "experiment described --no-report --on-stale rerun"),
        ("runs-ls", "experiment runs ls"),
        ("runs-show", "experiment runs show 1"),
        ("runs-show-failed", "experiment runs show 2"),
        ("runs-diff", "experiment runs diff 1 2"),
        ("cache-ls", "curifactory cache ls"),
        ("cache-du", "curifactory cache du"),
        ("cache-show", "curifactory cache show described_1284*_judge_judgement --no-check"),
        ("cache-gc", "curifactory cache gc --older-than 0h --dry-run"),
        ("config", "curifactory config"),
        ("doctor", "curifactory doctor"),
    ],
)
def test_lines_fit_the_width(
    name: str, words: str, columns: int, colours: bool, history: "Project"
) -> None:
    shown = show(history, words, columns, colours=colours)

    check_screen(f"{name}-{columns}-{'colour' if colours else 'plain'}", shown)
    assert colours or "\x1b" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("colours", [True, False], ids=["colour", "plain"])
@pytest.mark.parametrize("columns", [80, 200])
def test_what_would_go_fits_the_width(columns: int, colours: bool, history: "Project") -> None:
    other = DESCRIBED.replace("rate=0.2", "rate=0.3").replace("RATE", "0.5")
    history.write("experiments/described.py", other)
    history.run("described", "--no-report")
    words = "curifactory cache gc --older-than 0h --dry-run"

    lines = show(history, words, columns, colours=colours).splitlines(keepends=True)
    going = sorted(line for line in lines if line.startswith("goes"))  # which first, time decides
    shown = "".join([*going, *(line for line in lines if not line.startswith("goes"))])

    check_screen(f"cache-gc-some-{columns}-{'colour' if colours else 'plain'}", shown)
    assert colours or "\x1b" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("colours", [True, False], ids=["colour", "plain"])
@pytest.mark.parametrize("columns", [80, 200])
def test_init_is_the_same_at_every_width(columns: int, colours: bool, project: "Project") -> None:
    shown = show(project, "curifactory init", columns, colours=colours, typed="\n" * 20)

    check_screen(f"init-{'colour' if colours else 'plain'}", shown)


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
