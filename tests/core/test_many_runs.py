"""Many runs of one experiment at the same time."""

import subprocess
import sys
from pathlib import Path

import pytest

from curifactory.journal import list_journals
from curifactory.store import RunStore, summarise

EXPERIMENT = """
from dataclasses import dataclass
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
    value: int = 1

def get_params():
    return [Params(name="one")]

@cf.stage(outputs=["number"])
def make(record):
    return record.params.value

def run(param_sets, manager):
    for params in param_sets:
        make(cf.Record(manager, params))
"""
RUN_MANY = """
from curifactory.experiment import RunOptions, run
for _ in range(50):
    result = run(RunOptions(experiment="tiny", report=False, log=False))
    assert result.status == "complete", result.error
    print(result.manager.experiment_run_number)
"""
PROCESSES = 8


@pytest.mark.slow
def test_runs_of_several_processes_have_numbers_and_journals_of_their_own(folder: Path) -> None:
    (folder / "experiments").mkdir()
    (folder / "experiments" / "tiny.py").write_text(EXPERIMENT)

    processes = [
        subprocess.Popen([sys.executable, "-c", RUN_MANY], stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    printed = [process.communicate(timeout=300)[0].split() for process in processes]

    numbers = sorted(int(number) for each in printed for number in each)
    assert numbers == list(range(1, 50 * PROCESSES + 1))
    journals = list_journals(str(folder / "data" / "store" / "tiny"))
    assert [number for number, _ in journals] == numbers
    indexed = {run["run_number"]: run for run in RunStore("data").runs()}
    assert indexed == {number: summarise(path) for number, path in journals}
    assert {run["status"] for run in indexed.values()} == {"complete"}
