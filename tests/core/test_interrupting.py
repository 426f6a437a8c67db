"""Signals: as exceptions, held back, and wherever in a run they arrive."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curifactory import ArtifactManager
from curifactory.exiting import Terminated
from curifactory.experiment import RunOptions, RunResult, run
from curifactory.interrupting import terminable, uninterrupted
from curifactory.journal import read_journal
from curifactory.plugins import EXPORTERS, STORES
from curifactory.protocols import RunHook
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.core.conftest import Project

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Signal -> what a command that it ends exits with."""
each_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)

EXPERIMENT = """
import curifactory as cf
from probe import FileCacher, ran

def get_params():
    return [cf.ExperimentParameters(name="one")]

@cf.stage(outputs=["number"], cachers=[FileCacher])
def make(record):
    ran.append("make")
    return 1

def run(param_sets, manager):
    return make(cf.Record(manager, param_sets[0])).output
"""


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Hear SIGINT, which is ignored where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def single(project: "Project") -> "Project":
    """A project with an experiment of one stage."""
    project.write("experiments/single.py", EXPERIMENT)
    return project


def interrupting(event: str, number: int) -> RunHook:
    """Return a hook that sends a signal when something happens to the run."""
    hook = RunHook()
    setattr(hook, event, lambda _manager: os.kill(os.getpid(), number))
    return hook


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


@each_signal
def test_a_signal_waits_for_the_end_of_what_is_not_interrupted(number: signal.Signals) -> None:
    before, done = handlers(), []

    def finish() -> None:
        with terminable(), uninterrupted():
            signal.raise_signal(number)
            done.append("all")

    with pytest.raises(KeyboardInterrupt) as raised:
        finish()

    assert done == ["all"]
    assert isinstance(raised.value, Terminated) == (number is signal.SIGTERM)
    assert handlers() == before


def test_without_a_signal_nothing_happens() -> None:
    before = handlers()

    with terminable(), uninterrupted():
        assert handlers() != before

    assert handlers() == before


def test_threads_leave_signals_to_the_main_one() -> None:
    seen = []

    def work() -> None:
        with terminable(), uninterrupted():
            seen.append(handlers())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [handlers()]


def check_after(result: RunResult, number: signal.Signals, folder: Path, status: str) -> None:
    """Check that the run ended as it should and that the next one uses what it has stored."""
    assert (result.status, result.exit_code) == (status, SIGNALS[number])
    assert isinstance(result.error, KeyboardInterrupt)
    ends = [
        (line["status"], line["exit_code"])
        for line in read_journal(str(folder / "data/store/single/1.jsonl"))
        if line["event"] == "closed"
    ]
    assert ends[-1] == (status, SIGNALS[number])
    (recorded,) = RunStore("data").runs()
    assert (recorded["status"], recorded["exit_code"]) == ends[-1]
    assert result.manager.log_path is not None
    again = run(RunOptions(experiment="single", report=False))
    assert (again.status, again.value) == ("complete", 1)


@each_signal
def test_while_the_report_is_written_the_run_stays_complete(
    single: "Project",
    plug_in: Callable[[str, str, object], None],
    folder: Path,
    number: signal.Signals,
) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            os.kill(os.getpid(), number)
            raise AssertionError("the signal has not arrived")

    plug_in(EXPORTERS, "report", Exporter)
    before = handlers()

    result = run(RunOptions(experiment="single"))

    assert (result.value, result.report_path) == (1, None)
    assert handlers() == before
    check_after(result, number, folder, "complete")
    assert single.ran == ["make"]


@each_signal
def test_while_the_run_is_closed_its_end_is_recorded_first(
    single: "Project", folder: Path, number: signal.Signals
) -> None:
    result = run(
        RunOptions(experiment="single", report=False), hooks=[interrupting("run_finished", number)]
    )

    check_after(result, number, folder, "complete")
    assert single.ran == ["make"]


@each_signal
def test_before_anything_is_executed_the_run_is_interrupted(
    single: "Project", folder: Path, number: signal.Signals
) -> None:
    result = run(
        RunOptions(experiment="single", report=False), hooks=[interrupting("run_started", number)]
    )

    check_after(result, number, folder, "interrupted")


@each_signal
def test_while_the_full_store_is_completed_it_is_completed_all_the_same(
    single: "Project",
    plug_in: Callable[[str, str, object], None],
    folder: Path,
    number: signal.Signals,
) -> None:
    closed: list[str] = []

    class Store:
        def __init__(self, manager: ArtifactManager) -> None:
            self.manager = manager

        def open(self) -> None:
            """Write nothing."""

        def keep(self, call: object) -> None:
            """Keep nothing."""

        def close(self, report_path: str | None) -> None:
            if not closed:
                closed.append("begun")
                os.kill(os.getpid(), number)
            closed.append(self.manager.status)

    plug_in(STORES, "full", Store)

    result = run(RunOptions(experiment="single", report=False, store_full=True))

    assert closed == ["begun", "complete"]
    check_after(result, number, folder, "complete")


@each_signal
def test_a_second_signal_ends_an_interrupted_run_without_its_report(
    single: "Project",
    plug_in: Callable[[str, str, object], None],
    folder: Path,
    number: signal.Signals,
) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            os.kill(os.getpid(), number)
            raise AssertionError("the signal has not arrived")

    class Interrupting(RunHook):
        def stage_started(self, call: object) -> None:
            signal.raise_signal(signal.SIGINT)

    plug_in(EXPORTERS, "report", Exporter)

    result = run(RunOptions(experiment="single"), hooks=[Interrupting()])

    check_after(result, number, folder, "interrupted")


def test_a_report_that_cannot_be_written_is_in_the_exit_code_of_the_journal(
    single: "Project", plug_in: Callable[[str, str, object], None], folder: Path
) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            raise OSError("disk full")

    plug_in(EXPORTERS, "report", Exporter)

    result = run(RunOptions(experiment="single"))

    end = read_journal(str(folder / "data/store/single/1.jsonl"))[-1]
    assert (result.exit_code, end["status"], end["exit_code"]) == (1, "complete", 1)
