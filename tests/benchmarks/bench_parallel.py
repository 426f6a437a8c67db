"""Runs in several processes, against the same run in one, a bare pool and joblib."""

from measuring import Scenario

_EXPERIMENT = '''
import os, time
os.makedirs("experiments")
with open("experiments/work.py", "w") as file:
    file.write("""
import time
from dataclasses import dataclass
import curifactory as cf
from curifactory.caching import JsonCacher

@dataclass
class Params(cf.ExperimentParameters):
    n: int = 0

def get_params():
    return [Params(name=str(n), n=n) for n in range({sets})]

def work():
    {work}

@cf.stage(None, ["a"], [JsonCacher])
def part(record):
    work()
    return record.params.n

@cf.aggregate(["a"], ["total"], [JsonCacher])
def whole(record, records, a):
    return sum(a.values())

def run(param_sets, manager):
    for item in param_sets:
        part(cf.Record(manager, item))
    whole(cf.Record(manager, None))
""")
'''
_RUN = """
from curifactory.experiment import RunOptions, run
started = time.perf_counter()
result = run(RunOptions(experiment="work", parallel={parallel}, report=False))
assert result.status == "complete"
result = (time.perf_counter() - started) * 1e3
"""
_POOL = """
from concurrent.futures import ProcessPoolExecutor
def work(n):
    time.sleep(0.001)
    return n
if __name__ == "__main__":
    started = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        sum(pool.map(work, range(200)))
    result = (time.perf_counter() - started) * 1e3
"""
_JOBLIB = """
from joblib import Parallel, delayed
def work(n):
    time.sleep(0.001)
    return n
started = time.perf_counter()
sum(Parallel(2)(delayed(work)(n) for n in range(200)))
result = (time.perf_counter() - started) * 1e3
"""
_BURN = "end = time.process_time() + 1\n    while time.process_time() < end:\n        pass"


def _program(sets: int, work: str, parallel: int | None) -> str:
    return _EXPERIMENT.format(sets=sets, work=work) + _RUN.format(parallel=parallel)


def scenarios() -> list[Scenario]:
    """Return milliseconds; the floor of a parallel run is the same run in one process."""
    cases = [
        ("16 sets of 1 s of CPU, --parallel 2", 16, _BURN, 2, 1 / 1.85),
        ("8 sets that sleep 1 s, --parallel 8", 8, "time.sleep(1)", 8, 1 / 7),
    ]
    found = [
        Scenario(
            name,
            _program(sets, work, parallel),
            floor=_program(sets, work, None),
            at_most=at_most,
        )
        for name, sets, work, parallel, at_most in cases
    ]
    found.append(
        Scenario(
            "200 calls of 1 ms, --parallel 2",
            _program(200, "time.sleep(0.001)", 2),
            floor=_POOL,
            peers={"joblib": _JOBLIB},
        )
    )
    return found
