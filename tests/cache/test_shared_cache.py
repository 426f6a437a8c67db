"""Several experiments and processes on one cache, and caches that another version made."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import Cacheable, JsonCacher, PickleCacher
from curifactory.exceptions import CacheError
from curifactory.experiment import RunOptions, run

EXPERIMENT = """
from dataclasses import dataclass
import curifactory as cf
from curifactory.caching import JsonCacher, PickleCacher

@dataclass
class Params(cf.ExperimentParameters):
    size: int = 1

def get_params():
    return [Params(name=str(size), size=size) for size in range(1, 9)]

@cf.stage(None, ["rows", "copy"], [JsonCacher, PickleCacher])
def make_rows(record):
    return [record.params.size] * 5_000, list(range(record.params.size))

@cf.stage(["rows", "copy"], ["total"], [JsonCacher])
def add_up(record, rows, copy):
    return sum(rows) + {extra} * len(copy)

@cf.aggregate(["total"], ["totals"], [JsonCacher])
def collect(record, records, total):
    return {{other.params.name: value for other, value in total.items()}}

def run(param_sets, manager):
    for param_set in param_sets:
        add_up(make_rows(cf.Record(manager, param_set)))
    record = collect(cf.Record(manager, None))
    assert record.state["totals"] == {{
        str(size): 5_000 * size + {extra} * size for size in range(1, 9)
    }}, record.state["totals"]
"""


def test_experiments_and_processes_share_a_cache_at_the_same_time(folder: Path) -> None:
    (folder / "experiments").mkdir()
    for name, extra in (("one", 1), ("two", 2)):
        (folder / f"experiments/{name}.py").write_text(EXPERIMENT.format(extra=extra))
    code = (
        "import sys; from curifactory.experiment import RunOptions, run; "
        "result = run(RunOptions(experiment=sys.argv[1], report=False, overwrite=True)); "
        "raise SystemExit(repr(result.error) if result.error else 0)"
    )

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, name], stderr=subprocess.PIPE, text=True, cwd=folder
        )
        for name in ("one", "two", "one", "two")
    ]
    errors = [process.communicate(timeout=120)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0], "\n".join(errors)
    for name in ("one", "two"):
        again = run(RunOptions(experiment=name, report=False))
        assert again.error is None
        statuses = {call.status for record in again.manager.records for call in record.calls}
        assert statuses == {"loaded"}


def test_the_files_of_the_reference_implementation_are_used_as_they_are(folder: Path) -> None:
    parameters = ExperimentParameters(name="one", hash="abc123")
    cache = folder / "data" / "cache"
    cache.mkdir(parents=True)
    metadata = {
        "artifact_generated": "2023-02-03T10:58:59",
        "params_hash": "abc123",
        "params_name": "one",
        "record_name": "Record 0 (one)",
        "stage": "make",
        "artifact_name": "data",
        "cacher_type": "<class 'curifactory.caching.JsonCacher'>",
        "record_prior_stages": [],
        "prior_records": [],
        "params": {"name": "one"},
        "extra": {},
        "manager_run_info": {"reference": "old_1_2023-02-03-T105859", "experiment_name": "old"},
        "preview": "[1, 2, 3]",
    }
    (cache / "old_abc123_make_data.json").write_text("[1, 2, 3]")
    (cache / "old_abc123_make_data_metadata.json").write_text(json.dumps(metadata, indent=2))
    (cache / "old_abc123_bare_data.json").write_text("[4]")

    @stage(None, ["data"], [JsonCacher])
    def make(record: Record) -> list[int]:
        raise AssertionError("it is in the cache")

    @stage(None, ["data"], [JsonCacher])
    def bare(record: Record) -> list[int]:
        raise AssertionError("it is in the cache, without metadata")

    manager = ArtifactManager("old", suppress_live_log=True)
    assert make(Record(manager, parameters)).state["data"] == [1, 2, 3]
    assert bare(Record(manager, parameters)).state["data"] == [4]
    manager.close_run("complete")


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of one megabyte that is the project's cache."""
    place = folder / "data" / "cache"
    place.mkdir(parents=True)
    mounted = shutil.which("mount") is not None and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@stage(None, ["data"], [PickleCacher])
def fill(record: Record) -> bytes:
    return os.urandom(4_000_000)


@stage(None, ["data"], [PickleCacher])
def fit(record: Record) -> bytes:
    return b"small"


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(small_disk: Path) -> None:
    manager = ArtifactManager("test", suppress_live_log=True)

    with pytest.raises(CacheError) as raised:
        fill(Record(manager, ExperimentParameters()))

    message = str(raised.value)
    for part in ("'data'", "'fill'", "No space left", "free space", "test_0_fill_data.pkl"):
        assert part in message
    assert [path.name for path in small_disk.rglob("*") if "fill" in path.name] == []
    assert fit(Record(manager, ExperimentParameters())).state["data"] == b"small"
    manager.close_run("error")


