"""Random edits of random projects: the map is what happens, and results are right."""

import json
import random
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.experiment import RunOptions, run

if TYPE_CHECKING:
    from tests.cli.conftest import Project

PROJECTS, EDITS = 30, 10
MODULES = ("m0", "m1", "m2")
Call = tuple[str, str]
"""A stage and the hash of its record."""


@dataclass
class Helper:
    """A function, or a class with a method, in one of the modules."""

    module: str
    calls: list[str]
    constant: str
    added: int = 0
    is_class: bool = False
    is_lazy: bool = False
    """Whether what it calls is imported inside it."""
    remark: int = 0

    def text(self, name: str, where: dict[str, str]) -> str:
        imports = [f"        from parts.{where[call]} import {call}" for call in self.calls]
        called = [f"        x = {call}(x)" for call in self.calls]
        body = [f'        """Remark {self.remark}."""', *(imports if self.is_lazy else []), *called]
        body.append(f"        return x * consts.{self.constant} + {self.added}")
        if self.is_class:
            lines = [f"class {name}_type:", "    def apply(self, x):", *body, f"{name} = "]
            return "\n".join([*lines[:-1], f"def {name}(x):", f"    return {name}_type().apply(x)"])
        return "\n".join([f"def {name}(x):", *(line[4:] for line in body)])


@dataclass
class Stage:
    inputs: list[str]
    helpers: list[str]
    cached: bool
    added: int = 0
    remark: int = 0

    def text(self, name: str) -> str:
        cachers = "[JsonCacher]" if self.cached else "None"
        terms = [*self.inputs, *(f"{helper}(record.params.x)" for helper in self.helpers)]
        names = ", ".join(["record", *self.inputs])
        return (
            f"@cf.stage({self.inputs}, ['{name}'], {cachers})\n"
            f"def make_{name}({names}):\n"
            f"    # remark {self.remark}\n"
            f"    note(record, '{name}')\n"
            f"    return ({' + '.join([*terms, str(self.added)])}) % 4\n"
        )


@dataclass
class Program:
    """A project that is generated, and edited piece by piece."""

    choose: random.Random
    constants: dict[str, int] = field(default_factory=dict)
    helpers: dict[str, Helper] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)

    def grow(self) -> None:
        choose = self.choose
        self.constants = {f"C{number}": choose.randrange(4) for number in range(4)}
        for number in range(7):
            earlier = list(self.helpers)
            calls = choose.sample(earlier, min(len(earlier), choose.randrange(3)))
            helper = Helper(choose.choice(MODULES), calls, choose.choice(list(self.constants)))
            helper.is_class, helper.is_lazy = choose.random() < 0.3, choose.random() < 0.3
            self.helpers[f"h{number}"] = helper
        for number in range(6):
            earlier = list(self.stages)
            inputs = choose.sample(earlier, min(len(earlier), choose.randrange(3)))
            helpers = choose.sample(list(self.helpers), choose.randrange(1, 3))
            self.stages[f"s{number}"] = Stage(inputs, helpers, cached=choose.random() < 0.7)

    def write(self, root: Path) -> None:
        where = {name: helper.module for name, helper in self.helpers.items()}
        (root / "parts").mkdir(exist_ok=True)
        (root / "parts" / "consts.py").write_text(
            "".join(f"{name} = {value}\n" for name, value in self.constants.items())
        )
        for module in MODULES:
            own = {name: each for name, each in self.helpers.items() if each.module == module}
            lines = ["from parts import consts"]
            texts = [each.text(name, where) for name, each in own.items()]
            wanted = {c for each in own.values() if not each.is_lazy for c in each.calls}
            # after the functions, since modules import from each other in circles
            late = [f"from parts.{where[c]} import {c}" for c in sorted(wanted - own.keys())]
            text = "\n\n".join([*lines, *texts, *late])
            (root / "parts" / f"{module}.py").write_text(text + "\n")
        used = sorted({helper for stage in self.stages.values() for helper in stage.helpers})
        text = "\n".join(
            [
                "from dataclasses import dataclass",
                "import curifactory as cf",
                "from curifactory.caching import JsonCacher",
                "import parts.m0, parts.m1, parts.m2",
                *(f"from parts.{where[name]} import {name}" for name in used),
                _PROLOGUE,
                *(stage.text(name) for name, stage in self.stages.items()),
                "def run(param_sets, manager):",
                "    for each in param_sets:",
                "        record = cf.Record(manager, each)",
                *(f"        make_{name}(record)" for name in self.stages),
                "    collect(cf.Record(manager, None), manager.records[:2])\n",
            ]
        )
        (root / "experiments" / "gen.py").write_text(text)

    def reached(self, thing: str) -> set[str]:
        """Return the stages whose code reaches a constant, helper or stage."""
        return {name for name in self.stages if thing in self._reach(name)}

    def _reach(self, stage: str) -> set[str]:
        found, waiting = {stage}, list(self.stages[stage].helpers)
        while waiting:
            name = waiting.pop()
            found |= {name, self.helpers[name].constant}
            waiting += self.helpers[name].calls
        return found

    def edit(self, cache: Path) -> set[str]:
        """Edit something, and return whose code has changed."""
        choose = self.choose
        kind = choose.choice(("constant", "helper", "stage", "remark", "move", "remove", "forget"))
        if kind == "constant":
            name = choose.choice(list(self.constants))
            self.constants[name] += choose.randrange(1, 4)
            return {name}
        if kind == "helper":
            name = choose.choice(list(self.helpers))
            self.helpers[name].added += choose.randrange(1, 9)
            return {name}
        if kind == "stage":
            name = choose.choice(list(self.stages))
            self.stages[name].added += choose.randrange(1, 9)
            return {name}
        if kind == "remark":
            pieces: list[Helper | Stage] = [*self.helpers.values(), *self.stages.values()]
            choose.choice(pieces).remark += 1
            return set()
        if kind == "move":
            return self._move(choose.choice(list(self.helpers)), choose.choice(MODULES))
        artifacts = sorted(path for path in cache.glob("*.json") if "_metadata" not in path.name)
        victim = choose.choice(artifacts)
        victim.unlink()
        if kind == "forget":
            Path(f"{str(victim)[:-5]}_metadata.json").unlink()
        return set()

    def _move(self, name: str, module: str) -> set[str]:
        """Move a helper; only an import inside a function is part of that function's code."""
        if self.helpers[name].module == module:
            return set()
        self.helpers[name].module = module
        return {
            other for other, each in self.helpers.items() if each.is_lazy and name in each.calls
        }

    def sources(self, name: str) -> set[str]:
        """Return the stored stages whose results a stage is computed from."""
        found: set[str] = set()
        for each in self.stages[name].inputs if name in self.stages else ["s5"]:
            found |= {each} if self.stages[each].cached else self.sources(each)
        return found


