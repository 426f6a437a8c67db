"""Runs with a map: the plan's decisions hold, and results equal those of linear runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, aggregate, stage
from curifactory.causes import CauseKind
from curifactory.config import OnStale
from curifactory.protocols import Cacher

RunPlanned = Callable[..., ArtifactManager]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


class Chain:
    """Stages A, B and C that each add one, with cachers; and what ran."""

    def __init__(self, cacher: type[Cacher]) -> None:
        self.ran: list[str] = []
        self.values = [1]

        @stage(outputs=["a"], cachers=[cacher])
        def make_a(record: Record) -> int:
            self.ran.append("A")
            return int(record.params.value)

        @stage(inputs=["a"], outputs=["b"], cachers=[cacher])
        def make_b(record: Record, a: int) -> int:
            self.ran.append("B")
            return a + 1

        @stage(inputs=["b"], outputs=["c"], cachers=[cacher])
        def make_c(record: Record, b: int) -> int:
            self.ran.append("C")
            return b + 1

        self.stages = {"A": make_a, "B": make_b, "C": make_c}

    def __call__(self, manager: ArtifactManager) -> list[Record]:
        self.ran.clear()
        self.records = []
        for value in self.values:
            record = Record(manager, Params(value=value))
            for make in self.stages.values():
                make(record)
            self.records.append(record)
        return self.records

    def path(self, name: str) -> Path:
        """Return the path of an artifact of the first record."""
        call = self.records[0].calls["abc".index(name)]
        return Path(call.outputs[0].path or "")

    def statuses(self) -> list[str]:
        return [call.status.value for call in self.records[0].calls]


@pytest.fixture
def chain(cacher: type[Cacher]) -> Chain:
    return Chain(cacher)


def test_everything_runs_once_in_an_empty_project(chain: Chain, run_planned: RunPlanned) -> None:
    run_planned(chain)

    assert chain.ran == ["A", "B", "C"]
    assert chain.records[0].state["c"] == 3


def test_nothing_runs_or_is_loaded_when_everything_is_cached(
    chain: Chain, run_planned: RunPlanned
) -> None:
    run_planned(chain)
    run_planned(chain)

    assert chain.ran == []
    assert chain.statuses() == ["skipped", "skipped", "skipped"]
    assert chain.records[0].output == 3


@pytest.mark.parametrize(
    ("missing", "ran"),
    [("a", ""), ("b", ""), ("c", "C"), ("ab", ""), ("bc", "BC"), ("ac", "C"), ("abc", "ABC")],
)
def test_only_what_is_needed_runs(
    chain: Chain, run_planned: RunPlanned, missing: str, ran: str
) -> None:
    run_planned(chain)
    for name in missing:
        chain.path(name).unlink()

    run_planned(chain)

    assert "".join(chain.ran) == ran
    assert chain.records[0].output == 3


@pytest.mark.parametrize(
    ("on_stale", "ran"), [(OnStale.RERUN, "BC"), (OnStale.WARN, "B"), (OnStale.IGNORE, "B")]
)
def test_forcing_a_stage(
    chain: Chain, run_planned: RunPlanned, on_stale: OnStale, ran: str
) -> None:
    run_planned(chain)

    run_planned(chain, on_stale, overwrite_stages=("make_b",))

    assert "".join(chain.ran) == ran


@pytest.mark.parametrize("name", "abc")
def test_a_damaged_artifact_is_computed_again_in_the_middle_of_a_run(
    chain: Chain, run_planned: RunPlanned, name: str
) -> None:
    run_planned(chain)
    chain.path(name).write_bytes(b"damaged")

    run_planned(chain)

    assert {key: chain.records[0].state[key] for key in "abc"} == {"a": 1, "b": 2, "c": 3}
    assert chain.ran == [name.upper()]


def test_a_damaged_artifact_is_computed_again_although_its_inputs_were_skipped(
    chain: Chain, run_planned: RunPlanned
) -> None:
    run_planned(chain)
    chain.path("a").unlink()
    chain.path("b").write_bytes(b"damaged")
    chain.path("c").unlink()

    run_planned(chain)

    assert chain.records[0].state["c"] == 3
    assert chain.ran == ["A", "B", "C"]
    assert chain.path("a").exists()


def test_a_damaged_input_of_several_records_is_computed_once(
    cacher: type[Cacher], run_planned: RunPlanned
) -> None:
    ran: list[str] = []

    @stage(outputs=["data"], cachers=[cacher])
    def load(record: Record) -> list[int]:
        ran.append("load")
        return [1, 2]

    @stage(inputs=["data"], outputs=["result"])
    def use(record: Record, data: list[int]) -> int:
        return sum(data) * int(record.params.value)

    def run(manager: ArtifactManager) -> None:
        ran.clear()
        data = load(Record(manager, None))
        for value in (1, 2):
            use(data.make_copy(Params(value=value)))

    first = run_planned(run)
    Path(first.artifacts[0].path or "").write_bytes(b"damaged")
    second = run_planned(run)

    assert [record.state["result"] for record in second.records[1:]] == [3, 6]
    assert ran == ["load"]


def test_a_skipped_value_can_be_read_after_the_run(chain: Chain, run_planned: RunPlanned) -> None:
    run_planned(chain)
    chain.path("b").unlink()
    run_planned(chain)

    assert chain.ran == []
    assert chain.records[0].state["b"] == 2
    assert chain.ran == ["B"]


@pytest.fixture
def keep(cacher: type[Cacher]) -> Callable[[Record], Record]:
    """A stage that captures nothing."""

    @stage(outputs=["kept"], cachers=[cacher])
    def keep(record: Record) -> int:
        return 2

    return keep


def test_what_was_taken_from_the_map_is_what_the_run_made_of_it(
    keep: Callable[[Record], Record], run_planned: RunPlanned
) -> None:
    taken: list[Any] = []

    def run(manager: ArtifactManager) -> None:
        taken.append(keep(Record(manager, Params())).state.artifacts["kept"])

    manager = run_planned(run)
    (record,) = manager.records

    assert taken[0].fetch() == record.state["kept"] == 2
    assert taken[0].call is taken[1].call is record.calls[0]
    assert [artifact.index for artifact in manager.artifacts] == [0]


def test_artifacts_of_the_map_are_not_taken_where_cachers_have_become_others(
    keep: Callable[[Record], Record], new_manager: Callable[..., ArtifactManager]
) -> None:
    manager = new_manager()
    manager.map_mode = True
    mapped = keep(Record(manager, Params())).calls[0]
    manager.map_records()
    outputs = manager.output_cachers(mapped.spec)
    key = (mapped.spec, manager.lazy, manager.ignore_lazy)
    manager._output_cachers[key] = ((outputs[0][0], None),)
    call = keep(Record(manager, Params())).calls[0]

    assert mapped.outputs[0].is_stored
    assert not call.outputs[0].is_stored
    assert call.record.state["kept"] == 2


@pytest.mark.parametrize("given", ["by hand", "by a stage"])
def test_an_output_that_replaces_an_input_can_be_read_after_it_was_skipped(
    cacher: type[Cacher], run_planned: RunPlanned, given: str
) -> None:
    @stage(outputs=["number"])
    def make(record: Record) -> int:
        return 5

    @stage(inputs=["number"], outputs=["number"])
    def double(record: Record, number: int) -> int:
        return 2 * number

    @stage(inputs=["number"], outputs=["result"], cachers=[cacher])
    def finish(record: Record, number: int) -> int:
        return number + 1

    def run(manager: ArtifactManager) -> None:
        record = Record(manager, Params())
        if given == "by hand":
            record.state["number"] = 5
        else:
            make(record)
        finish(double(double(record)))

    run_planned(run)
    record = run_planned(run).records[0]

    assert record.state["result"] == 21
    assert record.state["number"] == 20


RAN: list[int] = []


@pytest.mark.parametrize("with_cache_part", [True, False])
def test_the_same_stage_twice_in_one_record(
    cacher: type[Cacher],
    run_planned: RunPlanned,
    monkeypatch: pytest.MonkeyPatch,
    *,
    with_cache_part: bool,
) -> None:
    if not with_cache_part:
        monkeypatch.setattr("curifactory.reportables.find", lambda group, name: None)

    @stage(inputs=["number"], outputs=["number"], cachers=[cacher])
    def double(record: Record, number: int) -> int:
        RAN.append(number)
        return 2 * number

    RAN.clear()

    def run(manager: ArtifactManager) -> None:
        record = Record(manager, Params())
        record.state["number"] = 5
        double(double(record))

    results = [run_planned(run).records[0].state["number"] for _ in range(2)]

    assert results == [20, 20]
    assert RAN == [5, 10]


def test_copies_of_a_record_are_branches(
    cacher: type[Cacher], run_planned: RunPlanned, chain: Chain
) -> None:
    totals: list[int] = []

    @aggregate(inputs=["b"], outputs=["total"])
    def add_up(record: Record, records: list[Record], b: dict[Record, int]) -> int:
        totals.append(sum(b.values()))
        return totals[-1]

    def run(manager: ArtifactManager) -> None:
        chain.ran.clear()
        start = chain.stages["A"](Record(manager, Params(value=10)))
        branches = [chain.stages["B"](start.make_copy(Params(value=value))) for value in (1, 2)]
        add_up(Record(manager, None), branches)

    run_planned(run)
    run_planned(run)

    assert totals == [22, 22]
    assert chain.ran == []


def test_equal_records_compute_once(chain: Chain, run_planned: RunPlanned) -> None:
    chain.values = [4, 4]

    run_planned(chain)

    assert chain.ran == ["A", "B", "C"]
    assert [record.state["c"] for record in chain.records] == [6, 6]


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_equal_records_in_a_run_that_writes_nothing(
    chain: Chain, run_planned: RunPlanned, option: str
) -> None:
    chain.values = [4, 4]

    run_planned(chain, **{option: True})

    assert [record.state["c"] for record in chain.records] == [6, 6]


def test_a_stage_without_outputs_always_runs(chain: Chain, run_planned: RunPlanned) -> None:
    seen: list[int] = []

    @stage(inputs=["c"])
    def act(record: Record, c: int) -> None:
        seen.append(c)

    def run(manager: ArtifactManager) -> None:
        act(chain(manager)[0])

    run_planned(run)
    run_planned(run)

    assert seen == [3, 3]
    assert chain.statuses() == ["skipped", "skipped", "loaded", "executed"]


def test_an_aggregate_without_inputs_depends_on_all_its_records_have(
    chain: Chain, run_planned: RunPlanned, cacher: type[Cacher]
) -> None:
    chain.values = [1, 2]
    totals: list[int] = []

    @aggregate(outputs=["total"], cachers=[cacher])
    def add_up(record: Record, records: list[Record]) -> int:
        totals.append(sum(each.state["b"] for each in records))
        return totals[-1]

    def run(manager: ArtifactManager) -> None:
        add_up(Record(manager, None), chain(manager))

    run_planned(run)
    run_planned(run)
    run_planned(run, OnStale.RERUN, overwrite_stages=("make_a",))

    assert totals == [5, 5]


def test_an_aggregate_of_aggregates(
    run_planned: RunPlanned, chain: Chain, cacher: type[Cacher]
) -> None:
    @aggregate(inputs=["c"], outputs=["c"], cachers=[cacher])
    def highest(record: Record, records: list[Record], c: dict[Record, int]) -> int:
        return max(c.values())

    chain.values = [1, 2, 3, 4]

    def run(manager: ArtifactManager) -> None:
        records = chain(manager)
        halves = [highest(Record(manager, None), half) for half in (records[:2], records[2:])]
        for half in halves:
            highest(Record(manager, None), [half])

    results = [[record.state["c"] for record in run_planned(run).records[-2:]] for _ in range(2)]

    assert results == [[4, 6], [4, 6]]


def test_lazy_outputs_belong_to_their_own_records(
    cacher: type[Cacher], run_planned: RunPlanned
) -> None:
    seen: list[int] = []

    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return int(record.params.value)

    @stage(inputs=["data"])
    def look(record: Record, data: int) -> None:
        seen.append(data)

    def run(manager: ArtifactManager) -> None:
        records = [make(Record(manager, Params(value=value))) for value in (1, 2)]
        for record in records:
            look(record)

    run_planned(run)
    manager = run_planned(run)

    assert seen == [1, 2, 1, 2]
    assert all(isinstance(record.state.held("data"), Lazy) for record in manager.records)


def test_a_stage_before_an_aggregate_on_the_same_record_is_planned(
    chain: Chain, run_planned: RunPlanned
) -> None:
    @aggregate(inputs=["c"], outputs=["total"])
    def add_up(record: Record, records: list[Record], c: dict[Record, int]) -> int:
        return sum(c.values())

    def run(manager: ArtifactManager) -> None:
        record = chain(manager)[0]
        add_up(chain.stages["A"](Record(manager, Params(value=7))), [record])

    manager = run_planned(run)

    assert manager.plan is not None
    assert manager.plan.unplanned == []


def test_missing_inputs_are_found_while_mapping(run_planned: RunPlanned, chain: Chain) -> None:
    def run(manager: ArtifactManager) -> None:
        chain.stages["A"](Record(manager, Params()))
        chain.stages["C"](Record(manager, Params()))

    with pytest.raises(KeyError, match="'make_c' needs the input 'b'"):
        run_planned(run)
    assert chain.ran == []


def test_a_map_writes_nothing(chain: Chain, run_planned: RunPlanned, folder: Path) -> None:
    class EndOfMapError(Exception):
        pass

    def run(manager: ArtifactManager) -> None:
        chain(manager)
        raise EndOfMapError

    with pytest.raises(EndOfMapError):
        run_planned(run)
    assert chain.ran == []
    assert list((folder / "data" / "cache").iterdir()) == []


def test_the_session_goes_on_after_a_planned_run(chain: Chain, run_planned: RunPlanned) -> None:
    manager = run_planned(chain)

    record = chain.stages["B"](chain.stages["A"](Record(manager, Params(value=50))))

    assert record.state["b"] == 51


def test_causes_are_kept_with_the_calls(chain: Chain, run_planned: RunPlanned) -> None:
    run_planned(chain)
    chain.path("c").unlink()

    manager = run_planned(chain)

    kinds = [[cause.kind for cause in decision.causes] for _, decision in manager.decisions()]
    assert kinds == [[CauseKind.UP_TO_DATE], [CauseKind.NEEDED_BY], [CauseKind.MISSING]]


@pytest.mark.parametrize(
    "source", ["manager", "stage", "parameters of a record", "parameters of an input record"]
)
def test_who_forced_a_call_is_named(
    run_planned: RunPlanned, cacher: type[Cacher], source: str
) -> None:
    @aggregate(outputs=["total"], cachers=[cacher])
    def add_up(record: Record, records: list[Record]) -> int:
        return 1

    def run(manager: ArtifactManager) -> None:
        manager.overwrite = source == "manager"
        inputs = Params(name="in", overwrite=source == "parameters of an input record")
        own = Params(name="own", overwrite=source == "parameters of a record")
        add_up(Record(manager, own), [Record(manager, inputs)])

    run_planned(run)
    stages = ("add_up",) if source == "stage" else ()
    decision: Any = run_planned(run, overwrite_stages=stages).records[0].calls[0].decision

    subjects = {
        "manager": "--overwrite",
        "stage": "--overwrite-stage add_up",
        "parameters of a record": "overwrite=True of parameter set 'own'",
        "parameters of an input record": "overwrite=True of parameter set 'in'",
    }
    assert [cause.subject for cause in decision.causes] == [subjects[source]]
