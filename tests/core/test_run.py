"""Runs: number, reference, facts, and what their journal tells."""

from pathlib import Path

import pytest

from curifactory.journal import read_journal
from curifactory.logs import RunLog
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
