"""Digests of large files, computed while the session goes on: recorded, waited for, never wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.caching import Cacheable, JsonCacher, PickleCacher, pending_digests, publishing
from curifactory.caching.digesting import LARGE, digest_as_described
from curifactory.caching.pending_digests import Digestion
from curifactory.caching.upkeep.cache import CacheUpkeep
from curifactory.config import get_configuration
from curifactory.store import RunStore

_ARTIFACT = Path("data/cache/test_0_make_data.pkl")
_LONG = 60.0
"""Seconds after which a test fails instead of hanging."""
executed: list[str] = []


@stage(None, ["data"], [PickleCacher])
def make(record: Record) -> bytearray:
    executed.append("make")
    return bytearray(2 * LARGE)


@stage(["data"], ["size"], [JsonCacher])
def measure(record: Record, data: bytearray) -> int:
    executed.append("measure")
    return len(data)


@stage(None, [Lazy("data")], [PickleCacher])
def make_lazy(record: Record) -> bytearray:
    return bytearray(2 * LARGE)


@pytest.fixture(autouse=True)
def forget() -> None:
    executed.clear()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let digests be computed only once it is set."""
    opened = threading.Event()

    def wait_and_digest(*arguments: Any) -> str | None:
        assert opened.wait(_LONG)
        return digest_as_described(*arguments)

    monkeypatch.setattr(pending_digests, "digest_as_described", wait_and_digest)
    yield opened
    opened.set()
    pending_digests.wait_for_digests()


def recorded(artifact: Path = _ARTIFACT) -> str | None:
    """Return the digest that the metadata has of an artifact's file."""
    beside = artifact.with_name(f"{artifact.stem}_metadata.json")
    digest: str | None = json.loads(beside.read_text())["files"][artifact.name]["sha256"]
    return digest


def digest_of(path: Path = _ARTIFACT) -> str:
    return sha256(path.read_bytes()).hexdigest()


def new_record(manager: ArtifactManager) -> Record:
    return Record(manager, ExperimentParameters())


