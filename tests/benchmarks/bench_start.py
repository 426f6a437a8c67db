"""What the commands cost that should answer at once, from the start of the process to its end."""

from collections.abc import Mapping

import peers
from declaring import plain_declarations
from measuring import Scenario, at_sizes

_FILES = 100
"""How many experiments there are, and as many parameter files."""
_PROLOGUE = """
import os, subprocess

SOURCE = '''{docstring}

from dataclasses import dataclass

import curifactory as cf
from curifactory.caching import JsonCacher


@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1


def get_params():
    return [Params(name="one")]


@cf.stage(None, ["a"], [JsonCacher])
def make(record):
    return [record.params.x] * 10


@cf.stage(["a"], ["b"], [JsonCacher])
def total(record, a):
    return sum(a)


def run(param_sets, manager):
    for param_set in param_sets:
        total(make(cf.Record(manager, param_set)))
'''

for folder, count in (("experiments", {experiments}), ("params", {params})):
    os.makedirs(folder)
    for number in range(count):
        with open(f"{{folder}}/work{{number}}.py", "w") as file:
            file.write(SOURCE)

def cost(*command, **environment):
    environment = {{**os.environ, **environment}}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have byte code, and so must the floor
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3

def experiment(*words, **environment):
    script = os.path.join(os.path.dirname(sys.executable), "experiment")
    return cost(script, *words, **environment)

def python(code):
    return cost(sys.executable, "-c", code)

"""
_PARSE = """
result = python('''
import argparse, ast, os
for folder in ("experiments", "params"):
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            ast.parse(file.read())
''')
"""
_LIST = "result = experiment('ls')"
_COMPLETE = """
result = experiment(
    _ARGCOMPLETE="1", _ARGCOMPLETE_STDOUT_FILENAME="answer", COMP_LINE="{line}"
)
assert "work1" in open("answer").read()
"""
# argparse with the same options, that prints the same text
_HELP = """
with open("options.py", "w") as file:
    file.write({declarations!r})
result = python("import options; print(options.make_parser().format_help(), end='')")
"""
_AGAIN = """
result = experiment("work0", "--no-report")
"""
_IMPORT = "result = python('import experiments.work0')"


def scenarios() -> list[Scenario]:
    """Return milliseconds of CPU time, the interpreter's start included."""
    described = '"""What it is about."""'

    def scenario(
        name: str,
        ours: str,
        floor: str,
        at_most: float,
        *,
        count: int = _FILES,
        params: int = _FILES,
        others: Mapping[str, str] | None = None,
    ) -> Scenario:
        prologue = _PROLOGUE.format(docstring=described, experiments=count, params=params)
        return Scenario(
            name, prologue + ours, prologue + floor, peers=others or {}, at_most=at_most
        )

    def project(files: int) -> str:
        return _PROLOGUE.format(docstring=described, experiments=files // 2, params=files // 2)

    sizes = (30, 100, 300, 1000)
    line = "experiment work0 -p wor"
    few = _FILES // 2
    return [
        scenario(
            "experiment --help",
            "result = experiment('--help')",
            _HELP.format(declarations=plain_declarations()),
            1.3,
            others=peers.HELP,
        ),
        scenario(
            f"experiment ls, {2 * few} files",
            _LIST,
            _PARSE,
            1.5,
            count=few,
            params=few,
            others=peers.LISTS,
        ),
        scenario(f"experiment ls, {2 * _FILES} files", _LIST, _PARSE, 1.5),
        scenario(
            f"completing an experiment, {2 * _FILES} files",
            _COMPLETE.format(line="experiment wor"),
            _PARSE,
            1.3,
        ),
        scenario(
            f"completing a parameter file, {2 * _FILES} files",
            _COMPLETE.format(line=line),
            _PARSE,
            1.3,
        ),
        scenario("one cached stage again", _AGAIN, _IMPORT, 2, count=1, params=0),
        *at_sizes("experiment ls, files", sizes, lambda count: project(count) + _LIST),
        *at_sizes(
            "completing an experiment, files",
            sizes,
            lambda count: project(count) + _COMPLETE.format(line="experiment wor"),
        ),
    ]
