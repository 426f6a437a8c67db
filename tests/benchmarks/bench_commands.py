"""Whole commands, from the start of the process to its end, with their interpreter."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import peers
from declaring import plain_declarations
from measuring import Scenario, at_sizes

_STAGES = 5
_MAP_STAGES = 3
_PROJECT = """
import os, subprocess

os.makedirs("experiments")
stages = "\\n\\n".join(
    f'''@cf.stage({{[f"v{{i - 1}}"] if i else None!r}}, ["v{{i}}"], [JsonCacher])
def stage{{i}}(record{{f", v{{i - 1}}" if i else ""}}):
    return record.params.x + {{i}}'''
    for i in range({stages})
)
with open("experiments/work.py", "w") as file:
    file.write(f'''from dataclasses import dataclass

import curifactory as cf
from curifactory.caching import JsonCacher


@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1


def get_params():
    return [Params(name=str(x), x=x) for x in range({sets})]


{{stages}}


@cf.aggregate(["v{last}"], ["total"], [JsonCacher])
def total(record, records, v{last}):
    return sum(v{last}.values())


def run(param_sets, manager):
    for param_set in param_sets:
        record = cf.Record(manager, param_set)
        for stage in ({{", ".join(f"stage{{i}}" for i in range({stages}))}}, ):
            stage(record)
    total(cf.Record(manager, None))
''')

def use(*words):
    started = subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), "experiment"), *words],
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode == 0
    return used

def command(*words):
    used = use(*words)
    return (used.ru_utime + used.ru_stime) * 1e3

"""
# The least that tells that nothing is to be done: the set's hash and a look at each output.
_FLOOR = """
import os, subprocess
os.makedirs("cache")
for x in range({sets}):
    for i in range({stages}):
        open(f"cache/work_{{x}}_stage{{i}}_v{{i}}.json", "w").write("1")

program = '''
import argparse, dataclasses, hashlib, inspect, json, logging, os
names = set(os.listdir("cache"))
for x in range({sets}):
    key = f"{{int(hashlib.md5(f'x{{x}}'.encode()).hexdigest(), 16):x}}"
    for i in range({stages}):
        assert f"work_{{x}}_stage{{i}}_v{{i}}.json" in names
'''
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run([sys.executable, "-c", program], check=True)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
result = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
"""
# The same done by a plain program: least.py.
_LEAST = """
import os, subprocess
os.makedirs("experiments")
for name, source in {files!r}.items():
    with open(name, "w") as file:
        file.write(source)