def test_a_read_only_cache_is_one_clear_error(small_disk: Path) -> None:
    manager = ArtifactManager("test", suppress_live_log=True)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(CacheError) as raised:
        fit(Record(manager, ExperimentParameters()))

    for part in ("'data'", "'fit'", "Read-only", "permissions"):
        assert part in str(raised.value)
    manager.close_run("error")


def test_a_cache_that_vanishes_while_a_stage_runs_is_made_again(folder: Path) -> None:
    @stage(None, ["data"], [JsonCacher])
    def make(record: Record) -> int:
        shutil.rmtree("data/cache", ignore_errors=True)
        return 1

    manager = ArtifactManager("test", suppress_live_log=True)
    make(Record(manager, ExperimentParameters()))
    manager.close_run("complete")

    assert (folder / "data/cache/test_0_make_data.json").read_text() == "1"


# -- the cachers of the guide, with its typing errors mended and a stand-in for torch -------------


class Network:
    """What torch calls a module, as far as the guide needs it."""

    def __init__(self) -> None:
        self.weights = [0.0]

    def state_dict(self) -> list[float]:
        return self.weights

    def load_state_dict(self, weights: list[float]) -> None:
        self.weights = weights


class Wrapper:
    """A class that contains a model and does not pickle its weights."""

    def __init__(self) -> None:
        self.model = Network()

    def __getstate__(self) -> dict[str, object]:
        return {}

    def __setstate__(self, state: object) -> None:
        self.model = Network()


class TorchModelCacher(Cacheable):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, extension=".model_obj", **kwargs)  # type: ignore[arg-type, misc]

    def save(self, obj: Wrapper) -> None:
        import pickle

        Path(self.get_path("_model")).write_text(json.dumps(obj.model.state_dict()))
        with open(self.get_path(), "wb") as outfile:
            pickle.dump(obj, outfile)

    def load(self) -> Wrapper:
        import pickle

        with open(self.get_path(), "rb") as infile:
            obj: Wrapper = pickle.load(infile)
        obj.model.load_state_dict(json.loads(Path(self.get_path("_model")).read_text()))
        return obj


class UsesExtraMetadataCacher(Cacheable):
    def save(self, obj: object) -> None:
        self.extra_metadata["the_best_number"] = 13
        JsonCacher(self.get_path()).save(obj)

    def load(self) -> object:
        assert self.extra_metadata["the_best_number"] == 13
        return JsonCacher(self.get_path()).load()


class InlineExtraMetadataCacher(Cacheable):
    def save(self, obj: object) -> None:
        self.extra_metadata["the_best_number"] = 13
        self.save_metadata()
        JsonCacher(self.get_path()).save(obj)

    def load(self) -> object:
        self.load_metadata()
        assert self.extra_metadata["the_best_number"] == 13
        return JsonCacher(self.get_path()).load()


def test_the_two_file_cacher_of_the_guide_works_as_written(folder: Path) -> None:
    @stage(None, ["trained_model"], [TorchModelCacher])
    def train_model(record: Record) -> Wrapper:
        trained = Wrapper()
        trained.model.weights = [0.25, 0.5]
        return trained

    for _ in range(2):
        manager = ArtifactManager("test", suppress_live_log=True)
        record = train_model(Record(manager, ExperimentParameters()))
        assert record.state["trained_model"].model.weights == [0.25, 0.5]
        manager.close_run("complete")

    assert record.calls[0].status == "loaded"
    names = {path.name for path in (folder / "data/cache").iterdir()}
    assert names == {
        "test_0_train_model_trained_model.model_obj",
        "test_0_train_model_trained_model_model",
        "test_0_train_model_trained_model_metadata.json",
    }


def test_the_extra_metadata_cacher_of_the_guide_works_as_written(folder: Path) -> None:
    @stage(None, ["data"], [UsesExtraMetadataCacher])
    def make(record: Record) -> list[int]:
        return [1, 2]

    for _ in range(2):
        manager = ArtifactManager("test", suppress_live_log=True)
        record = make(Record(manager, ExperimentParameters()))
        assert record.state["data"] == [1, 2]
        manager.close_run("complete")

    assert record.calls[0].status == "loaded"


def test_the_inline_form_of_that_cacher_works_as_written(folder: Path) -> None:
    InlineExtraMetadataCacher("value.json").save({"a": 1})

    assert InlineExtraMetadataCacher("value.json").load() == {"a": 1}
    assert json.loads(Path("value.json_metadata.json").read_text())["extra"] == {
        "the_best_number": 13
    }
