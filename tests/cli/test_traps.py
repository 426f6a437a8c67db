"""What a user of the command line must never meet, each a mistake that is easily made."""

import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.run_arguments import make_parser
from curifactory.cli.runs.facts import History
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project

FAILING = """
import curifactory as cf
from experiments.chain import get_params, make_data


def run(param_sets, manager):
    make_data(cf.Record(manager, param_sets[0]))
    raise RuntimeError("in run")
"""


@pytest.mark.parametrize("options", ["--dry", "--dry --no-dag", "--dry --lazy", "--dry --progress"])
def test_a_dry_run_makes_not_even_a_folder(options: str, project: "Project") -> None:
    before = project.contents()

    outcome = project.run("chain", *options.split())

    assert (outcome.code, len(project.executed())) == (0, 5)
    assert project.contents() == before


@pytest.mark.parametrize(
    "options", ["--map", "--why train", "--map --json", "--hashes", "--paths", "--print-params"]
)
def test_showing_something_makes_not_even_a_folder(options: str, project: "Project") -> None:
    before = project.contents()

    outcome = project.run("chain", *options.split())

    assert (outcome.code, outcome.err) == (0, "")
    assert project.contents() == before


def test_a_new_project_has_no_cache_to_read_and_runs_all_the_same(project: "Project") -> None:
    outcome = project.run("chain", "--dry-cache")

    assert (outcome.code, len(project.executed())) == (0, 5)
    assert not (project.root / "data/cache").exists()


def test_a_failure_while_mapping_has_a_report_and_a_failed_run(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing")

    (run,) = RunStore("data").runs()
    assert outcome.code == 1
    assert (run["status"], run["error"]) == ("error", "RuntimeError - in run")
    assert (project.root / "reports" / run["reference"] / "index.html").is_file()


def test_a_failure_is_told_even_where_nothing_else_is_shown(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing", "--quiet", "--no-log", "--no-report")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.error_lines[-1] == "RuntimeError: in run"


def test_the_parameter_file_that_nobody_named_is_recorded(project: "Project") -> None:
    project.run("chain", "--no-report")

    (run,) = RunStore("data").runs()
    assert run["param_files"] == ["chain"]
    assert [name for name, _ in run["params"]["chain"]] == ["small", "big"]


def test_a_run_from_a_folder_below_is_one_of_the_project(
    project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("curifactory_config.json", "{}")
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.org")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    below = project.root / "notebooks/mine"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    outcome = project.run("chain")

    (run,) = RunStore(str(project.root / "data")).runs()
    assert outcome.code == 0
    assert run["commit"] == commit
    assert (project.root / "reports/index.html").is_file()
    assert [path.name for path in below.iterdir()] == ["executed.txt"]  # by the experiment


def test_reports_logs_and_full_stores_lie_where_the_configuration_says(project: "Project") -> None:
    project.write(
        "curifactory_config.json",
        '{"logs_path": "out/logs", "reports_path": "out/pages", "runs_path": "out/runs"}',
    )

    outcome = project.run("chain", "--store-full")

    (run,) = RunStore("data").runs()
    assert outcome.lines[-1] == f"report: out/pages/{run['reference']}/index.html"
    assert (project.root / f"out/logs/{run['reference']}.log").is_file()
    assert (project.root / f"out/runs/{run['reference']}/{run['reference']}.log").is_file()
    assert {path.name for path in project.root.iterdir()} & {"logs", "reports"} == set()


def test_the_reports_that_are_configured_are_served(project: "Project") -> None:
    project.write("curifactory_config.json", '{"reports_path": "out/pages"}')
    project.run("chain")

    with project.start("reports", "--port", "0") as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        with urllib.request.urlopen(address[0], timeout=30) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert "chain" in page


def test_an_interrupted_run_keeps_its_number_and_the_next_one_goes_on(project: "Project") -> None:
    text = (project.root / "experiments/chain.py").read_text()
    stop = text.replace('    note(record, "compare")\n', "    raise KeyboardInterrupt\n")
    project.write("experiments/chain.py", stop)
    first = project.run("chain", "--no-report")
    project.write("experiments/chain.py", text)

    second = project.run("chain", "--no-report")

    assert (first.code, second.code) == (130, 0)
    assert [run.name for run in History("data").runs] == ["chain/1", "chain/2"]
    assert project.executed()[-1:] == ["compare -"]


def test_every_option_of_a_run_is_in_the_table_of_options() -> None:
    table = Path(__file__).with_name("test_request.py").read_text()
    spelled = set(re.findall(r"--?[a-z][a-z-]*", table))

    assert set(make_parser().options()) - spelled - {"-h"} == set()
