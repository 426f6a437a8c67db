"""Random experiments: a plan and the linear mode come to the same artifacts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from curifactory import ArtifactManager, ExperimentParameters, Record, aggregate, stage
from curifactory.calls import StageCall
from curifactory.mapping import Map, RunPlan
from curifactory.planning import Action
from curifactory.protocols import Cacher, RunHook

EXAMPLES = 60
NAMES = ("a", "b", "c", "d")
Step = tuple[Any, ...]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


@dataclass(frozen=True)
class Declared:
    """A stage or an aggregate, as it is drawn."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    cached: bool
    over_records: bool


@dataclass(frozen=True)
class Experiment:
    """Stages, and the steps that use them."""

    stages: tuple[Declared, ...]
    steps: tuple[Step, ...]


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    names = st.sets(st.sampled_from(NAMES), max_size=2).map(lambda found: tuple(sorted(found)))
    kinds = [f"stage_{place}" for place in range(4)] + ["aggregate_0", "aggregate_1"]
    stages = tuple(
        Declared(kind, draw(names), draw(names), draw(st.booleans()), kind.startswith("agg"))
        for kind in kinds
    )
    steps: list[Step] = [("new", draw(st.integers(0, 2)))]
    for _ in range(draw(st.integers(1, 12))):
        there = st.integers(0, sum(step[0] != "stage" for step in steps) - 1)
        kind = draw(st.sampled_from(["new", "copy", "aggregate", *["stage"] * 5]))
        if kind == "new":
            steps.append((kind, draw(st.integers(0, 2))))
        elif kind == "copy":
            steps.append((kind, draw(there), draw(st.none() | st.integers(0, 2))))
        elif kind == "aggregate":
            over = draw(st.lists(there, max_size=3, unique=True))
            steps.append((kind, draw(st.sampled_from(stages[4:])), over))
        else:
            steps.append((kind, draw(st.sampled_from(stages[:4])), draw(there)))
    return Experiment(stages, tuple(steps))


def digest(*parts: object) -> str:
    return md5(repr(parts).encode(), usedforsecurity=False).hexdigest()


def decorated(declared: Declared, cacher: type[Cacher]) -> Callable[..., Record]:
    """Return a stage whose outputs tell all that they were computed from."""

    def values(record: Record, *read: object) -> tuple[str, ...]:
        own = None if record.params is None else record.params.value
        return tuple(digest(declared.name, name, own, *read) for name in declared.outputs)

    def one(
        record: Record, a: object = None, b: object = None, c: object = None, d: object = None
    ) -> tuple[str, ...]:
        return values(record, a, b, c, d)

    def several(
        record: Record,
        records: list[Record],
        a: dict[Record, object] | None = None,
        b: dict[Record, object] | None = None,
        c: dict[Record, object] | None = None,
        d: dict[Record, object] | None = None,
    ) -> tuple[str, ...]:
        read = [None if given is None else list(given.values()) for given in (a, b, c, d)]
        if not declared.inputs:
            read.append([sorted(each.state.items()) for each in records])
        return values(record, *read)

    function: Callable[..., Any] = several if declared.over_records else one
    function.__name__ = function.__qualname__ = declared.name
    cachers = [cacher] * len(declared.outputs) if declared.cached and declared.outputs else None
    if declared.over_records:
        return aggregate(declared.inputs, declared.outputs, cachers)(function)
    return stage(declared.inputs, declared.outputs, cachers, suppress_missing_inputs=True)(function)


class Executions(RunHook):
    """The calls whose functions were called."""

    def __init__(self) -> None:
        self.calls: list[StageCall] = []

    def stage_started(self, call: StageCall) -> None:
        self.calls.append(call)


class Session:
    """A manager for an experiment, with a cache in ``folder``."""

    def __init__(self, experiment: Experiment, cacher: type[Cacher], folder: str) -> None:
        self.experiment = experiment
        self.stages = {each: decorated(each, cacher) for each in experiment.stages}
        self.executions = Executions()
        self.manager = ArtifactManager(
            "random",
            cache_path=folder,
            manager_cache_path=folder,
            status_override=None,
            hooks=[self.executions],
        )

    def call_stages(self) -> list[Record]:
        records: list[Record] = []
        for kind, *step in self.experiment.steps:
            if kind == "new":
                records.append(Record(self.manager, Params(value=step[0])))
            elif kind == "copy":
                given = None if step[1] is None else Params(value=step[1])
                records.append(records[step[0]].make_copy(given))
            elif kind == "aggregate":
                record = Record(self.manager, None)
                records.append(self.stages[step[0]](record, [records[place] for place in step[1]]))
            else:
                self.stages[step[0]](records[step[1]])
        return records

    def run_planned(self) -> list[Record]:
        with Map() as self.manager.mapping:
            self.call_stages()
            plan = RunPlan(self.manager.mapping, self.manager.on_stale)
        self.manager.mapping = None
        self.manager.plan = plan
        self.manager.start_over()
        records = self.call_stages()

        keys = [call.key for call in self.executions.calls]
        planned = [call.key for call, decision in plan.calls() if decision.action is Action.RUN]
        assert keys == planned
        return records


def states(records: list[Record]) -> list[dict[str, Any]]:
    return [dict(record.state) for record in records]


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


@given(experiment=experiments(), data=st.data())
@settings(max_examples=EXAMPLES)
def test_a_plan_comes_to_what_the_linear_mode_does(
    experiment: Experiment, data: st.DataObject, cacher: type[Cacher]
) -> None:
    with TemporaryDirectory() as linear, TemporaryDirectory() as planned:
        expected = states(Session(experiment, cacher, linear).call_stages())
        records = Session(experiment, cacher, planned).run_planned()
        assert files(planned) == files(linear)
        assert states(records) == expected

        for name in data.draw(st.sets(st.sampled_from(sorted(files(planned)) or [""]))):
            if name:
                os.unlink(os.path.join(planned, name))
        again = Session(experiment, cacher, planned).run_planned()
        assert states(again) == expected
        assert files(planned).items() <= files(linear).items()


@given(experiment=experiments())
@settings(max_examples=EXAMPLES // 2)
def test_a_second_plan_executes_only_what_is_in_no_cache(
    experiment: Experiment, cacher: type[Cacher]
) -> None:
    with TemporaryDirectory() as folder:
        Session(experiment, cacher, folder).run_planned()
        second = Session(experiment, cacher, folder)
        second.run_planned()

    assert not [call for call in second.executions.calls if call.cachers]
