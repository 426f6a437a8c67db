"""Publishing: artifacts are there completely or not at all, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import (
    Cacheable,
    JsonCacher,
    PickleCacher,
    loading,
    publishing,
    staging_folders,
)
from curifactory.exceptions import CacheError, UnreadableArtifactError

SCRIPT = """
import os, signal, sys
from pathlib import Path
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import Cacheable, JsonCacher, PickleCacher

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying(Cacheable):
    def save(self, obj):
        Path(self.get_path("_model")).write_text("new")
        Path(self.get_dir("_pieces"), "one").write_text("new")
        with open(self.get_path(), "w") as file:
            file.write("half of it")
            file.flush()
            {moment}

    def load(self):
        return Path(self.get_path()).read_text()

@stage(outputs=["data"], cachers=[Dying])
def make(record):
    return "value"

manager = ArtifactManager("test", suppress_live_log=True)
manager.overwrite = True
make(Record(manager, ExperimentParameters()))
"""


class TwoFiles(Cacheable):
    """Stores a number twice, so that a mixture of two saves shows."""

    def save(self, obj: int) -> None:
        for suffix in ("_copy", None):
            Path(self.get_path(suffix)).write_text(str(obj) * (obj % 50 + 1))

    def load(self) -> tuple[str, str]:
        return Path(self.get_path("_copy")).read_text(), Path(self.get_path()).read_text()


def run_script(code: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False, timeout=60
    )


def cached_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data" / "cache").rglob("*"))


def test_a_process_killed_while_saving_leaves_nothing_in_the_cache(folder: Path) -> None:
    killed = run_script(SCRIPT.replace("{moment}", "die()"))

    assert killed.returncode == -signal.SIGKILL
    assert cached_files(folder) == []


def test_what_was_complete_before_stays_when_a_process_is_killed(folder: Path) -> None:
    complete = run_script(SCRIPT.replace("{moment}", "pass"))
    before = {path: path.read_bytes() for path in Path("data/cache").rglob("*") if path.is_file()}
    killed = run_script(SCRIPT.replace("{moment}", "die()"))

    assert complete.returncode == 0, complete.stderr.decode()
    assert killed.returncode == -signal.SIGKILL
    assert len(before) == 4
    assert before == {path: path.read_bytes() for path in Path("data/cache").rglob("*.*")} | {
        path: path.read_bytes() for path in Path("data/cache").rglob("*") if path.is_file()
    }


def test_what_a_killed_process_left_elsewhere_is_removed_by_the_next(folder: Path) -> None:
    run_script(SCRIPT.replace("{moment}", "die()"))
    left = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == b"new"]
    run_script(SCRIPT.replace("{moment}", "pass"))

    assert left
    assert not any(path.exists() for path in left)
    assert not [path.name for path in folder.rglob("*") if "staging" in path.name]


def test_a_folder_that_its_process_is_removing_is_no_hindrance(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "host-1-1").mkdir()
    entries = list(os.scandir(folder))
    entries[0].is_dir()
    (folder / "host-1-1").rmdir()
    monkeypatch.setattr(os, "scandir", lambda _path: entries)

    staging_folders.remove_dead(str(folder))

    assert not os.path.exists(folder / "host-1-1")


def test_while_saving_only_artifacts_lie_in_the_cache(
    manager: ArtifactManager, folder: Path
) -> None:
    seen: list[list[str]] = []

    class Looking(PickleCacher):
        def save(self, obj: Any) -> str:
            path = super().save(obj)
            seen.append(cached_files(folder))
            assert Path(path).name == Path(self.main_path()).name
            return path

    @stage(outputs=["a", "b"], cachers=[Looking, Looking])
    def make(record: Record) -> tuple[int, int]:
        return 1, 2

    make(Record(manager, ExperimentParameters()))

    assert seen == [[], []]
    assert len(cached_files(folder)) == 4


def test_a_full_disk_is_named_and_leaves_nothing_behind(folder: Path) -> None:
    code = """
import resource, signal
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import PickleCacher

@stage(outputs=["data"], cachers=[PickleCacher])
def make(record):
    return bytes(200_000)