def command(*words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = [sys.executable, "-c", "import least; least.main()", *words]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3

subprocess.run([sys.executable, "-c", "import least"], check=True)  # compiled as ours is
"""
_LEAST_EXPERIMENT = """
from dataclasses import dataclass


@dataclass
class Params:
    name: str
    x: int = 1


def get_params():
    return [Params(name=str(x), x=x) for x in range(4)]


def stage0(params):
    return params.x + 0


def stage1(params, v0):
    return params.x + 1


def total(params, *v1):
    return sum(v1)


STAGES = [("v0", stage0), ("v1", stage1)]
"""
# A plain program that prints the same: plain_map.py.
_MAP_FLOOR = """
import os, subprocess
with open("plain_map.py", "w") as file:
    file.write({source!r})

program = [sys.executable, "-c", "import plain_map; plain_map.main()", "{sets}", "{stages}"]
subprocess.run([sys.executable, "-c", "import plain_map"], check=True)  # compiled as ours is
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
result = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
"""
_SAME_MAP = """
ours = os.path.join(os.path.dirname(sys.executable), "experiment")
with open("plain_map.py", "w") as file:
    file.write({source!r})
shown = [
    subprocess.run(words, check=True, capture_output=True).stdout
    for words in ([ours, "work", "--map"], [sys.executable, "plain_map.py", "{sets}", "{stages}"])
]
assert shown[0] == shown[1], "the floor prints another map"
"""
# What a plain program does that takes the same care: plain_rerun.py.
_CARE = """
import subprocess
with open("plain_rerun.py", "w") as file:
    file.write({source!r})

program = [sys.executable, "-c", "import plain_rerun; plain_rerun.main()", "{sets}", "{stages}"]
subprocess.run([*program, "--store"], check=True)
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
result = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
"""
_JOBLIB = """
import os, subprocess
with open("work.py", "w") as file:
    file.write('''
import joblib
memory = joblib.Memory("cache", verbose=0)

def stage(x, i, before):
    return x + i

cached = memory.cache(stage)
total = []
for x in range({sets}):
    value = None
    for i in range({stages}):
        value = cached(x, i, value)
    total.append(value)
''')
subprocess.run([sys.executable, "work.py"], check=True)
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run([sys.executable, "work.py"], check=True)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
result = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
"""
_PLAIN_RERUN = Path(__file__).with_name("plain_rerun.py").read_text(encoding="utf-8")
_PLAIN_MAP = Path(__file__).with_name("plain_map.py").read_text(encoding="utf-8")
_FIRST = "result = command('work', '--no-report')"
_AGAIN = "command('work', '--no-report')\n" + _FIRST
_MAP = "result = command('work', '--map')"
_MAP_PEAK = "result = use('work', '--map').ru_maxrss / 1024"
_PEAK = "command('work', '--no-report')\nresult = use('work', '--no-report').ru_maxrss / 1024"


def _scenario(
    name: str, measured: str, sets: int, stages: int, *, floor: str = _FLOOR, **goal: Any
) -> Scenario:
    sizes = {"sets": sets, "stages": stages, "last": stages - 1}
    return Scenario(
        name,
        _PROJECT.format(**sizes) + measured,
        floor.format(**sizes, source=_PLAIN_MAP) if "at_most" in goal else None,
        **goal,
    )


def _tiny(name: str, measured: str, at_most: float, others: Mapping[str, str]) -> Scenario:
    """Return a scenario of 4 parameter sets and 2 stages."""
    files = {
        "least.py": Path(__file__).with_name("least.py").read_text(encoding="utf-8"),
        "options.py": plain_declarations(),
        "experiments/work.py": _LEAST_EXPERIMENT,
    }
    ours = _PROJECT.format(sets=4, stages=2, last=1) + measured
    floor = _LEAST.format(files=files) + measured
    return Scenario(name, ours, floor, peers=others, at_most=at_most)


def scenarios() -> list[Scenario]:
    """Return milliseconds of CPU time, and megabytes."""
    found = [
        _tiny("a tiny run, 4 sets x 2 stages", _FIRST, 1.6, peers.RUN),
        _tiny("a tiny run again", _AGAIN, 1.6, peers.RERUN),
        _tiny("a tiny run's map", _MAP, 1.3, peers.MAP),
    ]
    for sets, at_most in ((50, None), (200, 3.5), (1000, 5.5), (3000, None), (10000, None)):
        joblib = {"joblib": _JOBLIB.format(sets=sets, stages=_STAGES)}
        goal: dict[str, Any] = {} if at_most is None else {"at_most": at_most, "peers": joblib}
        found.append(
            _scenario(
                f"everything cached again, {sets} x {_STAGES} + 1",
                _AGAIN,
                sets,
                _STAGES,
                series="everything cached again",
                size=sets,
                most_rounds=1 if sets > 3000 else None,
                **goal,
            )
        )
    found.append(
        Scenario(
            f"everything cached again, and a floor of equal care, 1000 x {_STAGES} + 1",
            _PROJECT.format(sets=1000, stages=_STAGES, last=_STAGES - 1) + _AGAIN,
            _CARE.format(source=_PLAIN_RERUN, sets=1000, stages=_STAGES),
        )
    )
    found.append(
        _scenario("its peak memory, 1000 x 5 + 1", _PEAK, 1000, _STAGES, unit="MB", below=55)
    )
    for sets, at_most in ((10, None), (100, None), (1000, None), (10000, 2.6)):
        goal = {"series": "a map that is shown", "size": sets}
        measured = _MAP
        if at_most is not None:
            goal |= {"at_most": at_most, "floor": _MAP_FLOOR}
            measured += _SAME_MAP.format(source=_PLAIN_MAP, sets=sets, stages=_MAP_STAGES)
        name = f"a map that is shown, {sets} x {_MAP_STAGES} + 1"
        found.append(_scenario(name, measured, sets, _MAP_STAGES, **goal))
    found.append(
        _scenario("its peak memory, 10000 x 3 + 1", _MAP_PEAK, 10000, _MAP_STAGES, unit="MB")
    )
    found += at_sizes(
        "peak memory of everything cached again, x 5 + 1",
        (50, 200, 1000, 3000),
        lambda sets: _PROJECT.format(sets=sets, stages=_STAGES, last=_STAGES - 1) + _PEAK,
        unit="MB",
        most_rounds=1,
    )
    return found