_PROLOGUE = """
@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1

def get_params():
    return [Params(name="one", x=1), Params(name="two", x=2)]

def note(record, stage):
    with open("executed.txt", "a") as file:
        print(stage, record.get_hash(), file=file)

@cf.aggregate(["s5"], ["total"], [JsonCacher])
def collect(record, records, s5):
    note(record, "total")
    return list(s5.values())
"""


class Runner:
    """Runs the project by the command line."""

    def __init__(self, project: "Project") -> None:
        self.project = project
        self.cache = project.root / "data" / "cache"

    def run(self, *words: str) -> str:
        self.forget_modules()
        outcome = self.project.run("gen", "--on-stale", "rerun", *words)
        assert (outcome.err, outcome.code) == ("", 0)
        return outcome.out

    def plan(self) -> dict[Call, dict[str, Any]]:
        records = json.loads(self.run("--map", "--json"))["records"]
        return {
            (stage["outputs"][0]["name"], record["hash"]): stage
            for record in records
            for stage in record["stages"]
        }

    def execute(self) -> set[Call]:
        self.run("--no-report")
        lines = self.project.executed()
        assert len(lines) == len(set(lines)), "a stage ran twice"
        return {(stage, hash_) for stage, hash_ in map(str.split, lines)}

    def artifacts(self, folder: Path) -> dict[str, str]:
        return {
            path.name: path.read_text()
            for path in folder.glob("*.json")
            if not path.name.endswith("_metadata.json")
        }

    def from_scratch(self) -> dict[str, str]:
        self.forget_modules()
        result = run(RunOptions(experiment="gen", cache="scratch", report=False, log=False))
        assert result.error is None
        self.project.executed()
        found = self.artifacts(self.project.root / "scratch")
        shutil.rmtree(self.project.root / "scratch")
        return found

    @staticmethod
    def forget_modules() -> None:
        for name in [
            name for name in sys.modules if name.split(".")[0] in {"experiments", "parts"}
        ]:
            del sys.modules[name]

    def inputs_of(self, program: Program, call: Call) -> list[str]:
        """Return the content of what a stage is computed from, as it is in the cache now."""
        names = sorted(program.sources(call[0]))
        hash_ = "*" if call[0] == "total" else call[1]
        paths = [sorted(self.cache.glob(f"gen_{hash_}_make_{name}_{name}.json")) for name in names]
        return [path.read_text() for found in paths for path in found]


def check_causes(program: Program, plan: dict[Call, dict[str, Any]], edited: set[str]) -> None:
    """Check that causes name what was edited, and nothing else."""
    names = {f"{before}{name}{after}" for name in edited for before, after in _VARIANTS}
    reached = {stage for name in edited for stage in program.reached(name)}
    for (name, _), stage in plan.items():
        subjects = [each["subject"] for each in stage["causes"] if each["kind"] == "code_changed"]
        assert {subject.rpartition(".")[2] for subject in subjects} <= names
        if name in reached and all(output["cached"] for output in stage["outputs"]):
            assert (stage["action"], stage["only_if_changed"]) == ("run", False), name
            assert subjects, name


_VARIANTS = [("", ""), ("", "_type"), ("make_", "")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PROJECTS))
def test_the_map_is_what_happens_and_results_are_those_of_an_empty_cache(
    seed: int, project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # there is no git to ask, which would take most of the time
    program, runner = Program(random.Random(seed)), Runner(project)
    program.grow()
    program.write(project.root)
    computed_from = {call: runner.inputs_of(program, call) for call in runner.execute()}
    for _ in range(EDITS):
        edited = program.edit(runner.cache)
        program.write(project.root)

        plan = runner.plan()
        executed = runner.execute()

        sure = {key for key, each in plan.items() if each["action"] == "run"}
        perhaps = {key for key in sure if plan[key]["only_if_changed"]}
        assert sure - perhaps <= executed <= sure
        check_causes(program, plan, edited)
        now = {call: runner.inputs_of(program, call) for call in plan}
        for call in perhaps:
            if all(output["cached"] for output in plan[call]["outputs"]):
                assert (call in executed) == (now[call] != computed_from[call]), call
        computed_from |= {call: now[call] for call in executed}
        artifacts, scratch = runner.artifacts(runner.cache), runner.from_scratch()
        assert artifacts == {name: scratch[name] for name in artifacts}
    unstored = {name for name, stage in program.stages.items() if not stage.cached}
    assert {name for name, _ in runner.execute()} <= unstored
