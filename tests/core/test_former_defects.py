"""What went wrong in earlier versions and no other test shows to be right now."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, aggregate, stage
from curifactory.exceptions import CurifactoryError
from curifactory.experiment import RunOptions, run, run_experiment
from curifactory.outputs import Deferred
from curifactory.plugins import EXPORTERS
from curifactory.protocols import Cacher
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.core.conftest import Project

NewManager = Callable[..., ArtifactManager]
PlugIn = Callable[[str, str, object], None]

CHAIN = """
from dataclasses import dataclass
import curifactory as cf
from probe import FileCacher, ran

@dataclass
class Params(cf.ExperimentParameters):
    value: int = 1

def get_params():
    return [Params(name=str(value), value=value) for value in (1, 2, 3)]

@cf.stage(None, ["number"])
def make(record):
    ran.append(f"make {record.params.value}")
    return record.params.value

@cf.stage(["number"], ["kept"], [FileCacher])
def keep(record, number):
    ran.append(f"keep {number}")
    return number * 10

@cf.aggregate(["kept", "number"], ["total"])
def add_up(record, records, kept, number):
    return {r.params.value: (kept[r], number[r]) for r in records}

def run(param_sets, manager):
    for params in param_sets:
        keep(make(cf.Record(manager, params)))
    return add_up(cf.Record(manager, None)).output