manager = ArtifactManager("test", suppress_live_log=True)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
make(Record(manager, ExperimentParameters()))
"""
    error = run_script(code).stderr.decode()

    assert "CacheError: output 'data' of stage 'make' cannot be stored at 'data/cache/" in error
    assert "File too large. Check the folder's permissions and the free space" in error
    assert "parameter set 'UNNAMED'" in error
    assert cached_files(folder) == []
    assert not [path for path in folder.rglob("*") if path.is_file() and "make" in path.name]


@pytest.mark.parametrize("failing", [None, "_copy"])
def test_a_save_that_fails_halfway_publishes_none_of_its_files(
    manager: ArtifactManager, folder: Path, failing: str | None
) -> None:
    class Failing(TwoFiles):
        def save(self, obj: int) -> None:
            super().save(obj)
            os.unlink(self.get_path(failing))
            raise RuntimeError("in the middle")

    @stage(outputs=["data"], cachers=[Failing])
    def make(record: Record) -> int:
        return 1

    with pytest.raises(CacheError, match="RuntimeError: in the middle"):
        make(Record(manager, ExperimentParameters()))

    assert cached_files(folder) == []


def test_a_cacher_that_writes_nothing_is_refused(manager: ArtifactManager, folder: Path) -> None:
    class Forgetful(JsonCacher):
        def save(self, obj: Any) -> str:
            return "nothing written"

    @stage(outputs=["data"], cachers=[Forgetful])
    def make(record: Record) -> int:
        return 1

    with pytest.raises(CacheError, match="wrote nothing"):
        make(Record(manager, ExperimentParameters()))

    assert cached_files(folder) == []


def test_the_final_path_comes_back_from_save(folder: Path) -> None:
    assert JsonCacher("out/file.json").save(1) == "out/file.json"
    assert PickleCacher("file.pkl").save(1) == "file.pkl"


def test_permissions_are_those_of_ordinary_files(folder: Path) -> None:
    (folder / "ordinary").touch()
    JsonCacher("file.json").save(1)

    assert (folder / "file.json").stat().st_mode == (folder / "ordinary").stat().st_mode


def test_a_link_to_the_cache_is_followed(folder: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "data").symlink_to(elsewhere)
    manager = ArtifactManager("test", suppress_live_log=True)

    @stage(outputs=["data"], cachers=[TwoFiles])
    def make(record: Record) -> int:
        return 1

    make(Record(manager, ExperimentParameters()))
    manager.close_run("complete")

    assert (folder / "data").is_symlink()
    assert len(list((elsewhere / "cache").iterdir())) == 3


def test_a_child_process_after_a_fork_publishes_for_itself(folder: Path) -> None:
    code = """
import os
from curifactory.caching import JsonCacher
JsonCacher("out/parent.json").save(1)
child = os.fork()
JsonCacher(f"out/{'child' if child == 0 else 'other'}.json").save(2)
if child:
    os.waitpid(child, 0)
    JsonCacher("out/after.json").save(3)
"""
    result = run_script(code)

    assert result.returncode == 0, result.stderr.decode()
    assert sorted(os.listdir("out")) == ["after.json", "child.json", "other.json", "parent.json"]


def test_a_lock_is_freed_although_a_child_process_has_inherited_it(folder: Path) -> None:
    pytest.importorskip("fcntl", reason="files cannot be locked here")
    code = """
import os
from curifactory.caching.locking import exclusive, lock
reader, writer = os.pipe()
with exclusive("root"):
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)  # until the parent ends
        os._exit(0)
with open("root/lock", "ab") as file:
    assert lock(file.fileno(), wait=False)
"""
    result = run_script(code)

    assert result.returncode == 0, result.stderr.decode()


def test_outputs_of_one_call_are_published_without_another_process_in_between(
    folder: Path,
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="files cannot be locked here")
    others_were_kept_out = []

    class Watching(JsonCacher):
        def main_path(self) -> str:
            path = Path("data/.curifactory-staging/lock")
            if path.exists() and Path("data/cache/test_0_make_first.json").exists():
                with path.open("ab") as lock:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        others_were_kept_out.append(True)
                    else:
                        others_were_kept_out.append(False)
            return super().main_path()

    @stage(None, ["first", "second"], [JsonCacher, Watching])
    def make(record: Record) -> tuple[int, int]:
        return 1, 2

    manager = ArtifactManager("test", suppress_live_log=True)
    make(Record(manager, ExperimentParameters()))
    manager.close_run("complete")

    assert others_were_kept_out[0] is True


WRITER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from writing import bound
from curifactory import ArtifactManager
cacher = bound()
end = time.monotonic() + 1.5
number = 0
while time.monotonic() < end:
    number += 1
    pending = cacher.write(number)
    pending.commit()
    pending.discard()
    time.sleep(0.02)
print(number)
"""
WRITING = """
from pathlib import Path
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import Cacheable

class TwoFiles(Cacheable):
    def save(self, obj):
        for suffix in ("_copy", None):
            Path(self.get_path(suffix)).write_text(str(obj) * 2000)

    def load(self):
        return Path(self.get_path("_copy")).read_text(), Path(self.get_path()).read_text()

@stage(outputs=["data"], cachers=[TwoFiles])
def make(record):
    return 0

def bound():
    manager = ArtifactManager("test", suppress_live_log=True)
    return make(Record(manager, ExperimentParameters())).calls[0].outputs[0].cacher
"""
READER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from writing import bound
from curifactory.exceptions import UnreadableArtifactError
cacher = bound()
end = time.monotonic() + 1.0
good = bad = 0
while time.monotonic() < end:
    try:
        one, other = cacher.fetch()
    except UnreadableArtifactError:
        bad += 1
        continue
    assert one == other, "a mixture of two saves"
    good += 1
