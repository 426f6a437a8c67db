"""Runs that are killed at any moment, and what the next run makes of it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
                time.sleep(0.005)

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
KILLS = 50
EXTENSIONS = {"a": "", "twice": ".pkl", "b": ".json"}
"""Output of `make` or `use` -> what its main file ends with."""


def completed(folder: Path) -> set[str]:
    """Return stage and value of each call whose outputs are all there, from one execution."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in folder.glob("data/cache/*_metadata.json"):
        facts = json.loads(path.read_text())
        extension = EXTENSIONS.get(facts["artifact_name"])
        if extension is None:
            continue
        artifact = path.with_name(path.name.removesuffix("_metadata.json") + extension)
        if artifact.exists():
            call = facts["stage"], facts["params_name"]
            found.setdefault(call, {})[facts["artifact_name"]] = facts["execution"]
    return {
        f"{stage} {value}"
        for (stage, value), outputs in found.items()
        if len(outputs) == (2 if stage == "make" else 1) and len(set(outputs.values())) == 1
    }


def executed(folder: Path) -> list[str]:
    """Return stage and value of every call that was executed, in order."""
    path = folder / "executed.txt"
    return path.read_text().splitlines() if path.exists() else []


def wait_for_another_run(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Return once ``process`` has opened its run, or has ended."""
    store, own = folder / "data" / "store" / "sums", str(process.pid)
    while process.poll() is None:
        if any(own in path.read_text().partition("\n")[0] for path in store.glob("*.jsonl")):
            return
        time.sleep(0.002)


@pytest.mark.slow
def test_runs_killed_at_random_times_cost_no_more_than_what_they_were_at(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sums.py").write_text(EXPERIMENT)
    times = random.Random(20)
    for _ in range(KILLS):
        reusable, before = completed(tmp_path), len(executed(tmp_path))
        process = subprocess.Popen(
            COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_another_run(tmp_path, process)
        time.sleep(times.uniform(0, 0.2))
        process.kill()  # nothing happens if it has ended already
        process.wait()
        assert reusable.isdisjoint(executed(tmp_path)[before:])
        if times.random() < 0.7:
            for artifact in (tmp_path / "data").glob("cache/*_a"):
                artifact.unlink()

    for artifact in (tmp_path / "data").glob("cache/*_add_up_total*"):
        artifact.unlink()  # what dead processes left is removed when something is written

    last = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert last.returncode == 0, last.stderr
    (total,) = (tmp_path / "data" / "cache").glob("*_add_up_total.json")
    assert json.loads(total.read_text()) == 150
    runs = RunStore(str(tmp_path / "data")).runs()
    assert {run["status"] for run in runs} == {"interrupted", "complete"}  # none is running
    assert runs[-1]["status"] == "complete"
    numbers = [run["run_number"] for run in runs]
    assert numbers == sorted(set(numbers))
    leftovers = [path.name for path in (tmp_path / "data").iterdir()]
    own = {"cache", "code", "params_registry.json", "store"}
    assert {name for name in leftovers if not name.startswith(".params_registry.json.")} == own


def test_a_completed_artifact_is_used_by_the_run_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sums.py").write_text(EXPERIMENT.replace("0.005", "0.1"))
    process = subprocess.Popen(
        COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not list((tmp_path / "data").glob("cache/*_use_b_metadata.json")):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, check=True)

    assert executed(tmp_path).count("make 0") == 1
    assert executed(tmp_path).count("use 0") == 1
