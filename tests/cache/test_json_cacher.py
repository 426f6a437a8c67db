"""JSON files, in stages and by themselves."""

import json
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import JsonCacher


def test_it_writes_readable_json_and_returns_the_path(folder: Path) -> None:
    assert JsonCacher("out/metrics.json").save({"größe": 1}) == "out/metrics.json"

    text = (folder / "out" / "metrics.json").read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("    ")
    assert json.loads(text) == {"größe": 1}
    assert JsonCacher("out/metrics.json").load() == {"größe": 1}


def test_what_json_does_not_know_becomes_text(folder: Path) -> None:
    JsonCacher("file.json").save({"path": Path("a/b")})

    assert JsonCacher("file.json").load() == {"path": "a/b"}


@pytest.mark.parametrize("value", [iter([1]), (each for each in [1]), map(str, [1])])
def test_what_yields_values_once_is_refused(folder: Path, value: object) -> None:
    with pytest.raises(TypeError, match="yields its values only once; return a list"):
        JsonCacher("file.json").save({"values": value})

    assert not Path("file.json").exists()


def test_used_by_itself_it_writes_no_metadata_unless_asked(folder: Path) -> None:
    cacher = JsonCacher("file.json")
    cacher.save(1)
    assert cacher.load_metadata() is None

    cacher.extra_metadata["best"] = 13
    cacher.save_metadata()

    assert JsonCacher("file.json").load_metadata() == {
        "format": 1,
        "extra": {"best": 13},
        "paths": ["file.json"],
        "files": (JsonCacher("file.json").load_metadata() or {})["files"],
    }


def test_a_stage_can_use_one_for_further_files(manager: ArtifactManager) -> None:
    @stage(outputs=["data"], cachers=[JsonCacher])
    def make(record: Record) -> int:
        JsonCacher(record.get_path("extra.json")).save([1])
        JsonCacher(name="named", record=record).save([2])
        return 1

    record = make(Record(manager, ExperimentParameters()))

    assert JsonCacher(record.get_path("extra.json")).load() == [1]
    assert JsonCacher(record.get_path("named.json")).load() == [2]


def test_what_was_there_stays_when_saving_fails(folder: Path) -> None:
    JsonCacher("file.json").save([1])
    circle: list[object] = []
    circle.append(circle)

    with pytest.raises(ValueError, match="Circular"):
        JsonCacher("file.json").save(circle)

    assert JsonCacher("file.json").load() == [1]
