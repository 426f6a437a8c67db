"""An experiment that notes each execution, for runs in several processes."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

LONG = 180.0
"""Seconds after which something that should have happened never will."""


def wait_until(happens: Callable[[], bool]) -> None:
    """Wait for what will happen soon."""
    deadline = time.monotonic() + LONG
    while not happens():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


EXPERIMENT = '''
import json, logging, os, signal, time
from dataclasses import dataclass
from pathlib import Path

import curifactory as cf
from curifactory.caching import JsonCacher

@dataclass
class Params(cf.ExperimentParameters):
    n: int = 0

def get_params():
    return [Params(name=f"p{n}", n=n) for n in range(6)]

def note(stage, record):
    line = f"{stage} {record.params.n if record.params else '-'}\\n"
    with open("executed.txt", "a") as file:
        file.write(line)

def act(stage, record):
    """Do what the file actions.json says of a stage of a record."""
    actions = json.loads(Path("actions.json").read_text())
    action = actions.get(f"{stage} {record.params.n if record.params else '-'}")
    if action == "fail":
        raise ValueError(f"{stage} was told to fail")
    if action == "poison" or (action == "die once" and not Path("died").exists()):
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "sleep":
        Path("beginning").write_text(str(os.getpid()))
        os.rename("beginning", "sleeping")  # never seen half-written
        time.sleep(600)
    if action == "spawn":
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path("child").write_text(str(child.pid))
        time.sleep(600)

@cf.stage(None, ["plain"])
def make(record):
    act("make", record)
    note("make", record)
    return {"n": record.params.n, "call": (lambda: 1).__name__}

@cf.stage(["plain"], ["left", "pair"], [JsonCacher, JsonCacher])
def left(record, plain):
    act("left", record)
    note("left", record)
    logging.info("left of %s", plain["n"])
    print("printed", plain["n"])
    return plain["n"] * 10, [plain["n"]] * 2

@cf.stage(["plain"], [cf.Lazy("right")], [JsonCacher])
def right(record, plain):
    act("right", record)
    note("right", record)
    return plain["n"] + 1

@cf.stage(["left", "right", "pair"], ["both"], [JsonCacher])
def join(record, left, right, pair):
    act("join", record)
    note("join", record)
    return [left, right, pair]

@cf.aggregate(["both"], ["total"], [JsonCacher])
def total(record, records, both):
    act("total", record)
    note("total", record)
    return {str(other.params.n): value for other, value in both.items()}

def run(param_sets, manager):
    for param_set in param_sets:
        join(right(left(make(cf.Record(manager, param_set)))))
    total(cf.Record(manager, None))
    return [record.output for record in manager.records]
'''


class ParallelProject:
    """The project with the experiment ``tree``: six records of four stages, and an aggregate."""

    stages = 25

    def __init__(self, project: "Project") -> None:
        self.project = project
        project.write("experiments/tree.py", EXPERIMENT)
        self.tell({})

    def tell(self, actions: dict[str, str]) -> None:
        """Say which stages do something else than their work, as ``{"left 3": "fail"}``."""
        import json

        self.project.write("actions.json", json.dumps(actions))

    def slow_down(self, seconds: float) -> None:
        """Let every stage take that long."""
        path = self.project.root / "experiments" / "tree.py"
        sleeping = f"def note(stage, record):\n    time.sleep({seconds})\n"
        path.write_text(path.read_text().replace("def note(stage, record):\n", sleeping))

    def counts(self) -> Counter[str]:
        """Return how often each stage came to its end since the last question."""
        return Counter(self.project.executed())

    def artifacts(self) -> dict[str, bytes]:
        """Return the content of every artifact by its name."""
        cache = self.project.root / "data" / "cache"
        return {
            path.name: path.read_bytes()
            for path in sorted(cache.glob("*.json"))
            if not path.name.endswith("_metadata.json")
        }

    def forget(self) -> None:
        """Remove what runs have left."""
        import shutil

        for name in ("data", "logs", "reports"):
            shutil.rmtree(self.project.root / name, ignore_errors=True)
        for name in ("executed.txt", "died", "sleeping", "child"):
            Path(self.project.root / name).unlink(missing_ok=True)

    def leftovers(self) -> list[str]:
        """Return what lies in the data folder that should not be there after a run."""
        names = {path.name for path in (self.project.root / "data").iterdir()}
        own = {"cache", "store", "code", "params_registry.json", ".curifactory-staging"}
        return sorted(names - own)


@pytest.fixture
def tree(project: "Project") -> ParallelProject:
    """Return the project with the experiment ``tree``."""
    return ParallelProject(project)
