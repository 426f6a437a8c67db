"""What is known of metadata files without reading them again."""

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.artifact import content_of
from curifactory.caching import JsonCacher, metadata_index
from curifactory.caching.metadata_index import FileState, MetadataIndex
from curifactory.caching.verifying import mark
from curifactory.digests import sha256_of

_INDEX = Path("data/metadata/test.json")
_ARTIFACT = Path("data/cache/test_1_make_data.json")
_Live = Callable[..., list[Any]]
_METADATA = Path("data/cache/test_1_make_data_metadata.json")


@stage(None, ["data"], [JsonCacher])
def make(record: Record) -> str:
    return str(record.params.name)


def _run(manager: ArtifactManager) -> None:
    for hash_ in ("1", "2", "3"):
        make(Record(manager, ExperimentParameters(name=f"set {hash_}", hash=hash_)))


@pytest.fixture
def statuses(
    run_planned: Callable[..., ArtifactManager], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Run three cached calls with a map, closing the run; return what became of them."""
    monkeypatch.setattr(metadata_index, "_FEW", 1)

    def run(**arguments: Any) -> list[str]:
        manager = run_planned(_run, **arguments)
        manager.close_run("complete")
        return [str(call.status) for record in manager.records for call in record.calls]

    return run


def _read_metadata(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every metadata file gets into when it is read."""
    read: list[str] = []
    original = json.loads

    def loads(text: Any, *arguments: Any, **keywords: Any) -> Any:
        found = original(text, *arguments, **keywords)
        if isinstance(found, dict) and "artifact_name" in found:
            read.append(str(found["params_hash"]))
        return found

    monkeypatch.setattr(json, "loads", loads)
    return read


def test_what_a_run_stores_the_next_one_knows_without_reading_it(
    statuses: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert statuses() == ["executed"] * 3
    read = _read_metadata(monkeypatch)

    assert statuses() == ["skipped"] * 3
    assert read == []


def test_what_changed_since_is_read(
    statuses: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses()
    metadata = json.loads(_METADATA.read_text())
    _METADATA.write_text(json.dumps({**metadata, "artifact_name": "other"}))
    read = _read_metadata(monkeypatch)

    assert statuses() == ["executed", "skipped", "skipped"]
    assert "1" in read


def test_a_change_that_keeps_size_and_time_is_noticed(statuses: Callable[..., list[str]]) -> None:
    statuses()
    before = _METADATA.stat()
    _METADATA.write_text(_METADATA.read_text().replace('"data"', '"atad"'))
    os.utime(_METADATA, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _METADATA.stat().st_size == before.st_size

    assert statuses() == ["executed", "skipped", "skipped"]


@pytest.mark.parametrize("content", ["", "no json", "[]", "{}", '{"format": 4}', "\0", "[" * 10**5])
def test_an_unusable_index_is_written_anew(
    statuses: Callable[..., list[str]], content: str
) -> None:
    statuses()
    _INDEX.write_text(content)

    assert statuses() == ["skipped"] * 3
    assert MetadataIndex(str(_INDEX)).find(str(_ARTIFACT)) is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept.update(format=3),
        lambda kept: kept.update(shared=[]),
        lambda kept: kept.update(known=dict.fromkeys(kept["known"], 5)),
        lambda kept: [each.pop() for each in kept["known"].values()],
        lambda kept: [each.append(1) for each in kept["known"].values()],
        lambda kept: [each[1].pop() for each in kept["known"].values()],
        lambda kept: [each.__setitem__(2, None) for each in kept["known"].values()],
        lambda kept: [each.__setitem__(-2, "x") for each in kept["known"].values()],
        lambda kept: kept.update(common=[]),
        lambda kept: kept["common"][0].update(code="x"),
    ],
    ids=[
        "format",
        "shared",
        "number",
        "short",
        "long",
        "state",
        "files",
        "place",
        "common",
        "code",
    ],
)
def test_entries_of_another_shape_are_not_used(
    statuses: Callable[..., list[str]], damage: Callable[[Any], object]
) -> None:
    statuses()
    kept = json.loads(_INDEX.read_text())
    damage(kept)
    _INDEX.write_text(json.dumps(kept))

    assert statuses() == ["skipped"] * 3
    assert MetadataIndex(str(_INDEX)).find(str(_ARTIFACT)) is not None


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_nothing_is_written_where_nothing_may_be(
    statuses: Callable[..., list[str]], option: str
) -> None:
    statuses()
    _INDEX.unlink()

    statuses(**{option: True})

    assert not _INDEX.exists()


def test_an_index_that_cannot_be_written_costs_nothing_but_time(
    statuses: Callable[..., list[str]],
) -> None:
    Path("data").mkdir()
    Path("data/metadata").write_text("a file where the folder should be")

    assert statuses() == ["executed"] * 3
    assert statuses() == ["skipped"] * 3


def test_little_that_is_new_is_not_worth_writing_everything(tmp_path: Path) -> None:
    path = tmp_path / "index" / "test.json"
    index = MetadataIndex(str(path))
    index.note("one.json", "one", FileState(1, 2, 3, 4), {"stage": "make"})

    index.save()

    assert not path.exists()


def test_equal_code_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    index = MetadataIndex(str(path))
    for number in map(str, range(100)):
        metadata = tmp_path / number
        metadata.write_text("")
        facts = {"code": {"stage": "make"}, "params": {}}
        index.note(number, str(metadata), FileState.of(metadata.stat()), facts)
    index.save()

    again = MetadataIndex(str(path))
    found = [again.find(str(number)) for number in range(100)]

    assert found[0] is not None
    assert found[0].facts == {"code": {"stage": "make"}}
    assert len({id(each.facts["code"]) for each in found if each is not None}) == 1


@pytest.fixture
def live(folder: Path, monkeypatch: pytest.MonkeyPatch) -> _Live:
    """Call a stage in live sessions, each of which is forgotten before the next one begins."""
    monkeypatch.setattr(metadata_index, "_FEW", 1)

    def call(called: Callable[[Record], Record], *hashes: str) -> list[Any]:
        manager = ArtifactManager("test", suppress_live_log=True)
        records = [Record(manager, ExperimentParameters(name=each, hash=each)) for each in hashes]
        for record in records:
            called(record)
        found = [(str(record.calls[0].status), record.state["data"]) for record in records]
        del manager, records, record
        gc.collect()
        return found

    return call


def test_a_live_session_reads_no_metadata_that_an_earlier_one_has_seen(
    live: _Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live(make, "1", "2") == [("executed", "1"), ("executed", "2")]
    read = _read_metadata(monkeypatch)

    assert live(make, "1", "2") == [("loaded", "1"), ("loaded", "2")]
    assert read == []


def test_a_live_session_notices_what_changed_since(live: _Live) -> None:
    live(make, "1", "2", "3", "4", "5")
    _METADATA.write_text(json.dumps({**json.loads(_METADATA.read_text()), "lineage": "other"}))
    for number, text in ((2, '"x"'), (3, '"3"  ')):
        Path(f"data/cache/test_{number}_make_data.json").write_text(text)
    Path("data/cache/test_4_make_data.json").unlink()

    statuses = [status for status, _ in live(make, "1", "2", "3", "4", "5")]

    assert statuses == ["executed"] * 4 + ["loaded"]


def test_a_live_session_does_not_use_what_is_being_written_in_place(live: _Live) -> None:
    live(make, "1")
    mark("data", str(_ARTIFACT))

    assert live(make, "1") == [("executed", "1")]


def test_a_live_session_keeps_what_earlier_ones_have_seen_as_long_as_it_is_there(
    live: _Live,
) -> None:
    live(make, "1", "2", "3")
    Path("data/cache/test_2_make_data.json").unlink()

    live(make, "4")

    known = json.loads(_INDEX.read_text())["known"]
    assert sorted(known) == [f"data/cache/test_{number}_make_data.json" for number in (1, 3, 4)]


def test_what_is_replaced_while_it_is_loaded_is_loaded_again(live: _Live) -> None:
    loads = []

    class Replaced(JsonCacher):
        def load(self) -> Any:
            loads.append(value := super().load())
            if len(loads) == 1:
                metadata = json.loads(Path(self.get_path("_metadata.json")).read_text())
                path = Path(self.get_path())
                path.write_text('"new"')
                name, status = path.name, path.stat()
                facts = {"size": 5, "mtime_ns": status.st_mtime_ns, "sha256": sha256_of(b'"new"')}
                text = json.dumps({**metadata, "files": {name: facts}})
                Path(self.get_path("_metadata.json")).write_text(text)
            return value

    @stage(None, ["data"], [Replaced])
    def make_replaced(_record: Record) -> str:
        return "old"

    live(make_replaced, "1")
    loads.clear()

    assert live(make_replaced, "1") == [("loaded", "new")]
    assert loads == ["old", "new"]


def test_metadata_that_was_not_read_is_there_when_somebody_asks(live: _Live) -> None:
    names = []

    class Asking(JsonCacher):
        def load(self) -> Any:
            names.append((self.metadata or {})["artifact_name"])
            assert self.extra_metadata == {}
            return super().load()

    @stage(None, ["data"], [Asking])
    def make_asking(record: Record) -> str:
        return str(record.params.name)

    live(make_asking, "1")

    assert live(make_asking, "1") == [("loaded", "1")]
    assert names == ["data"]


def test_a_session_looks_where_it_would_store_now(manager: ArtifactManager) -> None:
    def call() -> str:
        record = make(Record(manager, ExperimentParameters(name="1", hash="1")))
        return str(record.calls[0].status)

    assert [call(), call()] == ["executed", "loaded"]
    manager.prefix = "shared"
    assert [call(), call()] == ["executed", "loaded"]
    assert Path("data/cache/shared_1_make_data.json").exists()


@pytest.mark.parametrize(
    ("declared", "reads"),
    [
        pytest.param("data", [], id="in memory"),
        pytest.param(Lazy("data"), ["1"], id="lazy, and may be another's by now"),
    ],
)
def test_what_was_stored_is_known_to_the_next_stage(
    manager: ArtifactManager,
    monkeypatch: pytest.MonkeyPatch,
    declared: str | Lazy,
    reads: list[str],
) -> None:
    @stage(None, [declared], [JsonCacher])
    def make(record: Record) -> str:
        return "value"

    @stage(["data"], ["length"], [JsonCacher])
    def measure(record: Record, data: str) -> int:
        return len(data)

    read = _read_metadata(monkeypatch)
    measure(make(Record(manager, ExperimentParameters(name="1", hash="1"))))

    assert read == reads
    before = json.loads(_METADATA.read_text())
    after = json.loads(Path("data/cache/test_1_measure_length_metadata.json").read_text())
    assert after["inputs"] == [["data", "make", "1", content_of(before)]]
