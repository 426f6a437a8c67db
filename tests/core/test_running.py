"""Runs of experiments: status and exit code, what is written, plans and their exceptions."""

import gc
import logging
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curifactory import ArtifactManager, Record, stage
from curifactory.causes import CauseKind
from curifactory.config import OnStale
from curifactory.exceptions import BadInputError
from curifactory.experiment import ExitCode, RunOptions, run
from curifactory.journal import read_journal
from curifactory.plugins import EXPORTERS, RUN_HOOKS
from curifactory.protocols import RunHook
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.core.conftest import Project

STAGES = """
import os
from dataclasses import dataclass

import curifactory as cf
from probe import FileCacher, ran

@dataclass
class Params(cf.ExperimentParameters):
    value: int = 1

def get_params():
    return [Params(name="one", value=1), Params(name="two", value=2)]

@cf.stage(outputs=["a"], cachers=[FileCacher])
def make_a(record):
    ran.append(f"a{record.params.value}")
    return record.params.value

@cf.stage(inputs=["a"], outputs=["b"], cachers=[FileCacher])
def make_b(record, a):
    ran.append(f"b{record.params.value}")
    return 10 * a

@cf.aggregate(inputs=["b"], outputs=["total"], cachers=[FileCacher])
def add_up(record, records, b):
    ran.append("total")
    return sum(b.values())

@cf.stage()
def fail(record):
    raise LookupError("no such data")

@cf.stage()
def interrupt(record):
    raise KeyboardInterrupt
"""
CHAIN = """
def run(param_sets, manager):
    for params in param_sets:
        make_b(make_a(cf.Record(manager, params)))
    add_up(cf.Record(manager, None))
    return "done"
"""


def write_experiment(project: "Project", body: str, name: str = "chain") -> None:
    """Write an experiment with the stages above and this `run()`."""
    project.write(f"experiments/{name}.py", STAGES)
    with (project.folder / "experiments" / f"{name}.py").open("a", encoding="utf-8") as file:
        file.write(body)


@pytest.fixture
def chain(project: "Project") -> "Project":
    write_experiment(project, CHAIN)
    return project


def journal(folder: Path, number: int = 1, experiment: str = "chain") -> list[dict[str, Any]]:
    return read_journal(str(folder / "data" / "store" / experiment / f"{number}.jsonl"))


def total(manager: ArtifactManager) -> int:
    return int(manager.records[-1].state["total"])


def test_garbage_is_collected_from_where_something_is_loaded_or_executed(
    project: "Project",
) -> None:
    project.write(
        "experiments/iris.py",
        STAGES
        + """
import gc

def run(param_sets, manager):
    for params in param_sets:
        record = make_a(cf.Record(manager, params))
        if manager.mapping is None:
            ran.append(f"collects: {gc.isenabled()}")
            ran.append(f"reads {record.state['a']}")
""",
    )
    project.run("iris")
    collects = "collects: True"
    assert project.ran == ["a1", collects, "reads 1", "a2", collects, "reads 2"]

    project.run("iris")
    assert project.ran == ["collects: False", "reads 1", collects, "reads 2"]
    assert gc.isenabled()


def test_a_run_is_complete_recorded_and_has_the_value_of_run(
    chain: "Project", folder: Path
) -> None:
    result = chain.run("chain")

    assert (result.status, result.exit_code, result.error) == ("complete", 0, None)
    assert (result.value, total(result.manager)) == ("done", 30)
    assert chain.ran == ["a1", "b1", "a2", "b2", "total"]
    lines = journal(folder)
    assert lines[0]["cli"] == "experiment chain --no-report"
    assert (lines[-1]["event"], lines[-1]["status"]) == ("closed", "complete")
    assert [name for name, _ in result.manager.run_info["params"]["chain"]] == ["one", "two"]


def test_a_second_run_finds_everything(chain: "Project", folder: Path) -> None:
    chain.run("chain")
    result = chain.run("chain")

    assert chain.ran == []
    assert total(result.manager) == 30
    assert result.manager.experiment_run_number == 2
    assert journal(folder, 2)[-1]["calls"]["skipped"] == 5


