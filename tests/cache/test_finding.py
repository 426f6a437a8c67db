"""Finding what calls have stored without making a cacher for each."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import Cacheable, JsonCacher, metadata_index
from curifactory.caching.locating import locate
from curifactory.caching.verifying import mark, unmark

_OVERRIDE = "elsewhere_{hash}.json"


class _FolderCacher(Cacheable):
    """Keeps a value in a file of a folder."""

    def save(self, obj: Any) -> None:
        Path(self.get_dir(), "value").write_text(obj)

    def load(self) -> str:
        return Path(self.get_path(), "value").read_text()


class _PickyCacher(JsonCacher):
    """Has no use for what others would find."""

    def check(self) -> bool:
        return False


@stage(None, ["file", "folder", "other"], [JsonCacher, _FolderCacher, JsonCacher(_OVERRIDE)])
def make(record: Record) -> tuple[str, str, str]:
    return "a file", "a folder", "a place of its own"


@stage(None, ["picky"], [_PickyCacher])
def make_picky(record: Record) -> str:
    return "never good enough"


_PLACES = {
    "file": Path("data/cache/test_1_make_file.json"),
    "folder": Path("data/cache/test_1_make_folder/value"),
    "other": Path("elsewhere_1.json"),
}


@pytest.fixture
def status(
    run_planned: Callable[..., ArtifactManager], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Make one call with a map, closing the run; return what became of it."""
    monkeypatch.setattr(metadata_index, "_FEW", 1)

    def run(stage: Callable[[Record], Record] = make) -> str:
        def call(manager: ArtifactManager) -> None:
            stage(Record(manager, ExperimentParameters(name="one", hash="1")))

        manager = run_planned(call)
        manager.close_run("complete")
        return str(manager.records[0].calls[0].status)

    return run


def test_files_folders_and_places_of_their_own_are_found_without_reading_metadata(
    status: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status() == "executed"

    def no_reading(_cacher: Cacheable) -> None:
        raise AssertionError("metadata is read")

    monkeypatch.setattr(Cacheable, "_read_metadata", no_reading)

    assert status() == "skipped"


@pytest.mark.parametrize("output", list(_PLACES))
def test_what_is_missing_is_not_found(status: Callable[..., str], output: str) -> None:
    status()
    _PLACES[output].unlink()

    assert status() == "executed"
    assert status() == "skipped"


@pytest.mark.parametrize("output", list(_PLACES))
def test_what_was_changed_is_not_found(status: Callable[..., str], output: str) -> None:
    status()
    text = _PLACES[output].read_text()
    _PLACES[output].write_text(text.swapcase())  # as long as it was
    os.utime(_PLACES[output], (1, 1))

    assert status() == "executed"
    assert status() == "skipped"


def test_what_is_written_in_place_just_now_is_not_found(status: Callable[..., str]) -> None:
    status()
    mark("data", str(_PLACES["file"]))

    assert status() == "executed"

    unmark("data", str(_PLACES["file"]))
    assert status() == "skipped"


def test_what_other_inputs_made_is_not_found(status: Callable[..., str]) -> None:
    status()
    for path in Path("data/cache").glob("*_file_metadata.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "lineage": "0" * 32}))

    assert status() == "executed"


def test_a_cacher_that_looks_in_its_own_way_is_asked(status: Callable[..., str]) -> None:
    assert status(make_picky) == "executed"
    assert status(make_picky) == "executed"


class _SuffixedCacher(JsonCacher):
    """Keeps its value where others do not look."""

    def main_path(self) -> str:
        return locate(self, "_inside.json")

    def save(self, obj: Any) -> str:
        Path(self.get_path("_inside.json")).write_text(obj)
        return ""

    def load(self) -> str:
        return Path(self.main_path()).read_text()


@stage(None, ["suffixed"], [_SuffixedCacher])
def make_suffixed(record: Record) -> str:
    return "inside"


def test_a_cacher_that_says_itself_where_its_artifact_lies_is_asked(
    status: Callable[..., str],
) -> None:
    assert status(make_suffixed) == "executed"
    assert status(make_suffixed) == "skipped"
