"""The registry: what stands behind each hash, and hashes that stand for two things."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, set_hash_functions
from curifactory.exceptions import HashCollisionError
from curifactory.hashing import hash_param_set
from curifactory.registry import ParameterRegistry, describe_set

NewManager = Callable[..., ArtifactManager]


@dataclass
class Layer:
    width: int = 8
    note: str | None = None


@dataclass
class Params(ExperimentParameters):
    value: int = 1
    devices: int = 4
    seed: int | None = None
    layer: Layer = field(default_factory=Layer)
    hash_representations: dict[str, Any] = set_hash_functions(devices=None)  # noqa: RUF009 - a field


@dataclass
class Forging(ExperimentParameters):
    value: int = 1

    def __post_init__(self) -> None:
        self.hash_representations = {"value": lambda parameters, value: "always the same"}


def test_an_entry_says_what_counts_and_what_does_not() -> None:
    entry = describe_set(Params(name="small"))

    assert (entry["name"], entry["value"], entry["layer"]["width"]) == ("small", "1", "8")
    assert entry["IGNORED_PARAMS"] == {"devices": "4", "seed": "None", "layer": {"note": "None"}}
    assert entry["_DRY_REPS"]["value"] == ["repr(value)", "1"]


def test_records_register_their_parameters_once(new_manager: NewManager, folder: Path) -> None:
    for _ in range(2):
        manager = new_manager()
        for _ in range(2):
            Record(manager, Params(name="small"))

    assert len((folder / "data/store/parameters.jsonl").read_text().splitlines()) == 1


def test_a_hash_is_found_by_its_beginning(manager: ArtifactManager) -> None:
    records = [Record(manager, Params(name=str(value), value=value)) for value in (1, 2)]

    registry = ParameterRegistry("data")

    assert registry.find(records[1].get_hash()[:8])[records[1].get_hash()]["name"] == "2"
    assert list(registry.find()) == [record.get_hash() for record in records]
    assert registry.find("no hash") == {}


def test_aggregates_register_the_hashes_they_run_over(manager: ArtifactManager) -> None:
    records = [Record(manager, Params(value=value)) for value in (1, 2)]
    record = Record(manager, None)
    record.set_aggregate(records)

    entry = ParameterRegistry("data").find(record.get_hash())[record.get_hash()]

    assert entry == {"active": "None", "arg_list": sorted(each.get_hash() for each in records)}


@pytest.mark.parametrize("later", [False, True], ids=["in one session", "in a later one"])
def test_two_sets_with_one_computed_hash_are_refused(
    new_manager: NewManager, *, later: bool
) -> None:
    def collide(manager: ArtifactManager, representation: str) -> None:
        parameters = Params(name=representation)
        parameters.fill_hash()
        parameters.layer.width = 8 if representation == "one" else 9
        manager.registry.register_parameters(parameters, keep=True)

    first = new_manager()
    collide(first, "one")

    with pytest.raises(HashCollisionError, match="stands for another parameter set"):
        collide(new_manager() if later else first, "other")


def test_a_hash_given_by_hand_may_stand_for_several_sets(manager: ArtifactManager) -> None:
    records = [Record(manager, Params(value=value, hash="shared")) for value in (1, 2)]

    assert [record.get_hash() for record in records] == ["shared", "shared"]


def test_values_that_count_as_equal_are_no_collision(manager: ArtifactManager) -> None:
    records = [Record(manager, Forging(value=value)) for value in (1, 2)]

    assert records[0].get_hash() == records[1].get_hash()


@pytest.mark.parametrize("option", ["dry", "parallel_mode"])
def test_sessions_that_are_not_recorded_register_nothing(
    new_manager: NewManager, folder: Path, option: str
) -> None:
    Record(new_manager(**{option: True}), Params())

    assert not list(folder.rglob("*.json*"))


@pytest.mark.parametrize("rest", [b'{"hash": "cut', b"\xff\xfe\n", b"\0\0\n"])
def test_damaged_lines_are_passed_over(new_manager: NewManager, folder: Path, rest: bytes) -> None:
    before = Record(new_manager(), Params(value=1))
    with (folder / "data/store/parameters.jsonl").open("ab") as file:
        file.write(rest)

    after = Record(new_manager(), Params(value=2))

    found = ParameterRegistry("data").find()
    assert before.get_hash() in found
    assert after.get_hash() in found or not rest.endswith(b"\n")


def test_a_hash_can_be_asked_for_and_written_down(folder: Path) -> None:
    parameters = Params(name="one")

    dry = hash_param_set(parameters, dry=True)
    hash_before = parameters.hash
    hash_ = hash_param_set(parameters, store_in_registry=True, registry_path="data")

    assert dry == parameters.params_hash(dry=True)
    assert hash_before is None
    assert hash_ == parameters.hash == Params().params_hash()
    assert list(ParameterRegistry("data").find()) == [hash_]


def exported(folder: Path) -> dict[str, Any]:
    entries = json.loads((folder / "data/params_registry.json").read_text(encoding="utf-8"))
    assert isinstance(entries, dict)
    return entries


def test_when_a_run_ends_the_documented_file_has_every_hash(
    new_manager: NewManager, folder: Path
) -> None:
    for value in (1, 2):
        manager = new_manager()
        records = [Record(manager, Params(name=str(value), value=value))]
        Record(manager, None).set_aggregate(records)
        manager.close_run("complete")

    found = exported(folder)
    first = found[Params(value=1).params_hash()]
    assert found == ParameterRegistry("data").find()
    assert (len(found), first["name"], first["value"]) == (4, "1", "1")
    assert first["_DRY_REPS"]["devices"] == ["SKIPPED: set to None in hash_representations", None]


def test_the_documented_file_is_written_only_where_hashes_are_new(
    new_manager: NewManager, folder: Path
) -> None:
    path = folder / "data/params_registry.json"

    def run(value: int, **arguments: Any) -> None:
        manager = new_manager(**arguments)
        Record(manager, Params(value=value))
        manager.close_run("complete")

    run(1)
    path.write_text("{}", encoding="utf-8")
    run(1)
    kept = path.read_text(encoding="utf-8")
    run(2, dry=True)
    after_dry = path.read_text(encoding="utf-8")
    run(2)

    assert kept == after_dry == "{}"
    assert len(exported(folder)) == 2


def test_what_a_killed_run_registered_is_in_the_file_after_the_next_one(
    new_manager: NewManager, folder: Path
) -> None:
    killed = new_manager()
    Record(killed, Params(value=1))
    manager = new_manager()
    Record(manager, Params(value=1))

    manager.close_run("complete")

    assert list(exported(folder)) == [Params(value=1).params_hash()]


def test_a_live_session_writes_the_file_when_it_is_over(folder: Path) -> None:
    code = """
from curifactory import ArtifactManager, ExperimentParameters, Record
from dataclasses import dataclass
@dataclass
class Params(ExperimentParameters):
    value: int = 1
manager = ArtifactManager("script")
Record(manager, Params(name="small"))
"""
    subprocess.run([sys.executable, "-c", code], check=True)

    assert [entry["name"] for entry in exported(folder).values()] == ["small"]


def test_a_file_that_cannot_be_written_is_no_obstacle(
    new_manager: NewManager, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = new_manager()
    Record(manager, Params())
    (folder / "data/params_registry.json").mkdir()
    (folder / "data/params_registry.json/in the way").touch()
    os.utime(folder / "data/params_registry.json", ns=(0, 0))

    manager.close_run("complete")

    assert manager.status == "complete"
    assert "params_registry.json could not be written" in caplog.text
    assert "parameters.jsonl" in caplog.text