@pytest.mark.parametrize(
    "options", [{"dag": False}, {"lazy": True}, {"parallel_mode": True}], ids=str
)
def test_every_way_of_running_gives_the_same_results(
    chain: "Project", options: dict[str, Any]
) -> None:
    first = chain.run("chain", **options)
    assert total(first.manager) == 30
    assert chain.ran == ["a1", "b1", "a2", "b2", "total"]

    second = chain.run("chain", **options)
    assert total(second.manager) == 30
    assert chain.ran == []


@pytest.mark.parametrize(
    ("experiment", "options", "message"),
    [
        ("chian", {}, "experiment 'chian' not found. Did you mean 'chain'"),
        ("syntax", {}, "'syntax' cannot be imported: SyntaxError"),
        ("imports", {}, "'imports' cannot be imported: ModuleNotFoundError"),
        ("no_run", {}, r"'no_run' .* has no function run\("),
        ("empty", {}, "No parameter sets found"),
        ("no_list", {}, "'no_list' did not return a list"),
        ("unhashable", {}, "parameter set 'odd' of 'unhashable': parameter 'value'"),
        ("chain", {"param_files": ("absent",)}, "parameter file 'absent' not found"),
        ("chain", {"names": ("three",)}, "'three' not found"),
        ("chain", {"indices": ("7",)}, "'7' is out of range"),
        ("chain", {"overwrite_stages": ("make_c",)}, "stage 'make_c' not found. Did you mean"),
    ],
)
def test_bad_input_is_one_message_and_leaves_the_folder_as_it_was(
    chain: "Project", experiment: str, options: dict[str, Any], message: str
) -> None:
    chain.write("experiments/syntax.py", "def run(:")
    chain.write("experiments/imports.py", "import absent_module")
    chain.write("experiments/no_run.py", "def get_params(): return []")
    write_experiment(chain, CHAIN + "def get_params(): return []", "empty")
    write_experiment(chain, CHAIN + "def get_params(): return ()", "no_list")
    odd = "def get_params(): return [Params(name='odd', value=object())]"
    write_experiment(chain, CHAIN + odd, "unhashable")
    before = chain.files()

    with pytest.raises(BadInputError, match=message):
        chain.run(experiment, **options)

    assert chain.files() == before
    assert chain.ran == []


def test_a_bad_configuration_leaves_the_folder_as_it_was(chain: "Project") -> None:
    chain.write("curifactory_config.json", '{"cahce_path": "data"}')
    before = chain.files()

    with pytest.raises(BadInputError, match="'cahce_path'"):
        chain.run("chain")

    assert chain.files() == before


def test_a_failing_stage_makes_the_run_an_error(project: "Project", folder: Path) -> None:
    write_experiment(
        project, "def run(p, manager): return fail(make_a(cf.Record(manager, p[0])))", "fails"
    )

    result = project.run("fails")

    assert (result.status, result.exit_code, result.value) == ("error", 1, None)
    assert isinstance(result.error, LookupError)
    assert result.manager.run_info["error"] == "LookupError - no such data"
    assert "in fail" in result.manager.run_info["traceback"]
    assert "stage 'fail'" in result.manager.run_info["traceback"]
    assert journal(folder, experiment="fails")[-1]["error"] == "LookupError - no such data"
    assert project.ran == ["a1"]


@pytest.mark.parametrize("dag", [True, False])
def test_an_error_in_run_itself_makes_the_run_an_error(
    project: "Project", folder: Path, *, dag: bool
) -> None:
    write_experiment(project, "def run(param_sets, manager): return 1 / 0", "fails")

    result = project.run("fails", dag=dag)

    assert (result.status, result.exit_code) == ("error", ExitCode.FAILED)
    assert (
        journal(folder, experiment="fails")[-1]["error"] == "ZeroDivisionError - division by zero"
    )


def test_an_error_while_mapping_is_recorded_and_nothing_is_executed(
    project: "Project", folder: Path
) -> None:
    body = "def run(p, manager): make_a(cf.Record(manager, p[0])), make_b(cf.Record(manager, p[1]))"
    write_experiment(project, body, "fails")

    result = project.run("fails")

    assert (result.status, result.exit_code, project.ran) == ("error", 1, [])
    assert "'make_b' needs the input 'a'" in str(result.error)
    assert journal(folder, experiment="fails")[-1]["status"] == "error"