print(good, bad)
"""


def test_a_reader_beside_a_writer_never_gets_a_mixture_nor_disturbs_it(
    folder: Path, tmp_path_factory: Any
) -> None:
    modules = tmp_path_factory.mktemp("modules")
    (modules / "writing.py").write_text(WRITING)
    processes = [
        subprocess.Popen(
            [sys.executable, "-B", "-c", code, str(modules)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for code in (WRITER, READER)
    ]
    (written, writer_error), (read, reader_error) = (
        process.communicate(timeout=60) for process in processes
    )

    assert writer_error == b"", writer_error.decode()
    assert reader_error == b"", reader_error.decode()
    assert int(written) > 1
    assert int(read.split()[0]) > 1
    assert not list((folder / "data" / "cache").glob("*.corrupt"))


def test_what_is_being_replaced_is_waited_for_and_not_set_aside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @stage(outputs=["data"], cachers=[TwoFiles])
    def make(record: Record) -> int:
        return 1

    manager = ArtifactManager("test", suppress_live_log=True)
    cacher: Any = make(Record(manager, ExperimentParameters())).calls[0].outputs[0].cacher
    half_done, go_on, move = threading.Event(), threading.Event(), publishing._move

    def move_and_wait(staged: str, path: str) -> None:
        move(staged, path)
        half_done.set()
        go_on.wait(30)

    pending = cacher.write(2)
    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(publishing, "_move", move_and_wait)
        patched.setattr(loading, "_READ_ATTEMPTS", 1)
        writing = threads.submit(pending.commit)
        assert half_done.wait(30)
        reading = threads.submit(cacher.fetch)
        with pytest.raises(TimeoutError):
            reading.result(0.3)
        go_on.set()
        writing.result(30)

    assert reading.result(30) == ("222", "222")
    assert not list((folder / "data").rglob("*.corrupt"))
    manager.close_run("complete")


def test_what_is_replaced_after_it_was_looked_up_is_looked_up_again(
    folder: Path, manager: ArtifactManager
) -> None:
    @stage(outputs=["data"], cachers=[JsonCacher])
    def make(record: Record) -> list[int]:
        return [1]

    call = make(Record(manager, ExperimentParameters())).calls[0]
    reader: Any = JsonCacher().bound_to(call, "data")
    assert reader.look_up().hit
    pending = JsonCacher().bound_to(call, "data").write([2])
    pending.commit()

    assert reader.fetch() == [2]


def test_what_is_changed_after_it_was_looked_up_is_not_loaded(
    folder: Path, manager: ArtifactManager
) -> None:
    @stage(outputs=["data"], cachers=[JsonCacher])
    def make(record: Record) -> list[int]:
        return [1]

    call = make(Record(manager, ExperimentParameters())).calls[0]
    reader: Any = JsonCacher().bound_to(call, "data")
    assert reader.look_up().hit
    Path(reader.get_path()).write_text("[\n    3\n]")

    with pytest.raises(UnreadableArtifactError, match="the content of file"):
        reader.fetch()


def test_a_session_keeps_no_metadata_of_what_it_has_in_memory(
    folder: Path, manager: ArtifactManager
) -> None:
    @stage(outputs=["data"], cachers=[JsonCacher])
    def make(record: Record) -> list[int]:
        return [1]

    for _ in range(2):  # stored, and loaded
        artifact: Any = make(Record(manager, ExperimentParameters())).calls[0].outputs[0]
        assert artifact._cacher is None
        assert artifact.metadata_path == artifact.path.replace(".json", "_metadata.json")
        assert artifact.cacher.look_up().hit
