"""What happens to a call: executed or taken from the cache, stored, measured, failed."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.core.number_stages import Params, make_number

from curifactory import (
    ArtifactManager,
    Lazy,
    OutputSignatureError,
    Record,
    aggregate,
    stage,
)
from curifactory.calls import CallStatus
from curifactory.config import OnStale
from curifactory.exceptions import CacheError
from curifactory.protocols import Cacher

NewManager = Callable[..., ArtifactManager]
RUNS: list[int] = []
STAGES: list[str] = []


@pytest.fixture
def record(manager: ArtifactManager) -> Record:
    return Record(manager, Params(name="small", value=5))


@pytest.mark.parametrize(
    ("outputs", "returned", "shown"),
    [
        (["a", "b"], (1, 2, 3), '"a", "b"'),
        (["a", "b"], 1, '"a", "b"'),
        (["a"], (1, 2), '"a"'),
        (["a", Lazy("b")], 1, '"a", Lazy("b")'),
    ],
)
def test_a_wrong_number_of_values_is_refused(
    new_manager: NewManager, outputs: list[str | Lazy], returned: object, shown: str
) -> None:
    @stage(outputs=outputs)
    def make(record: Record) -> object:
        return returned

    with pytest.raises(OutputSignatureError) as caught:
        make(Record(new_manager(ignore_lazy=True), Params()))

    assert shown in str(caught.value)
    assert "(value,)" in str(caught.value)


def test_cached_artifacts_of_the_same_stage_twice_are_kept_apart(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    @stage(inputs=["number"], outputs=["number"], cachers=[cacher])
    def double(record: Record, number: int) -> int:
        RUNS.append(number)
        return 2 * number

    RUNS.clear()

    results = [double(double(make_number(Record(new_manager(), Params())))) for _ in range(2)]

    assert [result.state["number"] for result in results] == [4, 4]
    assert RUNS == [1, 2]


def test_aggregates_over_aggregates_have_their_own_artifacts(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @aggregate(inputs=["number"], outputs=["number"], cachers=[cacher])
    def highest(record: Record, records: list[Record], number: dict[Record, int]) -> int:
        return max(number.values())

    def tower(*values: int) -> Record:
        records = [make_number(Record(manager, Params(value=value))) for value in values]
        return highest(Record(manager, None), [highest(Record(manager, None), records)])

    low, high = tower(1, 2), tower(3, 4)

    assert (low.output, high.output) == (2, 4)
    assert low.get_hash() != high.get_hash()


def test_a_cached_stage_is_not_executed_again(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    runs: list[int] = []

    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        runs.append(1)
        return int(record.params.value)

    records = [make(Record(new_manager(), Params(value=value))) for value in (1, 1, 2)]

    assert [record.output for record in records] == [1, 1, 2]
    assert [record.calls[0].status for record in records] == ["executed", "loaded", "executed"]
    assert len(runs) == 2


def test_a_stage_is_executed_again_if_one_output_is_missing(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    runs: list[int] = []

    @stage(outputs=["a", "b"], cachers=[cacher, cacher])
    def make(record: Record) -> tuple[int, int]:
        runs.append(1)
        return 1, 2

    first = make(Record(new_manager(), Params()))
    Path(first.calls[0].outputs[1].path or "").unlink()
    second = make(Record(new_manager(), Params()))

    assert (len(runs), second.output) == (2, (1, 2))
    assert [artifact.name for artifact in second.manager.artifacts] == ["a", "b"]


def test_a_record_without_parameters_is_cached_too(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    runs: list[int] = []

    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        runs.append(1)
        return 1

    assert [make(Record(new_manager(), None)).output for _ in range(2)] == [1, 1]
    assert len(runs) == 1


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_dry_sessions_read_the_cache_and_write_nothing(
    new_manager: NewManager, cacher: type[Cacher], folder: Path, option: str
) -> None:
    runs: list[int] = []

    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        runs.append(record.params.value)
        return int(record.params.value)

    make(Record(new_manager(), Params(value=1)))
    before = sorted((folder / "data" / "cache").iterdir())
    dry = new_manager(**{option: True})
    outputs = [make(Record(dry, Params(value=value))).output for value in (1, 2)]

    assert outputs == runs == [1, 2]
    assert sorted((folder / "data" / "cache").iterdir()) == before


@pytest.mark.parametrize("forced", ["manager", "stage", "parameters"])
def test_whoever_asks_for_it_a_cached_stage_is_executed_again(
    new_manager: NewManager, cacher: type[Cacher], forced: str
) -> None:
    runs: list[int] = []

    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        runs.append(1)
        return 1

    make(Record(new_manager(), Params()))
    manager = new_manager()
    manager.overwrite = forced == "manager"
    manager.overwrite_stages = ["make"] if forced == "stage" else ["other"]
    make(Record(manager, Params(overwrite=forced == "parameters")))

    assert len(runs) == 2


def test_a_cacher_instance_in_a_decorator_is_never_changed(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    instance = cacher()

    @stage(outputs=["a", "b"], cachers=[instance, instance])
    def make(record: Record) -> tuple[int, int]:
        return int(record.params.value), -int(record.params.value)

    records = [make(Record(manager, Params(value=value))) for value in (1, 2)]

    assert (instance.record, instance.name) == (None, None)
    assert [artifact.fetch() for record in records for artifact in record.calls[0].outputs] == [
        1, -1, 2, -2,
    ]  # fmt: skip


def test_a_running_stage_can_ask_for_its_cachers(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    paths: list[str] = []

    @stage(outputs=["a"], cachers=[cacher])
    def make(record: Record) -> int:
        assert record.stage_cachers is not None
        paths.extend(each.get_path() for each in record.stage_cachers)
        return 1

    record = make(Record(manager, Params()))

    assert paths == [record.calls[0].outputs[0].path]
    assert record.stage_cachers is None


@stage()
def fail(record: Record) -> None:
    raise LookupError("no such data")


@aggregate()
def fail_together(record: Record, records: list[Record]) -> None:
    raise LookupError("no such data")


@pytest.mark.parametrize(
    ("failing", "kind"), [(fail, "stage 'fail'"), (fail_together, "aggregate 'fail_together'")]
)
def test_a_failure_names_stage_record_parameters_and_experiment(
    record: Record, failing: Callable[[Record], Record], kind: str
) -> None:
    with pytest.raises(LookupError, match="no such data") as caught:
        failing(record)

    note = "\n".join(caught.value.__notes__)
    for part in (kind, "record 0", "parameter set 'small'", record.get_hash(), "'test'"):
        assert part in note


def test_after_a_failure_the_session_can_go_on(record: Record) -> None:
    with pytest.raises(LookupError):
        fail(record)

    assert record.manager.active_call is None
    assert record.manager.current_stage_name == ""
    assert record.calls[0].status is CallStatus.FAILED
    assert isinstance(record.calls[0].error, LookupError)
    assert make_number(record).output == 5


def test_a_type_error_of_user_code_stays_one(record: Record) -> None:
    @stage(outputs=["a"])
    def add(record: Record) -> object:
        return 1 + "text"  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand") as caught:
        add(record)

    assert type(caught.value) is TypeError


def test_an_unexpected_argument_is_a_type_error_that_names_the_stage(record: Record) -> None:
    with pytest.raises(TypeError, match="unexpected") as caught:
        make_number(record, wrong=1)

    assert "stage 'make_number'" in caught.value.__notes__[0]


def test_a_value_that_cannot_be_stored_names_the_stage(
    record: Record, cacher: type[Cacher]
) -> None:
    class FullDisk(cacher):  # type: ignore[valid-type, misc]
        def write(self, value: object) -> None:
            raise CacheError("no space left")

    @stage(outputs=["a"], cachers=[FullDisk])
    def make(record: Record) -> int:
        return 1

    with pytest.raises(CacheError, match="no space left") as caught:
        make(record)

    assert "stage 'make'" in caught.value.__notes__[0]
    assert "a" not in record.state


def test_a_nested_stage_works_and_warns(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    names: list[str] = []

    @stage(outputs=["outer"])
    def outer(record: Record) -> int:
        number = make_number(Record(record.manager, Params(value=7))).output
        names.append(record.manager.current_stage_name)
        return int(number)

    assert outer(record).output == 7
    assert names == ["outer"]
    assert (record.manager.current_stage_name, record.manager.stage_active) == ("", False)
    assert "stage 'make_number' is called inside stage 'outer'" in caplog.text


def test_a_damaged_artifact_is_computed_again(
    new_manager: NewManager, cacher: type[Cacher], caplog: pytest.LogCaptureFixture
) -> None:
    @stage(outputs=["number"], cachers=[cacher])
    def make(record: Record) -> int:
        return 5

    first = make(Record(new_manager(), Params()))
    Path(first.calls[0].outputs[0].path or "").write_bytes(b"damaged")
    second = make(Record(new_manager(), Params()))

    assert second.output == 5
    assert second.calls[0].status is CallStatus.EXECUTED
    assert "is damaged. It is computed again." in caplog.text


@pytest.mark.parametrize("given_by", ["hand", "stage"])
def test_a_damaged_artifact_that_replaced_its_own_input_is_computed_again(
    new_manager: NewManager, cacher: type[Cacher], given_by: str
) -> None:
    @stage(inputs=["number"], outputs=["number"], cachers=[cacher])
    def double(record: Record, number: int) -> int:
        return 2 * number

    def start() -> Record:
        record = Record(new_manager(), Params(value=5))
        if given_by == "stage":
            return make_number(record)
        record.state["number"] = 5
        return record

    first = double(start())
    Path(first.calls[-1].outputs[0].path or "").write_bytes(b"damaged")

    assert double(start()).state["number"] == 10


def test_times_are_measured_and_logged(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    make_number(record)

    assert record.calls[0].seconds is not None
    assert 0 <= record.calls[0].seconds < 60
    assert "stage make_number: Record 0 (small) executed in" in caplog.text


@pytest.mark.parametrize(
    ("on_stale", "ran", "warned"),
    [
        (OnStale.WARN, ["a"], True),
        (OnStale.RERUN, ["a", "b"], False),
        (OnStale.IGNORE, ["a"], False),
    ],
)
def test_what_is_stale_without_a_plan(
    new_manager: NewManager,
    cacher: type[Cacher],
    caplog: pytest.LogCaptureFixture,
    on_stale: OnStale,
    ran: list[str],
    *,
    warned: bool,
) -> None:
    @stage(outputs=["a"], cachers=[cacher])
    def make_a(record: Record) -> int:
        STAGES.append("a")
        return 1

    @stage(inputs=["a"], outputs=["b"], cachers=[cacher])
    def make_b(record: Record, a: int) -> int:
        STAGES.append("b")
        return a + 1

    make_b(make_a(Record(new_manager(), Params())))
    STAGES.clear()
    manager = new_manager()
    manager.on_stale, manager.overwrite_stages = on_stale, ["make_a"]

    assert make_b(make_a(Record(manager, Params()))).output == 2
    assert ran == STAGES
    assert ("make_b of Record 0 (UNNAMED) is used from the cache" in caplog.text) is warned


CALLS = """
import os
import sys
from dataclasses import dataclass
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1