def everything() -> dict[str, tuple[bytes, int]]:
    paths = [path for path in Path("data").rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


# -- in one session --------------------------------------------------------------------------------


def test_the_digest_follows_while_the_session_goes_on(
    manager: ArtifactManager, gate: threading.Event
) -> None:
    record = make(new_record(manager))

    assert recorded() is None
    assert len(record.state["data"]) == 2 * LARGE
    gate.set()
    manager.close_run("complete")
    assert recorded() == digest_of()
    assert not any(isinstance(thread, Digestion) for thread in threading.enumerate())


def test_what_becomes_of_the_value_does_not_change_the_digest(
    manager: ArtifactManager, gate: threading.Event
) -> None:
    record = make(new_record(manager))
    value = record.state["data"]
    value[:] = b"x" * len(value)
    gate.set()
    manager.close_run("complete")

    assert b"x" * 100 not in _ARTIFACT.read_bytes()
    assert recorded() == digest_of()


def test_what_is_computed_from_it_records_its_content(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    first = new_manager()
    measure(make(new_record(first)))
    inputs = json.loads(Path("data/cache/test_0_measure_size_metadata.json").read_text())["inputs"]

    assert inputs[0][3] == measured_content()
    second = new_manager()
    second.overwrite_stages = ["make"]
    measure(make(new_record(second)))  # comes out equal
    assert executed == ["make", "measure", "make"]


def measured_content() -> str:
    return sha256(f" {digest_of()}".encode()).hexdigest()[:32]


def test_a_lazy_value_is_read_before_it_is_digested(
    manager: ArtifactManager, gate: threading.Event
) -> None:
    record = make_lazy(new_record(manager))

    assert len(record.state["data"]) == 2 * LARGE
    assert recorded(Path("data/cache/test_0_make_lazy_data.pkl")) is None


def test_a_digest_recorded_while_the_value_is_read_is_no_reason_to_read_it_again(
    manager: ArtifactManager, gate: threading.Event
) -> None:
    loads = []

    class Watching(PickleCacher):
        def load(self) -> Any:
            loads.append(recorded(Path(self.get_path())))
            gate.set()
            pending_digests.wait_for_digests()
            loads.append(recorded(Path(self.get_path())))
            return super().load()

    @stage(None, [Lazy("data")], [Watching])
    def make_watched(record: Record) -> bytes:
        return bytes(LARGE)

    record = make_watched(new_record(manager))

    assert record.state["data"] == bytes(LARGE)
    assert loads == [None, digest_of(Path("data/cache/test_0_make_watched_data.pkl"))]


def test_metadata_that_is_asked_for_is_complete(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    record = make(new_record(new_manager()))
    cacher = record.state.artifacts["data"].cacher

    assert isinstance(cacher, Cacheable)
    metadata = cacher.load_metadata()
    assert metadata is not None
    assert metadata["files"][_ARTIFACT.name]["sha256"] == digest_of()


def test_another_session_waits_for_the_digest_it_compares(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    first, second = new_manager(), new_manager()
    measure(make(new_record(first)))
    first.overwrite_stages = ["make"]
    make(new_record(first))

    measure(make(new_record(second)))

    assert executed == ["make", "measure", "make"]


def test_few_artifacts_wait_at_a_time(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_digests, "_MOST", 1)
    before = []

    class Watching(PickleCacher):
        def save(self, obj: Any) -> str:
            before.append(recorded())
            return super().save(obj)

    @stage(None, ["other"], [Watching])
    def make_other(record: Record) -> bytes:
        return bytes(LARGE)

    make_other(make(new_record(manager)))

    assert before == [digest_of()]


def test_artifacts_of_many_large_files_have_all_digests(manager: ArtifactManager) -> None:
    class Many(Cacheable):
        def save(self, obj: Any) -> None:
            for number in range(20):
                Path(self.get_dir("_parts"), str(number)).write_bytes(bytes(LARGE + number))
            Path(self.get_path()).write_text("main")

    @stage(None, ["data"], [Many])
    def make_many(record: Record) -> int:
        return 1

    make_many(new_record(manager))
    manager.close_run("complete")

    folder = Path("data/cache")
    files = json.loads((folder / "test_0_make_many_data_metadata.json").read_text())["files"]
    assert len(files) == 21
    assert all(facts["sha256"] == digest_of(folder / name) for name, facts in files.items())


def until_given_up(_file: Any, _described: Any, go_on: Callable[[], bool]) -> None:
    """Take the place of what computes digests, and never come to an end by itself."""
    while go_on():
        time.sleep(0.001)


def test_an_interrupted_run_leaves_digests_to_the_next(
    new_manager: Callable[..., ArtifactManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = new_manager()
    with monkeypatch.context() as patch:
        patch.setattr(pending_digests, "digest_as_described", until_given_up)
        make(new_record(manager))
        manager.close_run("interrupted")
    assert recorded() is None

    measure(make(new_record(new_manager())))

    assert executed == ["make", "measure"]
    assert recorded() == digest_of()


def test_a_finished_run_stays_so_if_the_wait_for_its_digests_is_interrupted(
    new_manager: Callable[..., ArtifactManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    join = Digestion.join

    def interrupt(_self: Digestion) -> None:
        monkeypatch.setattr(Digestion, "join", join)
        raise KeyboardInterrupt

    manager = new_manager()
    with monkeypatch.context() as patch:
        patch.setattr(pending_digests, "digest_as_described", until_given_up)
        make(new_record(manager))
    monkeypatch.setattr(Digestion, "join", interrupt)

    with pytest.raises(KeyboardInterrupt):
        manager.close_run("complete")

    assert RunStore("data").runs()[-1]["status"] == manager.status == "complete"
    assert not any(isinstance(thread, Digestion) for thread in threading.enumerate())
    measure(make(new_record(new_manager())))
    assert executed == ["make", "measure"]
    assert recorded() == digest_of()


def test_digests_are_computed_at_once_where_no_thread_can_be_started(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Digestion) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(Digestion, "start", refuse)
    make(new_record(manager))

    assert recorded() == digest_of()
    manager.close_run("complete")


def test_digests_are_computed_first_where_open_files_cannot_be_renamed(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    monkeypatch.setattr(publishing, "_OPEN_FILES_ARE_RENAMED", False)
    make(new_record(manager))

    assert recorded() == digest_of()


# -- when something goes wrong ---------------------------------------------------------------------


def test_a_digest_that_cannot_be_recorded_is_named_and_fails_nothing(
    new_manager: Callable[..., ArtifactManager],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_self: Digestion, _path: str, _text: bytes) -> None:
        raise OSError(28, "No space left on device")

    manager = new_manager()
    with monkeypatch.context() as patch:
        patch.setattr(Digestion, "_write", fail)
        make(new_record(manager))
        manager.close_run("complete")
    (message,) = [each.getMessage() for each in caplog.records if "digest" in each.getMessage()]
    assert "test_0_make_data_metadata.json" in message
    assert "No space left on device" in message
    assert recorded() is None

    measure(make(new_record(new_manager())))
    assert executed == ["make", "measure"]
    assert recorded() == digest_of()


def test_a_cache_that_is_gone_does_not_come_back(
    manager: ArtifactManager, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    make(new_record(manager))
    shutil.rmtree("data")
    gate.set()
    pending_digests.wait_for_digests()

    assert not Path("data").exists()
    assert "digest" not in caplog.text


def test_a_file_that_is_changed_meanwhile_gets_no_digest_and_is_not_used(
    new_manager: Callable[..., ArtifactManager], gate: threading.Event
) -> None:
    make(new_record(new_manager()))
    with _ARTIFACT.open("r+b") as file:
        file.write(b"other")
    os.utime(_ARTIFACT, ns=(1, 1))
    gate.set()
    pending_digests.wait_for_digests()
    assert recorded() is None

    make(new_record(new_manager()))

    assert executed == ["make", "make"]


def test_an_artifact_that_another_session_replaces_keeps_its_own_digest(
    new_manager: Callable[..., ArtifactManager], gate: threading.Event
) -> None:
    for _ in range(2):
        manager = new_manager()
        manager.overwrite = True
        make(new_record(manager))
    execution = json.loads(_ARTIFACT.with_name("test_0_make_data_metadata.json").read_text())
    gate.set()
    pending_digests.wait_for_digests()

    now = json.loads(_ARTIFACT.with_name("test_0_make_data_metadata.json").read_text())
    assert now["execution"] == execution["execution"]
    assert recorded() == digest_of()


SESSION = """
import os, signal, sys, warnings
from pathlib import Path
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import JsonCacher, PickleCacher, pending_digests

@stage(None, ["data"], [PickleCacher])
def make(record):
    with open("executed.txt", "a") as file:
        file.write("make ")
    return {value}

@stage(["data"], ["size"], [JsonCacher])
def measure(record, data):
    {inside}
    with open("executed.txt", "a") as file:
        file.write("measure ")
    return len(data)

def session():
    manager = ArtifactManager("test", suppress_live_log=True)
    {before}
    record = make(Record(manager, ExperimentParameters()))
    {after}

session()
"""
_DIE = "pending_digests.digest_as_described = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"


def run_session(
    *,
    value: str = f"bytes({2 * LARGE})",
    before: str = "pass",
    after: str = "pass",
    inside: str = "pass",
) -> subprocess.CompletedProcess[str]:
    code = SESSION.format(value=value, before=before, after=after, inside=inside)
    Path("session.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-W", "error", "session.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONG,
    )


def ran() -> list[str]:
    return Path("executed.txt").read_text().split()


def test_an_artifact_that_another_process_replaces_keeps_its_own_digest(
    manager: ArtifactManager, gate: threading.Event
) -> None:
    make(new_record(manager))
    value = f"b'x' * {3 * LARGE}"
    done = run_session(value=value, before="manager.overwrite = True")
    assert done.returncode == 0, done.stderr
    assert _ARTIFACT.stat().st_size > 3 * LARGE
    gate.set()
    manager.close_run("complete")

    assert recorded() == digest_of()


def test_an_interpreter_does_not_end_before_its_digests(folder: Path) -> None:
    done = run_session()

    assert (done.returncode, done.stderr) == (0, "")
    assert recorded() == digest_of()
    assert not Path("data/.curifactory-staging").exists()


def test_a_run_that_is_killed_before_its_digest_leaves_what_it_stored(folder: Path) -> None:
    assert run_session(before=_DIE, after="measure(record)").returncode == -signal.SIGKILL
    assert recorded() is None

    done = run_session(after="measure(record)")

    assert done.returncode == 0, done.stderr
    assert ran() == ["make", "measure"]
    assert recorded() == digest_of()
    run_session(after="measure(record)")
    assert ran() == ["make", "measure"]


def test_what_a_killed_run_left_is_used_only_as_it_was(folder: Path) -> None:
    run_session(before=_DIE)
    os.utime(_ARTIFACT, ns=(1, 1))  # may be another file by now: nothing can tell

    assert run_session().returncode == 0
    assert ran() == ["make", "make"]


def test_dry_runs_compute_missing_digests_and_write_nothing(folder: Path) -> None:
    run_session(after="measure(record)")
    run_session(before=f"{_DIE}; manager.overwrite_stages = ['make']")
    assert recorded() is None
    before = everything()

    Path("executed.txt").write_text("")
    for option in ("dry", "dry_cache"):
        done = run_session(before=f"manager.{option} = True", after="measure(record)")
        assert done.returncode == 0, done.stderr
    cache = {name: content for name, content in everything().items() if "/cache/" in name}
    assert cache == {name: content for name, content in before.items() if "/cache/" in name}
    assert ran() == []  # what was computed again is equal to what it was


def test_verifying_records_a_missing_digest(folder: Path) -> None:
    run_session(before=_DIE)
    upkeep = CacheUpkeep(get_configuration())

    (artifact,) = upkeep.artifacts()

    assert artifact.state == "complete"
    assert upkeep.verify(artifact) is None
    assert recorded() == digest_of()


def test_processes_that_stages_fork_neither_hang_nor_warn(folder: Path) -> None:
    inside = """child = os.fork()
    if child == 0:
        manager = ArtifactManager("test", suppress_live_log=True)
        manager.overwrite = True
        state = make(Record(manager, ExperimentParameters())).state
        manager.close_run("complete")
        os._exit(0 if len(state["data"]) == len(data) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    done = run_session(inside=inside, after="measure(record)")

    assert (done.returncode, done.stderr) == (0, "")
    assert ran() == ["make", "make", "measure"]
    assert recorded() == digest_of()


def test_a_full_store_has_the_digests(new_manager: Callable[..., ArtifactManager]) -> None:
    manager = new_manager(store_full=True)
    make(new_record(manager))
    kept = Path(manager.get_run_output_path("artifacts")) / _ARTIFACT.name

    assert recorded(kept) == digest_of(kept) == digest_of()


def test_a_full_store_without_a_cache_has_them_too(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    manager = new_manager(store_full=True, dry_cache=True)
    make(new_record(manager))
    manager.close_run("complete")
    kept = Path(manager.get_run_output_path("artifacts")) / _ARTIFACT.name

    assert recorded(kept) == digest_of(kept)
    assert not _ARTIFACT.exists()


def test_small_files_have_their_digest_at_once(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_keywords: Mapping[str, Any]) -> None:
        raise AssertionError("a small file is read again")

    monkeypatch.setattr(pending_digests.PendingDigests, "add", refuse)

    @stage(None, ["data"], [PickleCacher])
    def make_small(record: Record) -> bytes:
        return bytes(1_000)

    make_small(new_record(manager))

    path = Path("data/cache/test_0_make_small_data.pkl")
    assert recorded(path) == digest_of(path)