READING = {
    "state": "if make_a(record).state['a'] > 0: make_b(record)",
    "get": "if make_a(record).state.get('a') > 0: make_b(record)",
    "output": "if make_a(record).output > 0: make_b(record)",
    "artifact": "if make_a(record).calls[0].outputs[0].fetch() > 0: make_b(record)",
    "file": "open(make_a(record).calls[0].outputs[0].path).close(); make_b(record)",
}


@pytest.mark.parametrize("reading", READING.values(), ids=READING)
def test_a_run_that_reads_results_between_stages_goes_on_linearly(
    project: "Project", caplog: pytest.LogCaptureFixture, reading: str
) -> None:
    body = f"""
def run(param_sets, manager):
    record = cf.Record(manager, param_sets[0])
    {reading}
    return record.state["b"]
"""
    write_experiment(project, body, "reads")

    result = project.run("reads")

    assert (result.status, result.value, project.ran) == ("complete", 10, ["a1", "b1"])
    lines = [entry.getMessage() for entry in caplog.records if "linearly" in entry.getMessage()]
    assert len(lines) == 1
    assert re.match(r"run\(\) .*: going on linearly, as with --no-dag", lines[0])


def test_a_run_that_only_returns_an_output_is_planned(
    project: "Project", caplog: pytest.LogCaptureFixture
) -> None:
    body = "def run(p, manager): return make_b(make_a(cf.Record(manager, p[0]))).output"
    write_experiment(project, body, "returns")

    values = [project.run("returns").value for _ in range(2)]

    assert values == [10, 10]
    assert "linearly" not in caplog.text


@pytest.mark.parametrize("second", ["make_b(record)", "add_up(cf.Record(manager, None))"])
def test_calls_that_the_map_did_not_have_are_named(
    project: "Project", caplog: pytest.LogCaptureFixture, second: str
) -> None:
    body = f"""
calls = []
def run(param_sets, manager):
    calls.append(1)
    record = make_a(cf.Record(manager, param_sets[0]))
    if len(calls) % 2 == 0:
        {second}
"""
    write_experiment(project, body, "differs")

    result = project.run("differs")

    name = second.partition("(")[0]
    assert result.status == "complete"
    assert f"the map did not have stage '{name}'" in caplog.text
    assert len(project.ran) == 2


def test_calls_that_only_the_map_had_are_named(
    project: "Project", caplog: pytest.LogCaptureFixture
) -> None:
    body = """
calls = []
def run(param_sets, manager):
    calls.append(1)
    record = make_a(cf.Record(manager, param_sets[0]))
    if len(calls) % 2 == 1:
        make_b(record)
"""
    write_experiment(project, body, "differs")

    result = project.run("differs")

    assert "the map had stage 'make_b' of Record 0 (one), which run() did not" in caplog.text
    assert result.manager.records[0].state["a"] == 1


def test_what_run_does_to_its_parameter_sets_counts_once(project: "Project") -> None:
    body = """
def run(param_sets, manager):
    for params in param_sets:
        params.value *= 10
    return [make_a(cf.Record(manager, params)).params.value for params in param_sets]
"""
    write_experiment(project, body, "changes")

    assert project.run("changes").value == [10, 20]
    assert project.ran == ["a10", "a20"]


def test_an_interrupted_run_is_recorded_as_such(project: "Project", folder: Path) -> None:
    write_experiment(project, "def run(p, m): interrupt(make_a(cf.Record(m, p[0])))", "stops")

    result = project.run("stops")

    assert (result.status, result.exit_code) == ("interrupted", 130)
    end = journal(folder, experiment="stops")[-1]
    assert (end["status"], end["exit_code"]) == ("interrupted", 130)
    assert result.manager.active_call is None
    assert project.ran == ["a1"]


