"""Mapping and planning from 10 to 10,000 parameter sets: the cost of a set must not grow."""

from measuring import Scenario

_PROGRAM = """
from dataclasses import dataclass
import curifactory as cf
from curifactory.mapping import Map, RunPlan

@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1

@cf.stage(None, ["a"])
def one(record):
    return record.params.x

@cf.stage(["a"], ["b"])
def two(record, a):
    return a + 1

@cf.stage(["b"], ["c"])
def three(record, b):
    return b * 2

@cf.aggregate(["c"], ["total"])
def total(record, records, c):
    return sum(c.values())

manager = cf.ArtifactManager("bench", dry=True)
sets = [Params(name=str(i), x=i) for i in range({count})]
started = time.process_time()
with Map() as manager.mapping:
    for each in sets:
        three(two(one(cf.Record(manager, each))))
    total(cf.Record(manager, None))
    plan = RunPlan(manager.mapping, manager.on_stale)
result = (time.process_time() - started) / {count} * 1e6
"""
_PEAK = "\nresult = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"


def scenarios() -> list[Scenario]:
    """Return the cost of a parameter set with three stages, in microseconds, and megabytes."""
    peak = Scenario(
        "peak memory of a map of 10000 sets", _PROGRAM.format(count=10000) + _PEAK, unit="MB"
    )
    return [
        *(
            Scenario(
                f"map and plan, one of {count} sets",
                _PROGRAM.format(count=count),
                unit="us",
                series="map and plan",
                size=count,
                per_item=True,
            )
            for count in (10, 100, 1000, 10000)
        ),
        peak,
    ]