"""


@dataclass
class Params(ExperimentParameters):
    value: int = 1


@pytest.fixture
def chain(project: "Project") -> "Project":
    """A project with the experiment ``chain``."""
    project.write("experiments/chain.py", CHAIN)
    return project


# -- silently wrong results ------------------------------------------------------------------------


def named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = name
    return function


def test_stages_of_one_name_do_not_get_each_others_results(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    ran: list[str] = []

    def training(word: str) -> Callable[[Record], Record]:
        def train(record: Record) -> str:
            ran.append(word)
            return word

        return stage(None, ["model"], [cacher])(named(train, "train"))

    for _ in range(2):
        manager = new_manager()
        records = [training(word)(Record(manager, Params())) for word in ("svm", "forest")]
        assert [record.state["model"] for record in records] == ["svm", "forest"]

    assert sorted(ran) == ["forest", "svm"]


def test_what_was_skipped_is_there_for_an_aggregate_and_for_who_reads_the_state(
    chain: "Project",
) -> None:
    expected = {1: (10, 1), 2: (20, 2), 3: (30, 3)}
    assert chain.run("chain").value == expected
    os.unlink(next(Path("data/cache").glob("*_keep_kept.pkl")))

    again = chain.run("chain")

    assert again.value == expected
    states = [record.state for record in again.manager.records[:3]]
    assert [(state["kept"], state["number"]) for state in states] == list(expected.values())


def test_all_of_lazy_with_a_stage_that_has_no_cacher_and_nothing_lazy_afterwards(
    chain: "Project", plug_in: PlugIn, cacher: type[Cacher]
) -> None:
    plug_in("curifactory.cachers", "default", cacher)
    expected = {1: (10, 1), 2: (20, 2), 3: (30, 3)}

    lazy = chain.run("chain", lazy=True)
    value = lazy.value.load() if isinstance(lazy.value, Lazy) else lazy.value
    held = [type(record.state.held("number")) for record in lazy.manager.records[:3]]
    plain = chain.run("chain", overwrite=True)

    assert (value, plain.value) == (expected, expected)
    assert held == [Lazy] * 3
    states = [record.state for record in plain.manager.records]
    assert not [name for state in states for name in state if type(state.held(name)) is Lazy]


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_lazy_outputs_where_nothing_is_saved(
    chain: "Project", plug_in: PlugIn, cacher: type[Cacher], option: str
) -> None:
    plug_in("curifactory.cachers", "default", cacher)

    result = chain.run("chain", lazy=True, **{option: True})

    assert (result.status, result.value[3]) == ("complete", (30, 3))


# -- crashes ---------------------------------------------------------------------------------------


def test_a_copy_of_a_record_copies_no_manager_lock_cacher_or_bar(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    manager = new_manager(parallel_lock=threading.Lock())
    manager.map_progress = threading.Lock()  # can no more be copied than what shows bars

    @stage(None, ["number", Lazy("lazy", resolve=False)], [cacher, cacher])
    def make(record: Record) -> tuple[list[int], int]:
        return [1], 2

    record = make(Record(manager, Params()))
    record.state["of the stage"] = {"record": record, "manager": manager, "call": record.calls}

    copy = record.make_copy(Params(value=2))

    assert copy.state["of the stage"]["record"] is record
    assert copy.state["of the stage"]["manager"] is manager is copy.manager
    assert copy.state["number"] == [1]
    assert copy.state["number"] is not record.state["number"]
    assert copy.state["lazy"].cacher is record.state["lazy"].cacher


def test_a_copy_loads_no_cached_value(new_manager: NewManager, cacher: type[Cacher]) -> None:
    @stage(None, ["number"], [cacher])
    def make(record: Record) -> int:
        return 1

    make(Record(new_manager(), Params()))
    manager = new_manager()
    manager.map_mode = True
    make(Record(manager, Params()))
    manager.map_records()

    copy = make(Record(manager, Params())).make_copy()

    assert type(copy.state.held("number")) is Deferred
    assert copy.state["number"] == 1


def test_a_failure_leaves_no_lock_flag_or_prefix_behind(new_manager: NewManager) -> None:
    lock = threading.Lock()
    manager = new_manager(parallel_lock=lock)

    @aggregate(["number"], ["total"])
    def fail(record: Record, records: list[Record], number: dict[Record, int]) -> int:
        raise ValueError("no")

    first = Record(manager, Params())
    first.state["number"] = 1
    record = Record(manager, Params(name="second"))
    with pytest.raises(ValueError, match="no"):
        fail(record, [first])

    assert not lock.locked()
    assert (manager.stage_active, manager.current_stage_name) == (False, "")
    assert (record.state.resolve, first.state.resolve) == (True, True)
    assert manager.log.prefix == ""


def test_paths_after_a_nested_call_name_the_stage_that_runs(manager: ArtifactManager) -> None:
    @stage(None, ["number"])
    def inner(record: Record) -> int:
        return 1

    paths: list[str] = []

    @stage(None, ["number"])
    def outer(record: Record) -> int:
        inner(Record(manager, Params()))
        paths.append(record.get_path("model"))
        return 2

    record = outer(Record(manager, Params()))

    assert paths == [f"data/cache/test_{record.get_hash()}_outer_model"]
    assert record.get_path("model") == paths[0]


# -- runs ------------------------------------------------------------------------------------------


def test_a_failure_while_mapping_is_reported(project: "Project", plug_in: PlugIn) -> None:
    class Exporter:
        def export(self, manager: ArtifactManager) -> str:
            return f"{manager.status}: {manager.error}"

    plug_in(EXPORTERS, "report", Exporter)
    body = CHAIN.replace("    return add_up", "    {}['absent']\n    return add_up")
    project.write("experiments/chain.py", body)

    result = run(RunOptions(experiment="chain"))

    assert (result.status, result.exit_code) == ("error", 1)
    assert result.report_path == "error: KeyError - 'absent'"


def test_an_experiments_own_parameter_sets_are_recorded_under_its_name(chain: "Project") -> None:
    chain.run("chain")

    (recorded,) = RunStore("data").runs()
    assert recorded["param_files"] == ["chain"]
    assert [name for name, _ in recorded["params"]["chain"]] == ["1", "2", "3"]


def test_what_a_project_records_does_not_grow_with_each_record(chain: "Project") -> None:
    chain.run("chain")
    lines = Path("data/store/parameters.jsonl").read_text().splitlines()

    chain.run("chain")

    assert Path("data/store/parameters.jsonl").read_text().splitlines() == lines
    assert len({json.loads(line)["hash"] for line in lines}) == len(lines) == 4


def test_printed_parameters_need_no_registry(chain: "Project") -> None:
    sets, _ = run_experiment("chain", print_params=True)

    assert [entry["name"] for entry in sets.values()] == ["1", "2", "3"]
    assert not Path("data").exists()


def test_in_a_folder_below_the_project_configuration_and_repository_are_those_above(
    chain: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.write("curifactory_config.json", '{"logs_path": "journal/"}')
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *identity, *words], check=True)
    Path("deep/er").mkdir(parents=True)
    monkeypatch.chdir("deep/er")

    result = chain.run("chain")

    assert result.status == "complete"
    assert len(str(result.manager.git_commit_hash)) == 40
    assert result.manager.config.logs_path == "../../journal/"
    assert len(list((chain.folder / "journal").iterdir())) == 1


def test_every_error_of_ours_can_be_caught_by_its_base(manager: ArtifactManager) -> None:
    @stage(["absent"])
    def use(record: Record, absent: int) -> None: ...

    with pytest.raises(CurifactoryError):
        use(Record(manager, None))
