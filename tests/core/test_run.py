"""Runs: number, reference, facts, and what their journal tells."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory import ArtifactManager, Record, stage
from curifactory.calls import StageCall
from curifactory.journal import encode, read_journal
from curifactory.logs import RunLog
from curifactory.protocols import RunHook
from curifactory.run import Run


@pytest.fixture
def run(folder: Path) -> Run:
    return Run("iris", "incomplete", RunLog(), command="experiment iris", notes=None)


def test_until_it_is_opened_a_run_has_no_number_and_writes_nothing(run: Run, folder: Path) -> None:
    run.record_parameters({"iris": [("small", "abc")]})
    run.close("complete", [])

    assert (run.number, run.status) == (0, "complete")
    assert list(folder.iterdir()) == []


def test_parameters_and_error_are_in_journal_and_facts(run: Run, folder: Path) -> None:
    run.open("data", None)
    run.record_parameters({"iris": [("small", "abc")]})
    run.close("error", [], error="ValueError - no", traceback="Traceback: no")

    lines = {line["event"]: line for line in read_journal(str(folder / "data/store/iris/1.jsonl"))}
    assert lines["parameters"]["files"] == {"iris": [["small", "abc"]]}
    assert (lines["closed"]["status"], lines["closed"]["error"]) == ("error", "ValueError - no")
    facts = run.info()
    assert (facts["param_files"], facts["params"]) == (["iris"], {"iris": [["small", "abc"]]})
    assert (facts["error"], facts["traceback"]) == ("ValueError - no", "Traceback: no")


def test_closing_twice_writes_one_end(run: Run, folder: Path) -> None:
    run.open("data", None)
    run.close("complete", [])
    run.close("complete", [])

    lines = read_journal(str(folder / "data/store/iris/1.jsonl"))
    assert [line["event"] for line in lines].count("closed") == 1


def test_a_discarded_run_has_neither_journal_nor_log(run: Run, folder: Path) -> None:
    run.open("data", "logs")
    run.discard()

    assert [*folder.rglob("*.jsonl"), *folder.rglob("*.log")] == []


def test_provenance_does_not_list_parameter_sets(run: Run) -> None:
    run.record_parameters({"iris": [(f"set {index}", "abc") for index in range(1000)]})

    assert "params" not in run.provenance()
    assert len(str(run.provenance())) < 1000
    assert run.provenance()["reference"] == run.reference


def test_the_journal_notes_where_it_ran(run: Run, folder: Path) -> None:
    run.open("data", None)
    run.close("complete", [])

    lines = {line["event"]: line for line in read_journal(str(folder / "data/store/iris/1.jsonl"))}
    assert lines["environment"]["packages"]["pytest"] == pytest.__version__
    assert lines["opened"]["cli"] == "experiment iris"
    assert lines["opened"]["commit"] == "No git repository found"


def test_the_log_warns_that_there_is_no_repository(run: Run, folder: Path) -> None:
    run.open("data", "logs")
    run.log.close()

    assert run.log_path is not None
    assert "this is no git repository" in Path(run.log_path).read_text()


class Share(float):
    """A number as numpy's are: a float, and yet not just that."""

    def __repr__(self) -> str:
        return f"Share({float(self)})"


def test_what_a_call_made_and_cost_is_in_its_line(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    numbers = {'a "best" größe': 0.1, "many": 10**20, "above": math.inf, "below": -1e-300}

    @stage(None, ["n", "größen", "text"])
    def messen(record: Record) -> tuple[object, ...]:
        return Share(0.25), numbers, "nothing"

    manager = new_manager()
    record = messen(Record(manager, None))
    (line,) = [each for each in journal_of(manager) if each["event"] == "stage"]

    (call,) = record.calls
    keys = "record position stage hash status worker started seconds cpu_seconds peak_memory"
    assert list(line) == ["event", "time", *keys.split(), "metrics"]
    assert [line[key] for key in keys.split()[:6]] == [0, 0, "messen", "None", "executed", None]
    assert line["metrics"] == {"n": {"": 0.25}, "größen": numbers}
    assert line["started"] == pytest.approx(call.started, abs=1e-6)
    assert line["seconds"] == pytest.approx(call.seconds, abs=1e-9)
    assert line["cpu_seconds"] == pytest.approx(call.cpu_seconds, abs=1e-9)
    assert line["peak_memory"] == call.peak_memory
    assert line["started"] <= line["time"]


def test_the_line_of_a_call_that_could_not_begin_has_no_times(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    class Unwilling(RunHook):
        def stage_started(self, call: StageCall) -> None:
            raise LookupError

    @stage(None, ["n"])
    def make(record: Record) -> int:
        return 1

    manager = new_manager(hooks=[Unwilling()])
    with pytest.raises(LookupError):
        make(Record(manager, None))

    line = journal_of(manager)[-1]
    costs = ("started", "seconds", "cpu_seconds", "peak_memory")
    assert (line["status"], [line[key] for key in costs]) == ("failed", [None] * 4)


@given(st.one_of(st.integers(), st.floats(), st.booleans()))
def test_numbers_are_what_the_encoder_makes_of_them(number: float) -> None:
    assert encode(number) == json.dumps(number)


def journal_of(manager: ArtifactManager) -> list[dict[str, Any]]:
    store = Path(manager.manager_cache_path, "store", str(manager.experiment_name))
    return read_journal(str(store / "1.jsonl"))
