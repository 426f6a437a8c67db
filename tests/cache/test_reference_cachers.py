"""Artifacts that lie elsewhere: references to files, and paths that a stage writes itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import FileReferenceCacher, JsonCacher, PathRef
from curifactory.exceptions import CacheError

NewManager = Callable[..., ArtifactManager]
RAN: list[int] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    """Forget what ran in other tests."""
    RAN.clear()


@pytest.mark.parametrize(
    "paths", ["one", ["one", "two"], {"first": "one", "more": ["two"]}], ids=repr
)
def test_references_come_back_as_they_were(
    new_manager: NewManager, folder: Path, paths: object
) -> None:
    @stage(outputs=["files"], cachers=[FileReferenceCacher])
    def collect(record: Record) -> object:
        RAN.append(1)
        return paths

    for name in ("one", "two"):
        (folder / name).touch()
    outputs = [collect(Record(new_manager(), ExperimentParameters())).output for _ in range(2)]

    assert outputs == [paths, paths]
    assert RAN == [1]


def test_a_missing_file_makes_the_reference_a_miss(new_manager: NewManager, folder: Path) -> None:
    @stage(outputs=["files"], cachers=[FileReferenceCacher])
    def collect(record: Record) -> list[str]:
        RAN.append(1)
        (folder / "one").touch()
        return ["one"]

    collect(Record(new_manager(), ExperimentParameters()))
    (folder / "one").unlink()
    collect(Record(new_manager(), ExperimentParameters()))

    assert RAN == [1, 1]


def test_what_was_computed_from_a_file_that_was_changed_since_is_stale(
    run_planned: Callable[..., ArtifactManager], folder: Path
) -> None:
    @stage(outputs=["files"], cachers=[FileReferenceCacher])
    def collect(record: Record) -> list[str]:
        RAN.append(1)
        (folder / "one").write_text("1")
        return ["one"]

    @stage(["files"], ["text"], [JsonCacher])
    def read(record: Record, files: list[str]) -> str:
        RAN.append(2)
        return Path(files[0]).read_text()

    def run(manager: ArtifactManager) -> None:
        read(collect(Record(manager, ExperimentParameters())))

    def causes() -> list[str]:
        plan = run_planned(run).plan
        assert plan is not None
        return [str(cause.kind) for _, decision in plan.calls() for cause in decision.causes]

    run_planned(run)
    assert causes() == ["up_to_date", "up_to_date"]
    (folder / "one").write_text("edited by hand")
    assert causes() == ["up_to_date", "input_changed"]
    assert RAN == [1, 2]


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff"])
def test_a_reference_that_cannot_be_read_is_computed_again(
    new_manager: NewManager, folder: Path, rubbish: bytes
) -> None:
    @stage(outputs=["files"], cachers=[FileReferenceCacher])
    def collect(record: Record) -> list[str]:
        return []

    record = collect(Record(new_manager(), ExperimentParameters()))
    path = Path(record.calls[0].outputs[0].path or "")
    path.with_name(f"{path.stem}_metadata.json").unlink()
    path.write_bytes(rubbish)

    assert collect(Record(new_manager(), ExperimentParameters())).output == []


@stage(outputs=["file"], cachers=[PathRef])
def write_itself(record: Record) -> str:
    assert record.stage_cachers is not None
    path = record.stage_cachers[0].get_path()
    Path(path).write_text("written by the stage")
    return path


def test_a_stage_can_write_its_artifact_itself(new_manager: NewManager) -> None:
    first = write_itself(Record(new_manager(), ExperimentParameters()))
    second = write_itself(Record(new_manager(), ExperimentParameters()))

    assert Path(second.output).read_text() == "written by the stage"
    assert [record.calls[0].status for record in (first, second)] == ["executed", "loaded"]


def test_another_path_than_the_artifacts_is_refused(manager: ArtifactManager) -> None:
    @stage(outputs=["file"], cachers=[PathRef])
    def wrong(record: Record) -> str:
        return "elsewhere"

    with pytest.raises((AssertionError, CacheError), match="must return the path of output 'file'"):
        wrong(Record(manager, ExperimentParameters()))


def test_a_path_whose_stage_was_killed_while_writing_does_not_count(
    folder: Path, new_manager: NewManager
) -> None:
    code = """
import os, signal
from pathlib import Path
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import PathRef

@stage(outputs=["file"], cachers=[PathRef])
def write_itself(record):
    Path(record.stage_cachers[0].get_path()).write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)

write_itself(Record(ArtifactManager("test", suppress_live_log=True), ExperimentParameters()))
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = (folder / "data" / "cache").iterdir()
    record = write_itself(Record(new_manager(), ExperimentParameters()))

    assert killed.returncode == -signal.SIGKILL
    assert record.calls[0].status == "executed"
    assert left.read_text() == "written by the stage"


def test_no_marker_is_left_when_the_stage_came_to_its_end(
    new_manager: NewManager, folder: Path
) -> None:
    write_itself(Record(new_manager(), ExperimentParameters()))

    assert not [name for name in os.listdir(folder / "data") if "incomplete" in name]


def test_a_path_put_there_by_hand_counts(new_manager: NewManager) -> None:
    first = Path(write_itself(Record(new_manager(), ExperimentParameters())).output)
    first.with_name(f"{first.name}_metadata.json").unlink()
    first.write_text("put by hand")

    record = write_itself(Record(new_manager(), ExperimentParameters()))

    assert Path(record.output).read_text() == "put by hand"
