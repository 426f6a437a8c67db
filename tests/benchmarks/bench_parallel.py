"""Runs in several processes, against the same run in one, a bare pool and joblib.

Work is processor time, so that the figures are about what is done beside it. Where the floor is a
pool of two processes from Python's own library, it is given each call as soon as what it needs is
there, and the longest first: no better use of two cores is known.
"""

from collections.abc import Sequence

import peers
from measuring import Scenario, at_sizes

_HEAD = '''
import os
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

def work(seconds):
    {work}

{experiment}
""")
'''
_BURN = "end = time.process_time() + seconds\n    while time.process_time() < end:\n        pass"
_SLEEP = "time.sleep(seconds)"
_RUN = """
from curifactory.experiment import RunOptions, run
started = time.perf_counter()
made = run(RunOptions(experiment="work", parallel={parallel}, report=False))
assert made.status == "complete"
result = (time.perf_counter() - started) * 1e3
"""
_SETS = """
SECONDS = {seconds}

def get_params():
    return [Params(name=str(n), n=n) for n in range(len(SECONDS))]

@cf.stage(None, ["a"], [JsonCacher])
def part(record):
    work(SECONDS[record.params.n])
    return record.params.n

@cf.aggregate(["a"], ["total"], [JsonCacher])
def whole(record, records, a):
    return sum(a.values())

def run(param_sets, manager):
    for item in param_sets:
        part(cf.Record(manager, item))
    whole(cf.Record(manager, None))
"""
_BRANCH = """
@cf.stage(None, ["b{n}"], [JsonCacher])
def branch{n}(record):
    work({seconds})
    return {n}
"""
_JOIN = """
def get_params():
    return [Params(name="one")]

@cf.stage([{inputs}], ["joined"], [JsonCacher])
def join(record, {arguments}):
    return sum([{arguments}])

def run(param_sets, manager):
    record = cf.Record(manager, param_sets[0])
    for branch in [{branches}]:
        branch(record)
    join(record)
"""
_DIAMONDS = """
def get_params():
    return [Params(name=str(n), n=n) for n in range({sets})]

@cf.stage(None, ["top"], [JsonCacher])
def make(record):
    work({seconds})
    return record.params.n

@cf.stage(["top"], ["left"], [JsonCacher])
def go_left(record, top):
    work({seconds})
    return top

@cf.stage(["top"], ["right"], [JsonCacher])
def go_right(record, top):
    work({seconds})
    return top

@cf.stage(["left", "right"], ["bottom"], [JsonCacher])
def meet(record, left, right):
    work({seconds})
    return left + right

def run(param_sets, manager):
    for item in param_sets:
        meet(go_right(go_left(make(cf.Record(manager, item)))))
"""
_POOL_HEAD = """
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

def work(seconds):
    {work}

"""
_POOL = """
if __name__ == "__main__":
    started = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(work, sorted({seconds}, reverse=True)))
    result = (time.perf_counter() - started) * 1e3
"""
_POOL_OF_DIAMONDS = """
if __name__ == "__main__":
    started = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        going = {{pool.submit(work, {seconds}): (n, "top") for n in range({sets})}}
        halves = [0] * {sets}
        while going:
            done, _ = wait(going, return_when=FIRST_COMPLETED)
            for n, place in [going.pop(future) for future in done]:
                halves[n] += place == "half"
                if place == "top":
                    going |= {{pool.submit(work, {seconds}): (n, "half") for _ in range(2)}}
                elif place == "half" and halves[n] == 2:
                    going[pool.submit(work, {seconds})] = (n, "bottom")
    result = (time.perf_counter() - started) * 1e3
"""
_JOBLIB = """
from joblib import Parallel, delayed
def work(seconds):
    {work}
started = time.perf_counter()
Parallel(2)(delayed(work)(seconds) for seconds in {seconds})
result = (time.perf_counter() - started) * 1e3
"""
_BESIDE = """
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
result = (sum(each.ru_utime + each.ru_stime for each in used) - {work}) * 1e3
"""
_BESIDE_JOBLIB = """
from joblib.externals.loky import get_reusable_executor
get_reusable_executor().shutdown(wait=True)
"""
_BUSY, _BUSY_DIAMONDS = 0.97, 0.95
"""The share of the cores' time that is to be work, beside what the pool achieves."""


