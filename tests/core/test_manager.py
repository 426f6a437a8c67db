"""Sessions: what a live manager records, names and tells."""

import json
import logging
import re
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from tests.core.number_stages import Params, make_number

from curifactory import ArtifactManager, Record, stage
from curifactory.calls import StageCall
from curifactory.exceptions import MissingPartError
from curifactory.journal import read_journal
from curifactory.protocols import Cacher, RunHook

NewManager = Callable[..., ArtifactManager]


def test_a_live_session_is_a_run(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager("notes", suppress_live_log=False, notes="a try", run_line="by hand")

    assert re.fullmatch(r"notes_1_\d{4}-\d\d-\d\d-T\d{6}", manager.get_reference_name())
    assert manager.run_info["status"] == manager.status == "LIVE"
    assert (manager.run_info["cli"], manager.run_info["notes"]) == ("by hand", "a try")
    assert manager.log_path == f"logs/{manager.get_reference_name()}.log"
    assert (folder / "data" / "store" / "notes" / "1.jsonl").is_file()


def test_each_session_has_the_next_number_of_its_experiment(new_manager: NewManager) -> None:
    managers = [new_manager(name) for name in ("one", "other", "one", None)]

    numbers = [manager.experiment_run_number for manager in managers]
    assert numbers == [1, 1, 2, 1]
    assert managers[3].get_reference_name().startswith("None_1_")


def test_run_info_has_the_documented_keys(manager: ArtifactManager) -> None:
    assert set(manager.run_info) >= {
        "reference", "experiment_name", "run_number", "timestamp", "commit", "workdir_dirty",
        "param_files", "params", "full_store", "status", "cli", "hostname", "notes",
    }  # fmt: skip
    assert json.loads(json.dumps(manager.run_info)) == manager.run_info


def test_a_dry_session_writes_nothing(
    new_manager: NewManager, cacher: type[Cacher], folder: Path
) -> None:
    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        return 1

    manager = new_manager(dry=True, suppress_live_log=False)
    make(Record(manager, Params())).get_dir("models")

    assert list(folder.iterdir()) == []
    assert not manager.stored
    assert manager.log_path is None
    assert manager.generate_report() is None


def test_places_can_be_given(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager(manager_cache_path="elsewhere", cache_path="artifacts")
    record = make_number(Record(manager, Params()))

    assert record.get_path("file").startswith("artifacts/test_")
    assert (folder / "elsewhere" / "store" / "test" / "1.jsonl").is_file()


def test_an_experiment_name_with_separators_stays_below_the_store(
    new_manager: NewManager, folder: Path
) -> None:
    manager = new_manager("../up/over", suppress_live_log=False)
    make_number(Record(manager, Params()))

    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert {path.relative_to(folder).parts[0] for path in files} <= {"data", "logs"}
    assert not (folder.parent / "up").exists()


def test_the_log_tells_which_parameter_set_a_stage_runs_for(
    new_manager: NewManager, folder: Path
) -> None:
    @stage()
    def speak(record: Record) -> None:
        logging.getLogger().warning("said by the stage")

    manager = new_manager(suppress_live_log=False)
    speak(Record(manager, Params(name="small")))

    log = Path(manager.log_path or "").read_text(encoding="utf-8")
    assert "[WARNING] - [small] said by the stage" in log


def test_parameter_sets_are_listed_once(manager: ArtifactManager) -> None:
    sets = [Params(value=1), Params(name="same", value=1), Params(value=2)]
    for parameters in [*sets, None]:
        Record(manager, parameters)

    assert [item.value for item in manager.get_all_param_sets()] == [1, 2]  # type: ignore[attr-defined]


def test_artifacts_are_listed_in_the_order_of_their_stages(manager: ArtifactManager) -> None:
    first, second = Record(manager, Params()), Record(manager, Params())
    make_number(second)
    make_number(first)

    assert [artifact.call.record for artifact in manager.artifacts] == [second, first]


def test_hooks_are_told_what_happens(new_manager: NewManager) -> None:
    told: list[str] = []

    class Listener(RunHook):
        def run_started(self, manager: ArtifactManager) -> None:
            told.append("run started")

        def stage_started(self, call: StageCall) -> None:
            told.append(f"{call.name} started")

        def stage_finished(self, call: StageCall) -> None:
            told.append(f"{call.name} {call.status}")

        def run_finished(self, manager: ArtifactManager) -> None:
            told.append(f"run {manager.status}")

    @stage()
    def fail(record: Record) -> None:
        raise LookupError

    manager = new_manager(hooks=[Listener()])
    make_number(Record(manager, None).make_copy(Params()))
    with pytest.raises(LookupError):
        fail(Record(manager, None))
    manager.close_run("error")

    assert told == [
        "run started", "make_number started", "make_number executed",
        "fail started", "fail failed", "run error",
    ]  # fmt: skip


def test_the_journal_has_what_happened(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager()
    record = make_number(Record(manager, Params()))
    manager.close_run("complete")

    lines = read_journal(str(folder / "data" / "store" / "test" / "1.jsonl"))
    stages = [line for line in lines if line["event"] == "stage"]
    assert (lines[0]["event"], lines[-1]["event"]) == ("opened", "closed")
    assert [(line["stage"], line["hash"], line["status"]) for line in stages] == [
        ("make_number", record.get_hash(), "executed")
    ]
    assert lines[-1]["calls"]["executed"] == 1


def test_a_journal_names_no_place_of_this_machine(new_manager: NewManager, folder: Path) -> None:
    manager = new_manager(run_line="experiment test")
    make_number(Record(manager, Params()))
    manager.close_run("complete")

    text = (folder / "data" / "store" / "test" / "1.jsonl").read_text(encoding="utf-8")
    assert str(folder) not in text


def test_a_report_without_the_report_part_says_what_to_install(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curifactory.plugins.find", lambda group, name: None)

    with pytest.raises(MissingPartError, match="pip install curifactory-report"):
        manager.generate_report()


DOCUMENTED = """experiment_name store_full dry dry_cache prefix run_line parallel_lock parallel_mode
lazy ignore_lazy notes manager_cache_path cache_path runs_path logs_path notebooks_path reports_path
report_css_path status_override suppress_live_log live_log_debug disable_non_cf_loggers"""


def test_its_arguments_are_the_documented_ones_in_their_order() -> None:
    parameters = signature(ArtifactManager).parameters.values()

    positional = [item.name for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD]
    assert positional == DOCUMENTED.split()


def test_every_argument_is_an_attribute(new_manager: NewManager) -> None:
    manager = new_manager("given", prefix="shared", live_log_debug=True, notes="first")

    assert all(hasattr(manager, name) for name in DOCUMENTED.split() if name != "run_line")
    assert (manager.prefix, manager.live_log_debug, manager.notes) == ("shared", True, "first")
    manager.notes = "second"
    assert manager.run_info["notes"] == "second"


def test_the_active_conda_environment_is_told(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "research")

    assert manager.conda_env == "research"


def test_the_lock_that_a_session_is_given_is_taken_and_given_back(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    lock = Lock()
    manager = new_manager(parallel_lock=lock)

    manager.lock()
    held = lock.locked()
    manager.unlock()

    assert held
    assert not lock.locked()


def test_that_lazy_pickles_an_output_without_cacher_is_said_once(
    new_manager: NewManager,
    caplog: pytest.LogCaptureFixture,
    plug_in: Callable[[str, str, object], None],
    cacher: type[Cacher],
) -> None:
    plug_in("curifactory.cachers", "default", cacher)
    manager = new_manager(lazy=True)

    @stage(outputs=["number"])
    def make(record: Record) -> int:
        return 1

    for value in (1, 2):
        make(Record(manager, Params(value=value)))

    said = [text for text in caplog.messages if "'number' of stage 'make' has no cacher" in text]
    assert len(said) == 1


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, {"data/cache", "data/runs", "reports", "logs"}),
        ({"dry_cache": True}, {"reports", "logs"}),
        ({"dry": True}, set()),
    ],
    ids=str,
)
def test_a_live_session_finds_its_folders(
    new_manager: NewManager, folder: Path, options: dict[str, Any], made: set[str]
) -> None:
    new_manager(**options)

    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}
    assert there - {"data", "data/store", "data/store/test"} == made
