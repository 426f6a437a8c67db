"""Runs that are killed at any moment, and what the next run makes of it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from curifactory.store import RunStore

EXPERIMENT = '''
from dataclasses import dataclass
import time
import curifactory as cf
from curifactory.caching import Cacheable, JsonCacher, PickleCacher

@dataclass
class Params(cf.ExperimentParameters):
    value: int = 1

class TwoFiles(Cacheable):
    """Writes slowly, so that a kill can come between its files."""

    def save(self, obj):
        for suffix in ("_part", None):
            with open(self.get_path(suffix), "w") as file:
                file.write(str(obj))
                file.flush()
                time.sleep(0.002)

    def load(self):
        with open(self.get_path("_part")) as part, open(self.get_path()) as main:
            parts = part.read(), main.read()
        assert parts[0] == parts[1], parts
        return int(parts[0])

def note(stage, record):
    with open("executed.txt", "a") as file:
        file.write(f"{stage} {record.params.value}\\n")

def get_params():
    return [Params(name=str(value), value=value) for value in range(6)]

@cf.stage(None, ["a", "twice"], [TwoFiles, PickleCacher])
def make(record):
    note("make", record)
    return record.params.value, [record.params.value] * 2

@cf.stage(["a", "twice"], ["b"], [JsonCacher])
def use(record, a, twice):
    note("use", record)
    assert twice == [a, a]
    return a * 10

@cf.aggregate(["b"], ["total"], [JsonCacher])
def add_up(record, records, b):
    return sum(b.values())

def run(param_sets, manager):
    for params in param_sets:
        use(make(cf.Record(manager, params)))
    add_up(cf.Record(manager, None))
'''
COMMAND = [
    sys.executable,
    "-c",
    "from curifactory.cli.main import experiment; raise SystemExit(experiment())",
    "sums",
    "--no-report",
]
KILLS = 20


def test_runs_killed_at_random_times_cost_no_more_than_what_they_were_at(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sums.py").write_text(EXPERIMENT)
    times = random.Random(20)
    for _ in range(KILLS):
        process = subprocess.Popen(
            COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(times.uniform(0.05, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if times.random() < 0.3:
            for artifact in (tmp_path / "data").glob("cache/*_a"):
                artifact.unlink()

    for artifact in (tmp_path / "data").glob("cache/*_add_up_total*"):
        artifact.unlink()  # what dead processes left is removed when something is written

    last = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert last.returncode == 0, last.stderr
    (total,) = (tmp_path / "data" / "cache").glob("*_add_up_total.json")
    assert json.loads(total.read_text()) == 150
    runs = RunStore(str(tmp_path / "data")).runs()
    assert {run["status"] for run in runs} <= {"interrupted", "complete"}
    assert runs[-1]["status"] == "complete"
    numbers = [run["run_number"] for run in runs]
    assert numbers == sorted(set(numbers))
    leftovers = [path.name for path in (tmp_path / "data").iterdir()]
    assert sorted(leftovers) == ["cache", "code", "store"]


def test_a_completed_artifact_is_used_by_the_run_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sums.py").write_text(EXPERIMENT.replace("0.002", "0.1"))
    process = subprocess.Popen(
        COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not list((tmp_path / "data").glob("cache/*_use_b_metadata.json")):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, check=True)

    executed = (tmp_path / "executed.txt").read_text().splitlines()
    assert executed.count("make 0") == 1
    assert executed.count("use 0") == 1
