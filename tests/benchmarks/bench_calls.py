"""Stage calls in memory, and records, at four sizes: the cost must not grow with their number."""

import peers
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
# The least that passes artifacts by name and notes what ran, and how long it took.
_FLOOR = """
def one(x):
    return x

def two(a):
    return a + 1

def three(b):
    return b * 2

stages = [(one, ("x",), "a"), (two, ("a",), "b"), (three, ("b",), "c")]
states = [{{"x": i}} for i in range({count})]
history = []
started = time.process_time()
for state in states:
    for function, inputs, output in stages:
        wall, cpu = time.perf_counter(), time.process_time()
        state[output] = function(**{{name: state[name] for name in inputs}})
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        history.append((function.__name__, *seconds))
called = time.process_time()
made = started
"""

# What a session writes to terminal and file, by handlers that do nothing else.
_LOGGED = _SETUP.replace(", suppress_live_log=True", "")
_FLOOR_LOGGED = """
import logging
log = logging.getLogger("floor")
log.setLevel(logging.INFO)
layout = logging.Formatter("%(asctime)s [%(levelname)s] - %(message)s")
for handler in (logging.StreamHandler(), logging.FileHandler("floor.log", encoding="utf-8")):
    handler.setFormatter(layout)
    log.addHandler(handler)

def begins(stage, record):
    log.info("stage %s: record %s runs", stage, record)

def ended(stage, record, seconds):
    log.info("stage %s: record %s executed in %.3f s", stage, record, seconds)
"""
_FLOOR_LOGGED += _FLOOR.replace(
    "        wall, cpu",
    "        begins(function.__name__, state['x'])\n        wall, cpu",
).replace(
    "        history.append",
    "        ended(function.__name__, state['x'], seconds[0])\n        history.append",
)


def scenarios() -> list[Scenario]:
    """Return the cost of a call and of a record, in microseconds."""
    per_call = "result = (called - made) / {count} / 3 * 1e6"
    per_record = "result = (made - started) / {count} * 1e6"
    found = [
        Scenario(
            "one stage call of 3 x 1000, logged",
            (_LOGGED + per_call).format(count=1000),
            (_FLOOR_LOGGED + per_call).format(count=1000),
            "us",
            at_most=1.2,
        )
    ]
    for count in (300, 1000, 3000, 10000):
        found.append(
            Scenario(
                f"one stage call of 3 x {count}",
                (_SETUP + per_call).format(count=count),
                (_FLOOR + per_call).format(count=count),
                "us",
                peers={"hamilton": (peers.CALLS + per_call).format(count=count)},
                at_most=5,
                series="stage calls",
                size=count,
                per_item=True,
            )
        )
        found.append(
            Scenario(
                f"one of {count} records",
                (_SETUP + per_record).format(count=count),
                unit="us",
                series="records",
                size=count,
                per_item=True,
                below=50,
            )
        )
    return found
