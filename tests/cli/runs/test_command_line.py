"""``experiment runs`` on a project with real runs."""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Project


@pytest.fixture
def ran(project: Project) -> Project:
    """Return the project after a run with all its sets, one with another, and one that failed."""
    project.run("chain")
    project.run("chain", "-p", "more")
    path = project.root / "experiments/chain.py"
    text = path.read_text()
    path.write_text(text.replace("return sum(data)", "raise ValueError('no')"))
    project.run("chain", "--overwrite")
    path.write_text(text)
    return project


@pytest.mark.parametrize("command", ["experiment", "curifactory"])
def test_runs_are_listed_by_both_commands(ran: Project, command: str) -> None:
    outcome = ran.run("runs", "ls", command=command)

    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split()[:2] for line in outcome.lines[1:]] == [
        ["chain/1", "complete"],
        ["chain/2", "complete"],
        ["chain/3", "error"],
    ]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["--where", "params.size == 8"], [2]),
        (["--where", "params.size < 5", "--status", "complete"], [1]),
        (["--status", "error", "--status", "interrupted"], [3]),
        (["--limit", "1", "--since", "1d"], [3]),
        (["--until", "yesterday"], []),
        (["chain", "--sort", "sets", "--reverse"], [3, 1, 2]),
    ],
    ids=str,
)
def test_runs_are_selected(ran: Project, words: list[str], numbers: list[int]) -> None:
    outcome = ran.run("runs", "ls", "--json", *words)

    assert [run["number"] for run in json.loads(outcome.out)] == numbers


def test_a_run_is_shown_with_its_artifacts_and_metrics(ran: Project) -> None:
    shown = json.loads(ran.run("runs", "show", "1", "--json").out)

    artifacts = {each["artifact"]: each["replaced"] for each in shown["artifacts"]}
    assert (
        artifacts
        == {
            "compare/scores": False,
            "make_data/data [big]": False,
            "make_data/data [small]": True,
            "train/model [big]": False,
            "train/model [small]": False,
        }
        or artifacts["train/model [big]"] is False
    )
    assert shown["metrics"] == {"train/model [big]": 4, "train/model [small]": 2}
    assert shown["parameters"]["big"]["size"] == 4
    assert shown["stages"]["train"]["executed"] == 2


def test_a_run_that_failed_is_shown_with_its_traceback(ran: Project) -> None:
    outcome = ran.run("runs", "show")

    assert outcome.code == 0
    assert "ValueError" in outcome.out


def test_two_runs_are_compared(ran: Project) -> None:
    compared = json.loads(ran.run("runs", "diff", "1", "2", "--json").out)

    assert compared["parameters"] == {
        "small": ["there", None],
        "big": ["there", None],
        "huge": [None, "there"],
    }
    assert compared["metrics"]["train/model [huge]"] == [None, 8]
    assert "iris" not in ran.run("runs", "diff", "1", "2").out


def test_the_code_of_stages_is_compared_without_a_repository(project: Project) -> None:
    project.run("chain")
    path = project.root / "experiments/chain.py"
    text = path.read_text().replace("return sum(data)", "return sum(data) + 1")
    path.write_text(text.replace("    return list(", "    # In order\n    return list("))
    project.run("chain", "--on-stale", "rerun")
    project.run("chain")

    lines = project.run("runs", "diff", "chain/1", "chain/2").lines
    compared = json.loads(project.run("runs", "diff", "1", "3", "--json").out)

    assert "code of stages" in lines
    assert "  --- experiments.chain.train in chain/1" in lines
    assert "  +    return sum(data) + 1" in lines
    assert [line for line in compared["stage_code"] if line[:2] in {"- ", "+ "}] == [
        "-    return sum(data)",
        "+    return sum(data) + 1",
    ]
    assert "code of stages" not in project.run("runs", "diff", "chain/2", "chain/3").lines


def test_where_old_code_is_gone_only_the_change_is_told(project: Project) -> None:
    project.run("chain")
    path = project.root / "experiments/chain.py"
    path.write_text(path.read_text().replace("return sum(data)", "return sum(data) + 1"))
    project.run("chain", "--on-stale", "rerun")
    shutil.rmtree(project.root / "data/code")

    compared = json.loads(project.run("runs", "diff", "1", "2", "--json").out)

    assert compared["stage_code"] == ["experiments.chain.train has changed"]


def test_a_run_is_removed_with_its_report_and_log(ran: Project) -> None:
    before = set(ran.files())
    reference = json.loads(ran.run("runs", "show", "2", "--json").out)["reference"]

    outcome = ran.run("runs", "rm", "2", "--yes")

    gone = before - set(ran.files())
    assert outcome.code == 0
    assert {"data/store/chain/2.jsonl", f"logs/{reference}.log"} < gone
    assert all(name.startswith(("logs/", "reports/", "data/store/chain/2")) for name in gone)
    assert reference not in (ran.root / "reports/index.html").read_text()
    assert [line.split()[0] for line in ran.run("runs", "ls").lines[1:]] == ["chain/1", "chain/3"]


def test_the_number_of_a_removed_run_is_not_given_again(ran: Project) -> None:
    ran.run("runs", "rm", "3", "--yes")

    assert "run 4" in ran.run("chain", "--no-report").out


def test_a_run_is_not_removed_unless_somebody_says_yes(
    ran: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(ran.files())
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))

    outcome = ran.run("runs", "rm", "2")

    assert outcome.lines[-1].endswith("nothing was removed")
    assert before <= set(ran.files())


def test_help_is_shown(project: Project) -> None:
    outcome = project.run("runs", "--help")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("usage: experiment runs ")


def test_listing_runs_imports_nothing_that_runs_experiments(project: Project) -> None:
    project.run("chain", "--no-report")
    code = (
        "import sys; sys.argv = ['experiment', 'runs', 'ls']; "
        "from curifactory.cli.main import experiment; experiment(); "
        "print(*sys.modules, file=sys.stderr)"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path.cwd(), capture_output=True, text=True, check=True
    )

    loaded = set(done.stderr.split())
    assert not loaded & {"curifactory.running", "curifactory.manager", "rich", "experiments.chain"}
