"""Stage calls in memory, and records, at two sizes: the cost must not grow with their number."""

from measuring import Scenario

_SETUP = """
from dataclasses import dataclass
import curifactory as cf

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

manager = cf.ArtifactManager("bench", suppress_live_log=True)
started = time.process_time()
records = [cf.Record(manager, Params(name=str(i), x=i)) for i in range({count})]
made = time.process_time()
for record in records:
    three(two(one(record)))
called = time.process_time()
"""
_FLOOR = """
def one(state):
    return state["x"]

def two(a):
    return a + 1

def three(b):
    return b * 2

states = [{{"x": i}} for i in range({count})]
started = time.process_time()
for state in states:
    state["a"] = one(state)
    state["b"] = two(state["a"])
    state["c"] = three(state["b"])
called = time.process_time()
made = started
"""


def scenarios() -> list[Scenario]:
    """Return the cost of a call and of a record, in microseconds."""
    per_call = "result = (called - made) / {count} / 3 * 1e6"
    per_record = "result = (made - started) / {count} * 1e6"
    found = []
    for count in (1000, 5000):
        found.append(
            Scenario(
                f"one stage call of 3 x {count}",
                (_SETUP + per_call).format(count=count),
                (_FLOOR + per_call).format(count=count),
                "us",
            )
        )
        found.append(
            Scenario(
                f"one of {count} records", (_SETUP + per_record).format(count=count), unit="us"
            )
        )
    return found