def test_a_terminated_run_is_interrupted_too(project: "Project", folder: Path) -> None:
    body = """
import signal
@cf.stage()
def terminate(record):
    os.kill(os.getpid(), signal.SIGTERM)
def run(p, m):
    terminate(make_a(cf.Record(m, p[0])))
"""
    write_experiment(project, body, "stops")
    before = signal.getsignal(signal.SIGTERM)

    result = project.run("stops")

    assert (result.status, result.exit_code) == ("interrupted", 143)
    end = journal(folder, experiment="stops")[-1]
    assert (end["status"], end["exit_code"]) == ("interrupted", 143)
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_experiment_that_exits_is_closed_all_the_same(project: "Project") -> None:
    write_experiment(project, "def run(param_sets, manager): raise SystemExit(3)", "exits")
    before = list(logging.getLogger().handlers)

    result = project.run("exits")

    assert (result.status, result.exit_code) == ("error", 1)
    assert isinstance(result.error, SystemExit)
    assert logging.getLogger().handlers == before
    assert [run["status"] for run in RunStore("data").runs()] == ["error"]


def test_a_map_executes_and_writes_nothing(chain: "Project") -> None:
    before = chain.files()

    result = chain.run("chain", map_only=True)

    assert (result.status, result.exit_code, result.value) == ("mapped", 0, None)
    assert result.manager.plan is not None
    assert [str(decision.action) for _, decision in result.manager.plan.calls()] == ["run"] * 5
    assert chain.files() == before


def test_a_map_of_cached_results_shows_what_is_there(chain: "Project") -> None:
    chain.run("chain")

    plan = chain.run("chain", map_only=True).manager.plan

    assert plan is not None
    assert [str(decision.action) for _, decision in plan.calls()] == ["skip"] * 5
    assert all(artifact.cached for call, _ in plan.calls() for artifact in call.outputs)


def test_a_dry_run_executes_and_writes_nothing(chain: "Project") -> None:
    before = chain.files()

    result = chain.run("chain", dry=True)

    assert (result.status, total(result.manager)) == ("complete", 30)
    assert chain.files() == before


def test_a_dry_cache_is_read_but_not_written(chain: "Project", folder: Path) -> None:
    chain.run("chain", names=("one",))
    before = sorted(os.listdir(folder / "data" / "cache"))

    result = chain.run("chain", dry_cache=True)

    assert (chain.ran, total(result.manager)) == (["a2", "b2", "total"], 30)
    assert sorted(os.listdir(folder / "data" / "cache")) == before


def test_a_dry_cache_in_a_fresh_project(chain: "Project") -> None:
    assert chain.run("chain", dry_cache=True).status == "complete"


def test_forcing_a_stage_names_what_is_stale_and_how_to_renew_it(
    chain: "Project", caplog: pytest.LogCaptureFixture
) -> None:
    chain.run("chain")
    chain.run("chain", overwrite_stages=("make_a",), names=("one",))

    assert chain.ran == ["a1", "total"]
    (line,) = (entry.getMessage() for entry in caplog.records if "stale" in entry.getMessage())
    assert "make_b of Record 0 (one)" in line
    assert "--overwrite-stage make_a" in line
    assert "--on-stale rerun" in line


def test_stale_results_are_renewed_if_asked(chain: "Project") -> None:
    chain.run("chain")
    chain.run("chain", overwrite_stages=("make_a",), on_stale=OnStale.RERUN)

    assert chain.ran == ["a1", "b1", "a2", "b2", "total"]


def test_the_configuration_says_what_happens_to_stale_results(chain: "Project") -> None:
    chain.write("curifactory_config.json", '{"on_stale": "rerun"}')
    chain.run("chain")
    chain.run("chain", overwrite_stages=("make_b",))

    assert chain.ran == ["b1", "b2", "total"]


def test_the_log_file_tells_of_stages_and_problems(project: "Project", folder: Path) -> None:
    write_experiment(
        project, "def run(p, manager): fail(make_a(cf.Record(manager, p[0])))", "fails"
    )

    manager = project.run("fails").manager

    log = Path(manager.log_path or "").read_text(encoding="utf-8")
    assert manager.log_path == f"logs/{manager.get_reference_name()}.log"
    assert "stage make_a" in log
    assert "LookupError" in log
    assert "no such data" in log