@cf.stage(None, ["a"])
def one(record):
    return record.params.x

@cf.stage(["a"], ["b"])
def two(record, a):
    return a + 1

manager = cf.ArtifactManager("calls", suppress_live_log=True)
records = [cf.Record(manager, Params(x=x)) for x in range(50)]
two(one(records[0]))  # what is asked once is asked now

asked = set()
sys.addaudithook(lambda event, _: asked.add(event))
reads = []
os.environ.__class__.__getitem__ = lambda self, name: reads.append(name)
for record in records[1:]:
    two(one(record))
print(sorted(asked), reads)
"""


def test_a_call_asks_the_system_for_nothing(folder: Path) -> None:
    printed = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, check=True).stdout

    assert printed.decode().strip() == "[] []"


def test_a_stage_that_fails_is_tried_again_as_often_as_it_says(
    manager: ArtifactManager, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    @stage(outputs=["value"], retries=2)
    def unstable(record: Record) -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")
        return 7

    assert unstable(Record(manager, None)).state["value"] == 7
    assert len(attempts) == 3
    assert "failed: OSError: not yet. Retry 2 of 2." in caplog.text


def test_a_stage_that_fails_too_often_fails(manager: ArtifactManager) -> None:
    attempts = []

    @stage(outputs=["value"], retries=1)
    def broken(record: Record) -> int:
        attempts.append(1)
        raise OSError("never")

    with pytest.raises(OSError, match="never"):
        broken(Record(manager, None))

    assert len(attempts) == 2
    assert not manager.stage_active


@pytest.mark.parametrize("fails", [False, True])
def test_a_stage_that_changes_the_current_folder_is_brought_back(
    new_manager: NewManager,
    cacher: type[Cacher],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    elsewhere, before = tmp_path_factory.mktemp("elsewhere"), Path.cwd()

    @stage(outputs=["number"], cachers=[cacher])
    def wander(record: Record) -> float:
        os.chdir(elsewhere)
        return 1 / (0 if fails else 1)

    record = Record(new_manager(), Params())
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        wander(record)

    assert Path.cwd() == before
    assert list(elsewhere.iterdir()) == []
    assert fails or Path(record.calls[0].outputs[0].path or "").is_file()
    assert f"changed the current folder to {elsewhere}" in caplog.text