def _ours(experiment: str, parallel: int | None, work: str = _BURN) -> str:
    return _HEAD.format(work=work, experiment=experiment) + _RUN.format(parallel=parallel)


def _sets(seconds: Sequence[float]) -> str:
    return _SETS.format(seconds=list(seconds))


def _branches(count: int, seconds: float) -> str:
    names = [f"b{n}" for n in range(count)]
    return "".join(_BRANCH.format(n=n, seconds=seconds) for n in range(count)) + _JOIN.format(
        inputs=", ".join(map(repr, names)),
        arguments=", ".join(names),
        branches=", ".join(f"branch{n}" for n in range(count)),
    )


def _pool(seconds: Sequence[float], work: str = _BURN) -> str:
    return _POOL_HEAD.format(work=work) + _POOL.format(seconds=list(seconds))


def _peers(seconds: Sequence[float], work: str = _BURN) -> dict[str, str]:
    programs = {"dask": peers.POOL_OF_DASK, "joblib": _JOBLIB}
    return {
        name: program.format(work=work, seconds=list(seconds)) for name, program in programs.items()
    }


def _against_one_process() -> list[Scenario]:
    """Return runs whose floor is the same run in one process."""
    cases = [
        ("16 sets of 1 s and an aggregate, --parallel 2", _sets([1] * 16), 2, _BURN, 1.85),
        ("8 branches of 1 s in one set, --parallel 2", _branches(8, 1), 2, _BURN, 1.85),
        ("8 sets that sleep 1 s, --parallel 8", _sets([1] * 8), 8, _SLEEP, 7),
    ]
    return [
        Scenario(
            f"{name}, and serial",
            _ours(experiment, parallel, work),
            floor=_ours(experiment, None, work),
            at_most=1 / faster,
        )
        for name, experiment, parallel, work, faster in cases
    ]


def _against_a_pool() -> list[Scenario]:
    """Return runs whose floor is a pool that is told what to do when."""
    unequal = [2, 2, 1.5, 1.5, 1, 1, *[0.25] * 12]
    found = [
        Scenario(
            f"{name}, and a pool",
            _ours(experiment, 2),
            floor=_pool(seconds),
            peers=_peers(seconds),
            at_most=1 / _BUSY,
        )
        for name, experiment, seconds in [
            ("16 sets of 1 s", _sets([1] * 16), [1.0] * 16),
            ("18 sets of 0.25 to 2 s", _sets(unequal), unequal),
            ("8 branches of 1 s in one set", _branches(8, 1), [1.0] * 8),
        ]
    ]
    diamonds = _POOL_OF_DIAMONDS.format(sets=4, seconds=0.5)
    found.append(
        Scenario(
            "4 diamonds of 0.5 s a stage, and a pool",
            _ours(_DIAMONDS.format(sets=4, seconds=0.5), 2),
            floor=_POOL_HEAD.format(work=_BURN) + diamonds,
            at_most=1 / _BUSY_DIAMONDS,
        )
    )
    short = [0.001] * 200
    found.append(
        Scenario(
            "200 calls of 1 ms, --parallel 2, and a pool",
            _ours(_sets(short), 2, _SLEEP),
            floor=_pool(short, _SLEEP),
            peers=_peers(short, _SLEEP),
        )
    )
    return found


def _beside_the_work() -> Scenario:
    seconds = [0.25] * 16
    beside = _BESIDE.format(work=sum(seconds))
    indented = beside.replace("\n", "\n    ")
    return Scenario(
        "CPU beside the work, 16 sets, --parallel 2",
        _ours(_sets(seconds), 2) + beside,
        floor=_pool(seconds).rstrip() + indented,
        peers={"joblib": _peers(seconds)["joblib"] + _BESIDE_JOBLIB + beside},
        below=200,
    )


def scenarios() -> list[Scenario]:
    """Return milliseconds, of wall time if a name does not say otherwise."""
    return [
        *_against_one_process(),
        *_against_a_pool(),
        _beside_the_work(),
        *at_sizes(
            "calls of 1 ms, --parallel 2",
            (100, 300, 1000, 3000),
            lambda count: _ours(_sets([0.001] * count), 2, _SLEEP),
        ),
    ]
