"""Full stores hold everything a run made or used, whatever came from where."""

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, Record, aggregate, stage
from curifactory.caching import (
    Cacheable,
    FileReferenceCacher,
    JsonCacher,
    PathRef,
    PickleCacher,
)
from curifactory.exceptions import CacheError
from curifactory.experiment import RunOptions, run

EXPERIMENT = """
from dataclasses import dataclass
from pathlib import Path

import curifactory as cf
from curifactory.caching import Cacheable, FileReferenceCacher, JsonCacher, PathRef, PickleCacher
from curifactory.reporting import JsonReporter


@dataclass
class Params(cf.ExperimentParameters):
    size: int = 1


class TwoFiles(Cacheable):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, extension=".main", **kwargs)

    def save(self, obj):
        Path(self.get_path()).write_text("main")
        Path(self.get_path("_second")).write_text(str(obj))
        folder = Path(self.get_dir("_more"))
        (folder / "empty").mkdir()
        (folder / "third").write_text("3")

    def load(self):
        assert Path(self.get_dir("_more"), "third").read_text() == "3"
        return int(Path(self.get_path("_second")).read_text())


def get_params():
    return [Params(name="one", size=1), Params(name="two", size=2)]


def note(name):
    with Path("executed.txt").open("a") as file:
        file.write(f"{name}\\n")


@cf.stage(None, ["two"], [TwoFiles])
def make(record):
    note("make")
    Path(record.get_path("loose.txt")).write_text("loose")
    loose = Path(record.get_dir("loose"))
    loose.mkdir(exist_ok=True)
    (loose / "inner.txt").write_text("inner")
    Path(record.get_path("untracked.txt", track=False)).write_text("untracked")
    record.report(JsonReporter({"made": 1}, name="made"))
    return record.params.size


@cf.stage(["two"], ["refs", "big", "own", "static"],
          [FileReferenceCacher(subdir="deep"), JsonCacher(track=False), PathRef,
           JsonCacher("static/{name}_{params.name}.json")])
def refer(record, two):
    note("refer")
    Path("outside").mkdir(exist_ok=True)
    outside = Path("outside", f"{record.params.name}.txt")
    outside.write_text(f"outside {two}")
    inside = Path(record.get_path("inside.txt"))
    inside.write_text("inside")
    own = record.stage_cachers[2].get_path()
    Path(own).write_text("own")
    return {"out": str(outside), "all": [str(inside)]}, [1] * 5, own, two


@cf.aggregate(["refs", "own", "static"], ["result"], [JsonCacher])
def compare(record, records, refs, own, static):
    note("compare")
    return [[Path(paths["out"]).read_text(), Path(paths["all"][0]).read_text()]
            for paths in refs.values()] + list(static.values())


def run(param_sets, manager):
    for param_set in param_sets:
        refer(make(cf.Record(manager, param_set)))
    return compare(cf.Record(manager, None)).output
"""
RESULT = [["outside 1", "inside"], ["outside 2", "inside"], 1, 2]


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with an experiment that writes files in every way there is."""
    (folder / "experiments").mkdir()
    (folder / "experiments" / "files.py").write_text(EXPERIMENT)
    return folder


def run_files(**options: Any) -> tuple[Any, ArtifactManager]:
    result = run(RunOptions(experiment="files", **options))
    if result.error is not None:
        raise result.error
    return result.value, result.manager


def executed(project: Path) -> list[str]:
    file = project / "executed.txt"
    lines = file.read_text().split() if file.exists() else []
    file.write_text("")
    return lines


def stored_files(manager: ArtifactManager) -> set[str]:
    """The files in the store, hashes left out."""
    folder = Path(manager.get_run_output_path("artifacts"))
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    for record in manager.records:
        names = {name.replace(record.get_hash(), "HASH") for name in names}
    return names


EVERYTHING = {
    "files_HASH_make_two.main",
    "files_HASH_make_two_second",
    "files_HASH_make_two_more",
    "files_HASH_make_two_more/empty",
    "files_HASH_make_two_more/third",
    "files_HASH_make_two_metadata.json",
    "files_HASH_make_loose.txt",
    "files_HASH_make_loose",
    "files_HASH_make_loose/inner.txt",
    "files_HASH_make_reportables",
    "files_HASH_make_reportables/one_make_made.pkl",
    "files_HASH_make_reportables/two_make_made.pkl",
    "files_HASH_make_reportables_file_list.json",
    "files_HASH_make_reportables_metadata.json",
    "deep",
    "deep/files_HASH_refer_refs.json",
    "deep/files_HASH_refer_refs_metadata.json",
    "deep/files_HASH_refer_refs_files",
    "deep/files_HASH_refer_refs_files/one.txt",
    "deep/files_HASH_refer_refs_files/two.txt",
    "files_HASH_refer_inside.txt",
    "files_HASH_refer_own",
    "files_HASH_refer_own_metadata.json",
    "overrides",
    "overrides/static",
    "overrides/static/static_one.json",
    "overrides/static/static_one_metadata.json",
    "overrides/static/static_two.json",
    "overrides/static/static_two_metadata.json",
    "files_HASH_compare_result.json",
    "files_HASH_compare_result_metadata.json",
}


def test_a_computed_run_is_stored_completely(project: Path) -> None:
    value, manager = run_files(store_full=True)

    assert value == RESULT
    assert stored_files(manager) == EVERYTHING


def test_a_run_that_only_loads_or_skips_is_stored_as_completely(project: Path) -> None:
    run_files()
    executed(project)

    _, manager = run_files(store_full=True)

    assert executed(project) == []
    assert stored_files(manager) == EVERYTHING


def test_a_run_that_computes_some_and_takes_the_rest_from_the_cache_is_too(project: Path) -> None:
    run_files()
    executed(project)

    _, manager = run_files(store_full=True, overwrite_stages=("refer",), dag=False)

    assert set(executed(project)) >= {"refer"}
    assert stored_files(manager) == EVERYTHING


def test_a_run_that_writes_no_cache_stores_what_it_computes(project: Path) -> None:
    os.makedirs("data/cache")  # for what stages write themselves

    value, manager = run_files(store_full=True, dry_cache=True, overwrite=True)

    assert value == RESULT
    metadata = [*(project / "data" / "cache").rglob("*_metadata.json")]
    assert metadata == []
    again, _ = run_files(cache=manager.get_run_output_path(), dry_cache=True)
    assert again == RESULT


@pytest.mark.parametrize("place", ["", "artifacts"])
def test_the_store_runs_again_without_executing_anything(project: Path, place: str) -> None:
    _, manager = run_files(store_full=True)
    executed(project)
    shutil.rmtree("data/cache")
    shutil.rmtree("outside")
    shutil.rmtree("static")

    value, _ = run_files(cache=manager.get_run_output_path(place), dry_cache=True)

    assert value == RESULT
    assert executed(project) == []


def test_the_recorded_command_runs_it_again_from_another_checkout(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, manager = run_files(store_full=True, names=("one", "two"), overwrite=True)
    other = tmp_path_factory.mktemp("checkout")
    shutil.copytree("experiments", other / "experiments")
    shutil.copytree("data/runs", other / "data" / "runs")
    monkeypatch.chdir(other)

    words = shlex.split(str(manager.reproduction_line))
    value, _ = run_files(cache=words[words.index("--cache") + 1], dry_cache=True)

    assert words == shlex.split(
        "experiment files -n one -n two --cache "
        f"data/runs/{manager.get_reference_name()}/artifacts --dry-cache"
    )
    assert value == RESULT
    assert executed(other) == []


def test_references_in_the_store_lead_to_its_copies(project: Path) -> None:
    _, manager = run_files(store_full=True)
    artifacts = Path(manager.get_run_output_path("artifacts"))

    for path in artifacts.glob("deep/*refs.json"):
        for referenced in FileReferenceCacher(str(path)).referenced_paths():
            assert Path(referenced).resolve().is_relative_to(artifacts.resolve())
            assert Path(referenced).read_text().split()[0] in {"outside", "inside"}


def test_a_store_can_be_made_from_a_store(project: Path) -> None:
    _, first = run_files(store_full=True)

    _, second = run_files(store_full=True, cache=first.get_run_output_path(), dry_cache=True)

    assert stored_files(second) == EVERYTHING


def test_it_has_facts_environment_parameters_log_and_report(project: Path) -> None:
    _, manager = run_files(store_full=True)
    folder = Path(manager.get_run_output_path())

    info = json.loads((folder / "run_info.json").read_text())
    assert info["status"] == "complete"
    assert info["full_store"] is True
    assert info["reproduce"] == manager.reproduction_line
    assert (folder / "requirements.txt").read_text().startswith("# Python 3.")
    assert "\npytest==" in (folder / "requirements.txt").read_text()
    assert "Python 3." in (folder / "environment_meta.txt").read_text()
    hashes = {record.get_hash() for record in manager.records}
    assert json.loads((folder / "params_registry.json").read_text()).keys() == hashes
    assert "run opened" in (folder / f"{folder.name}.log").read_text() or (
        "stage make" in (folder / f"{folder.name}.log").read_text()
    )
    assert str(manager.reproduction_line) in (folder / "report" / "index.html").read_text()


def test_a_failing_run_keeps_what_it_had(project: Path) -> None:
    text = EXPERIMENT.replace('note("compare")', 'raise ValueError("no")')
    (project / "experiments" / "files.py").write_text(text)

    with pytest.raises(ValueError, match="no"):
        run_files(store_full=True)

    (store,) = (project / "data" / "runs").iterdir()
    assert json.loads((store / "run_info.json").read_text())["status"] == "error"
    assert len([*store.glob("artifacts/*_two.main")]) == 2
    assert (store / "report" / "index.html").exists()


def test_a_dry_run_stores_nothing(project: Path) -> None:
    os.makedirs("data/cache")  # for what stages write themselves

    run_files(store_full=True, dry=True)

    assert not (project / "data" / "runs").exists()
    assert not [*(project / "data" / "cache").glob("*_metadata.json")]


def test_a_live_session_stores_as_it_goes(new_manager: Callable[..., ArtifactManager]) -> None:
    @stage(None, ["numbers"], [JsonCacher])
    def count(record: Record) -> list[int]:
        return [1, 2]

    manager = new_manager(store_full=True)
    record = count(Record(manager, None))
    PickleCacher(name="inline", record=record).save(1)
    JsonCacher("aside.json", record=record).save(2)
    JsonCacher("not.json", record=record, track=False).save(3)
    record.store_tracked_paths()

    assert stored_files(manager) == {
        "overrides",
        "overrides/%2E",
        "overrides/%2E/aside.json",
        "test_HASH_count_inline.pkl",
        "test_HASH_count_numbers.json",
        "test_HASH_count_numbers_metadata.json",
    }
    assert manager.run_info["full_store"] is True
    assert record.stored_paths == ["data/cache/test_None_count_inline.pkl", "aside.json"]
    assert record.unstored_tracked_paths == []


def test_tracked_paths_are_listed_until_the_stage_ends(manager: ArtifactManager) -> None:
    seen: list[dict[str, str | None]] = []

    @stage()
    def write(record: Record) -> None:
        record.get_path("a.txt", subdir="sub")
        record.get_path("b.txt", track=False)
        seen.extend(record.unstored_tracked_paths)

    record = write(Record(manager, None))

    path = "data/cache/sub/test_None_write_a.txt"
    assert seen == [{"obj_name": "a.txt", "subdir": "sub", "prefix": None, "path": path}]
    assert record.unstored_tracked_paths == []


def test_paths_in_the_store(new_manager: Callable[..., ArtifactManager]) -> None:
    manager = new_manager(store_full=True)
    folder = f"data/runs/{manager.get_reference_name()}"

    assert manager.get_run_output_path() == folder
    assert manager.get_run_output_path("a/b.txt") == f"{folder}/a/b.txt"
    assert os.path.isdir(f"{folder}/a")
    path = manager.get_artifact_path("x", Record(manager, None), subdir="s", store=True)
    assert path == f"{folder}/artifacts/s/test_None_%_x"
    assert os.path.isdir(f"{folder}/artifacts/s")
    with pytest.raises(ValueError, match="outside"):
        manager.get_run_output_path("../x")


def test_what_cannot_be_copied_is_named(
    new_manager: Callable[..., ArtifactManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    @stage(None, ["numbers"], [JsonCacher])
    def count(record: Record) -> list[int]:
        return [1, 2]

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    manager = new_manager(store_full=True)
    monkeypatch.setattr(shutil, "copy2", full)

    with pytest.raises(CacheError, match=r"'numbers' of stage 'count'.*No space left.*free space"):
        count(Record(manager, None))


def test_artifacts_without_metadata_take_their_further_files_along(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    class Pair(Cacheable):
        def save(self, obj: int) -> None:
            Path(self.get_path()).write_text("x")
            Path(self.get_path("_more")).write_text("y")

        def load(self) -> str:
            return Path(self.get_path("_more")).read_text()

    @stage(None, ["pair"], [Pair])
    def make(record: Record) -> int:
        return 1

    make(Record(new_manager(), None))
    os.unlink("data/cache/test_None_make_pair_metadata.json")

    manager = new_manager(store_full=True)
    make(Record(manager, None))

    assert stored_files(manager) == {"test_HASH_make_pair", "test_HASH_make_pair_more"}


def test_each_record_of_an_aggregate_is_stored(
    run_planned: Callable[..., ArtifactManager],
) -> None:
    @stage(None, ["one"], [PathRef])
    def make(record: Record) -> str:
        path: str = record.stage_cachers[0].get_path()  # type: ignore[index]
        Path(path).mkdir(exist_ok=True)
        Path(path, "part").write_text("1")
        return path

    @aggregate(["one"], ["all"], [PickleCacher])
    def gather(record: Record, records: list[Record], one: dict[Record, str]) -> int:
        return len(one)

    def experiment(manager: ArtifactManager) -> None:
        make(Record(manager, None))
        gather(Record(manager, None))

    run_planned(experiment)
    manager = run_planned(experiment, store_full=True)

    assert "test_HASH_make_one/part" in stored_files(manager)
