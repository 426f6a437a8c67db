"""Ctrl-C and SIGTERM while the report of a run is written."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project

EXPERIMENT = """
import os
import signal

import curifactory as cf
from curifactory.caching import JsonCacher
from curifactory.reporting import HTMLReporter, Reportable


class Interrupting(Reportable):
    def html(self):
        if not os.path.exists("quiet"):
            os.kill(os.getpid(), signal.{signal})
        return "shown"


def get_params():
    return [cf.ExperimentParameters(name="one")]


@cf.stage(None, ["number"], [JsonCacher])
def make(record):
    record.report(HTMLReporter("before", name="before"))
    record.report(Interrupting(name="within"))
    return 1


def run(param_sets, manager):
    make(cf.Record(manager, param_sets[0]))
"""
CODE = """
import signal
from curifactory.cli.main import experiment
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell
raise SystemExit(experiment())
"""


def run(project: "Project", *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", CODE, "reports_late", *words],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_nothing_half_written_is_left_and_the_run_is_what_it_was(
    project: "Project", name: str, code: int
) -> None:
    project.write("experiments/reports_late.py", EXPERIMENT.format(signal=name))

    done = run(project, "--store-full")

    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("interrupted after all stages; they are complete")
    assert "Traceback" not in done.stderr
    assert list((project.root / "reports").iterdir()) == []
    (recorded,) = RunStore(str(project.root / "data")).runs()
    assert (recorded["status"], recorded["exit_code"]) == ("complete", code)
    folder = project.root / "data/runs" / recorded["reference"]
    assert json.loads((folder / "run_info.json").read_text())["status"] == "complete"
    assert (folder / f"{recorded['reference']}.log").is_file()

    project.write("quiet", "")
    again = run(project)

    assert (again.returncode, again.stderr) == (0, "")
    assert "Nothing ran" in again.stdout
    assert len(list((project.root / "reports").glob("reports_late_2*/index.html"))) == 1
