"""Two hundred kills while artifacts are saved: what is left is never taken for what it is not."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = '''
import json
import os
import random
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path

import curifactory as cf
from curifactory.caching import Cacheable, JsonCacher, PickleCacher
from curifactory.config import OnStale

version = [0]


class ModelCacher(Cacheable):
    """Two files and a folder, of which each tells the version."""

    def save(self, obj):
        Path(self.get_path("_model")).write_text(f"{obj} " * 20_000)
        for part in range(3):
            Path(self.get_dir("_parts"), f"{part}.txt").write_text(str(obj))
        Path(self.get_path()).write_text(str(obj))

    def load(self):
        weights = set(Path(self.get_path("_model")).read_text().split())
        parts = {path.read_text() for path in Path(self.get_dir("_parts")).iterdir()}
        main = Path(self.get_path()).read_text()
        assert weights == parts == {main}, (weights, parts, main)
        return int(main)


@cf.stage(None, ["rows", "table"], [JsonCacher, PickleCacher])
def read(record):
    return {"version": version[0], "rows": [1] * 20_000}, [version[0]] * 800_000  # large


@cf.stage(["rows", "table"], ["model"], [ModelCacher])
def train(record, rows, table):
    return rows["version"]


def session(overwrite):
    manager = cf.ArtifactManager("kills", suppress_live_log=True)
    manager.on_stale, manager.overwrite = OnStale.RERUN, overwrite
    record = train(read(cf.Record(manager, cf.ExperimentParameters())))
    rows, table, model = (record.state[name] for name in ("rows", "table", "model"))
    manager.close_run("complete")
    manager.log.close()
    return rows, table, model


def digests_are_right():
    """Tell whether every digest is that of its file, or not recorded yet."""
    for path in Path("data/cache").glob("*_metadata.json"):
        for name, facts in json.loads(path.read_text())["files"].items():
            digest = sha256((path.parent / name).read_bytes()).hexdigest()
            if facts["sha256"] not in (digest, None):
                return False
    return True


def in_a_child(overwrite):
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        rows, table, model = session(overwrite)
        whole = rows["rows"] == [1] * 20_000 and len(table) == 800_000
        code = 0 if whole and {rows["version"], *table, model} == {model} else 3
        code = code if digests_are_right() else 4
    finally:
        os._exit(code)


def exit_code(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


began = time.perf_counter()
assert exit_code(in_a_child(True)) == 0
takes = time.perf_counter() - began
killed = 0
for number in range(1, int(sys.argv[1]) + 1):
    version[0] = number
    child = in_a_child(True)
    time.sleep(random.uniform(0, takes))
    os.kill(child, signal.SIGKILL)
    killed += exit_code(child) == -signal.SIGKILL
    code = exit_code(in_a_child(False))
    assert code == 0, f"after kill {number} a run ended with {code}"
print(killed)
'''


@pytest.mark.slow
def test_after_any_kill_a_run_gives_what_an_empty_cache_would(folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM)

    done = subprocess.run(
        [sys.executable, "-W", "ignore", program.name, "200"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
    left = [path.name for path in (folder / "data" / "cache").rglob("*")]
    assert [name for name in left if name.endswith(".corrupt")] == []