def test_without_log_there_is_no_file(chain: "Project", folder: Path) -> None:
    assert chain.run("chain", log=False).manager.log_path is None
    assert not (folder / "logs").exists()


@pytest.mark.parametrize("body", [CHAIN, "def run(param_sets, manager): 1 / 0"])
def test_logging_is_as_it_was_after_a_run(project: "Project", body: str) -> None:
    write_experiment(project, body)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)

    project.run("chain")

    assert (root.handlers, root.level) == before


def test_options_reach_the_session(chain: "Project", folder: Path) -> None:
    manager = chain.run("chain", cache="elsewhere", prefix="shared", notes="why").manager

    assert manager.notes == manager.run_info["notes"] == "why"
    assert not (folder / "data" / "cache").exists()
    names = os.listdir(folder / "elsewhere")
    assert len(names) == 5
    assert all(re.fullmatch(r"shared_[0-9a-f]+_(make_a|make_b|add_up)_\w+\.pkl", n) for n in names)


def test_a_full_store_can_be_given_as_the_cache(chain: "Project", folder: Path) -> None:
    chain.run("chain", cache="run/artifacts")

    chain.run("chain", cache="run", dry_cache=True)

    assert chain.ran == []


def test_a_session_can_be_given(
    chain: "Project", new_manager: Callable[..., ArtifactManager], folder: Path
) -> None:
    manager = new_manager("notebook")

    result = run(RunOptions(experiment="chain", report=False), manager=manager)

    assert result.manager is manager
    assert total(manager) == 30
    assert os.listdir(folder / "data" / "store") != []
    assert not (folder / "data" / "store" / "chain").exists()
    assert manager.status == "LIVE"


def test_the_session_can_be_used_after_the_run(chain: "Project") -> None:
    result = chain.run("chain")

    record = result.manager.records[0].make_copy()
    record.state["more"] = 5

    assert result.manager.records[-1] is record
    assert result.manager.map_mode is False


def test_after_a_run_there_is_no_map_and_after_mapping_there_is(chain: "Project") -> None:
    assert run(RunOptions(experiment="chain", report=False)).manager.map is None
    assert run(RunOptions(experiment="chain", map_only=True)).manager.map is not None


def test_a_lent_session_goes_on_without_a_plan(
    chain: "Project", new_manager: Callable[..., ArtifactManager]
) -> None:
    session = new_manager()
    run(RunOptions(experiment="chain", report=False), manager=session)

    @stage(outputs=["more"])
    def go_on(record: Record) -> int:
        return 1

    record = go_on(Record(session, None))

    assert session.map is None
    decision = record.calls[0].decision
    assert decision is not None
    assert CauseKind.UNPLANNED not in {cause.kind for cause in decision.causes}


def test_the_report_is_written_once_the_status_is_known(
    chain: "Project", plug_in: Callable[[str, str, object], None]
) -> None:
    seen: list[str] = []

    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            seen.append(manager.status)
            return "reports/page.html"

    plug_in(EXPORTERS, "report", Exporter)

    assert run(RunOptions(experiment="chain")).report_path == "reports/page.html"
    assert run(RunOptions(experiment="chain", report=False)).report_path is None
    assert run(RunOptions(experiment="chain", dry=True)).report_path is None
    assert seen == ["complete"]


def test_a_failed_run_has_a_report_too(
    project: "Project", plug_in: Callable[[str, str, object], None]
) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            return f"{manager.status}.html"

    plug_in(EXPORTERS, "report", Exporter)
    write_experiment(project, "def run(param_sets, manager): 1 / 0", "fails")

    assert run(RunOptions(experiment="fails")).report_path == "error.html"


