"""Progress bars, on a terminal of a known size."""

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

_CODE = "from curifactory.cli.main import experiment; raise SystemExit(experiment())"


def run_on_terminal(
    project: "Project", *words: str, columns: int = 120, lines: int = 24, code: int = 0
) -> str:
    """Return what the command writes to a terminal, without colours and movements."""
    size = {"COLUMNS": str(columns), "LINES": str(lines)}
    environment = {**os.environ, **size, "TERM": "xterm"}
    outcome = project.run_on_terminal(_CODE, *words, environment=environment)
    assert outcome.code == code, outcome.out
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", outcome.out)


@pytest.mark.slow
def test_each_record_and_the_run_have_a_bar(project: "Project") -> None:
    shown = run_on_terminal(project, "chain", "--progress", "--no-report")

    last = shown[shown.rindex("Record 0") :]
    assert re.search(r"Record 0, args: small, hash: [0-9a-f]{8} .* 2/2 .* train", last)
    assert re.search(r"Record 2, args: None \(aggregate\), hash: [0-9a-f]{8} .* 1/1", last)
    assert re.search(r"chain_1_[-0-9T]+ .* 5/5", last)
    assert "5 stages: 5 run" in last


@pytest.mark.slow
def test_what_is_cached_counts_at_once(project: "Project") -> None:
    project.run("chain", "--no-report")
    words = ["chain", "--progress", "--no-report", "--overwrite-stage", "compare"]

    shown = run_on_terminal(project, *words)

    first = shown[: shown.index("chain_2")]
    assert re.search(r"Record 1, args: big, .* 2/2 .* from the cache", first)
    assert "compare" in shown


@pytest.mark.slow
def test_bars_leave_room_for_what_an_interrupt_writes(project: "Project") -> None:
    shown = run_on_terminal(project, "chain", "--progress", "--no-report", columns=90)

    bars = re.findall(r"Record.*?(?=Record|chain_1_)", re.sub(r"[\r\n]", "", shown))
    assert len(bars) >= 3
    assert max(map(len, bars)) == 90 - len("^C") - 1


BREADTH_FIRST = """
import curifactory as cf

def get_params():
    return [cf.ExperimentParameters(name=f"set_{number}") for number in range(5)]

@cf.stage(None, ["a"])
def first(record):
    bars = record.manager.map_progress.tasks
    print(sum(bar.visible for bar in bars), file=open("seen.txt", "a"))
    return 1

@cf.stage(["a"], ["b"])
def second(record, a):
    return a + 1

def run(param_sets, manager):
    for record in [first(cf.Record(manager, param_set)) for param_set in param_sets]:
        second(record)
"""


@pytest.mark.slow
def test_where_lines_are_few_only_records_at_work_have_a_bar(project: "Project") -> None:
    project.write("experiments/breadth.py", BREADTH_FIRST)

    run_on_terminal(project, "breadth", "--progress", "--no-report", lines=6)

    assert (project.root / "seen.txt").read_text().split() == ["2"] * 5


@pytest.mark.slow
def test_a_stage_that_failed_is_named_and_not_counted(project: "Project") -> None:
    source = (project.root / "experiments/chain.py").read_text()
    project.write("experiments/failing.py", source.replace("return sum(data)", "return 1 / 0"))

    shown = run_on_terminal(project, "failing", "--progress", "--no-report", code=1)

    last = shown[shown.rindex("Record 0") :]
    assert re.search(r"Record 0, args: small, .* 1/2 .* train failed", last)
    assert re.search(r"failing_1_[-0-9T]+ .* 1/5", last)


@pytest.mark.slow
def test_an_experiment_can_read_how_far_it_is(project: "Project") -> None:
    source = (project.root / "experiments/chain.py").read_text()
    looking = (
        "print([task.completed for task in record.manager.map_progress.tasks][-1], "
        "file=open('seen.txt', 'a'))"
    )
    project.write(
        "experiments/looking.py",
        source.replace("    return sum(", f"    {looking}\n    return sum("),
    )

    run_on_terminal(project, "looking", "--progress", "--no-report")

    assert (project.root / "seen.txt").read_text().split() == ["1", "3"]


def test_where_the_output_is_no_terminal_there_are_the_usual_lines(project: "Project") -> None:
    outcome = project.run("chain", "--progress", "--no-report")

    assert "1/5  make_data" in outcome.out
    assert "Record 0" not in outcome.out


def test_rich_is_not_even_imported_without_bars(project: "Project") -> None:
    code = (
        "import sys; from curifactory.cli.main import experiment; experiment(); "
        "assert 'rich' not in sys.modules"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, "chain", "--no-report"],
        cwd=project.root,
        capture_output=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr.decode()