def test_without_the_report_part_the_run_says_so_and_is_complete(
    chain: "Project", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("curifactory.plugins.find", lambda group, name: None)

    result = run(RunOptions(experiment="chain"))

    assert (result.status, result.report_path) == ("complete", None)
    assert "pip install curifactory-report" in caplog.text


def test_installed_hooks_are_told_of_runs_but_not_of_maps(
    chain: "Project", plug_in: Callable[[str, str, object], None]
) -> None:
    told: list[str] = []

    class Listener(RunHook):
        def run_finished(self, manager: ArtifactManager) -> None:
            told.append(f"{manager.status} with {len(manager.records)} records")

    plug_in(RUN_HOOKS, "listener", Listener)
    chain.run("chain", map_only=True)
    chain.run("chain")

    assert told == ["complete with 3 records"]


def test_hooks_know_the_parameter_sets_when_the_run_starts(chain: "Project") -> None:
    told: list[dict[str, list[tuple[str, str]]]] = []

    class Listener(RunHook):
        def run_started(self, manager: ArtifactManager) -> None:
            told.append(manager.param_file_param_sets)

    run(RunOptions(experiment="chain", report=False), hooks=[Listener()])

    assert [[name for name, _ in sets["chain"]] for sets in told] == [["one", "two"]]


def test_a_stage_to_overwrite_that_is_never_called_is_named_without_a_map(
    chain: "Project", caplog: pytest.LogCaptureFixture
) -> None:
    result = chain.run("chain", dag=False, overwrite_stages=("make_c",))

    assert result.status == "complete"
    assert "stage 'make_c' not found. Did you mean" in caplog.text


def test_messages_of_an_experiments_own_logger_are_in_the_log(project: "Project") -> None:
    body = "import logging\ndef run(p, m): logging.getLogger(__name__).info('of my own')\n"
    write_experiment(project, body, "talks")

    manager = project.run("talks").manager

    assert "of my own" in Path(manager.log_path or "").read_text(encoding="utf-8")


def test_the_same_experiment_name_in_two_projects(
    project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        write_experiment(project, "", f"../{name}/experiments/chain")
        project.write(f"{name}/library.py", f"WHOSE = {name!r}")
        with (project.folder / name / "experiments" / "chain.py").open("a") as file:
            file.write("from library import WHOSE\ndef run(p, m): return WHOSE")

    values = []
    for name in ("first", "second"):
        monkeypatch.chdir(project.folder / name)
        values.append(project.run("chain").value)

    assert values == ["first", "second"]


def test_a_damaged_artifact_in_the_middle_is_computed_again(chain: "Project", folder: Path) -> None:
    chain.run("chain")
    cache = folder / "data" / "cache"
    for path in cache.glob("*_total.pkl"):
        path.unlink()
    for path in cache.glob("*_b.pkl"):
        path.write_bytes(b"damaged")
    for path in cache.glob("*_a.pkl"):
        path.unlink()

    result = chain.run("chain")

    assert (result.status, total(result.manager)) == ("complete", 30)
    assert sorted(chain.ran) == ["a1", "a2", "b1", "b2", "total"]


def test_a_report_that_cannot_be_written_does_not_lose_the_result(
    chain: "Project", plug_in: Callable[[str, str, object], None], folder: Path
) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            raise RuntimeError("no room for reports")

    plug_in(EXPORTERS, "report", Exporter)
    handlers = list(logging.getLogger().handlers)

    result = run(RunOptions(experiment="chain"))

    assert (result.status, result.value, result.exit_code) == ("complete", "done", 1)
    assert "no room for reports" in str(result.error)
    assert journal(folder)[-1]["status"] == "complete"
    assert logging.getLogger().handlers == handlers


def test_hooks_are_told_of_a_run_in_a_given_session_and_no_longer_afterwards(
    chain: "Project", new_manager: Callable[..., ArtifactManager]
) -> None:
    class Told(RunHook):
        calls = 0

        def stage_finished(self, call: object) -> None:
            self.calls += 1

    told, manager = Told(), new_manager()

    run(RunOptions(experiment="chain", report=False), manager=manager, hooks=[told])

    assert told.calls == sum(len(record.calls) for record in manager.all_records)
    assert manager.hooks == ()


@pytest.mark.parametrize(
    ("parallel_mode", "process"), [(True, f"{{PID:{os.getpid()}}} "), (False, "")]
)
def test_only_in_parallel_mode_messages_name_the_process(
    parallel_mode: bool, process: str, project: "Project"
) -> None:
    write_experiment(project, CHAIN)

    result = run(RunOptions(experiment="chain", parallel_mode=parallel_mode, dry=True))

    assert result.manager.log.process == process
