"""A record's state: a dictionary that loads what waits outside memory."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.protocols import Cacher
from curifactory.state import State


@dataclass
class Params(ExperimentParameters):
    value: int = 0


@pytest.fixture
def lazy(manager: ArtifactManager, cacher: type[Cacher]) -> State:
    """Return a state with a lazy value 20 under `data`."""

    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    state: State = make(Record(manager, Params())).state
    return state


@pytest.fixture
def record(manager: ArtifactManager) -> Record:
    """Return a record whose state has 1 under `data`, made by a stage."""

    @stage(outputs=["data"])
    def make(record: Record) -> int:
        return 1

    return make(Record(manager, Params()))


def test_it_prints_like_a_dictionary() -> None:
    assert str(State({"data": 5.0})) == "{'data': 5.0}"


def test_reading_resolves_lazy_values(lazy: State) -> None:
    assert lazy["data"] == lazy.get("data") == 20


def test_whole_views_resolve_nothing(lazy: State) -> None:
    assert [type(value) for value in lazy.values()] == [Lazy]
    assert [type(value) for _, value in lazy.items()] == [Lazy]
    assert type(lazy.pop("data")) is Lazy


def test_with_resolve_off_reading_gives_the_lazy_value(lazy: State) -> None:
    lazy.resolve = False

    assert isinstance(lazy["data"], Lazy)


def test_get_has_a_default_and_reading_does_not() -> None:
    state = State()

    assert state.get("absent") is None
    assert state.get("absent", 5) == 5
    with pytest.raises(KeyError, match="absent"):
        state["absent"]


def test_a_value_knows_its_artifact_until_another_takes_its_name(record: Record) -> None:
    assert record.state.artifacts["data"].call is record.calls[0]

    record.state["data"] = 2

    assert "data" not in record.state.artifacts


@pytest.mark.parametrize(
    "replace",
    [
        lambda state: state.update(data=2),
        lambda state: state.__ior__({"data": 2}),
    ],
    ids=["update", "|="],
)
def test_however_a_value_is_replaced_it_is_no_longer_the_artifact(
    record: Record, replace: Any
) -> None:
    replace(record.state)

    assert record.state["data"] == 2
    assert "data" not in record.state.artifacts


@pytest.mark.parametrize(
    "remove",
    [
        lambda state: state.pop("data"),
        lambda state: state.__delitem__("data"),
        lambda state: state.popitem(),
        lambda state: state.clear(),
    ],
    ids=["pop", "del", "popitem", "clear"],
)
def test_a_value_removed_to_free_memory_leaves_its_artifact_describable(
    record: Record, remove: Any
) -> None:
    remove(record.state)

    artifact = record.calls[0].outputs[0]
    assert (artifact.preview, artifact.type_name) in {("", ""), ("1", "int")}
    assert "data" not in record.make_copy().state


def test_a_value_is_set_only_where_there_is_none(record: Record) -> None:
    assert record.state.setdefault("data", 5) == 1
    assert record.state.setdefault("other", 5) == 5
    assert record.state == {"data": 1, "other": 5}


def test_removing_what_is_not_there(record: Record) -> None:
    assert record.state.pop("absent", "default") == "default"
    with pytest.raises(KeyError, match="absent"):
        record.state.pop("absent")
    assert record.state.popitem() == ("data", 1)
    with pytest.raises(KeyError):
        record.state.popitem()


def test_a_state_is_updated_like_a_dictionary(record: Record) -> None:
    record.state.update([("a", 1)], b=2)
    record.state |= {"c": 3}

    assert record.state == {"data": 1, "a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    "read",
    [
        dict,
        copy.copy,
        copy.deepcopy,
        lambda state: state.copy(),
        lambda state: dict(state.items()),
        lambda state: {**state},
        lambda state: state | {},
        lambda state: {} | state,
        lambda state: dict(zip(state, state.values(), strict=True)),
        lambda state: json.loads(json.dumps(state)),
    ],
    ids=["dict", "copy", "deepcopy", ".copy", "items", "**", "|", "{} |", "values", "json"],
)
def test_whatever_reads_the_state_of_a_skipped_stage_gets_values(
    run_planned: Callable[..., ArtifactManager], cacher: type[Cacher], read: Any
) -> None:
    @stage(outputs=["data"], cachers=[cacher])
    def make(record: Record) -> list[int]:
        return [1]

    for _ in range(2):
        manager = run_planned(lambda manager: make(Record(manager, Params())))

    assert read(manager.records[0].state) == {"data": [1]}


def test_the_state_of_a_skipped_stage_equals_its_values(
    run_planned: Callable[..., ArtifactManager], cacher: type[Cacher]
) -> None:
    @stage(outputs=["data"], cachers=[cacher])
    def make(record: Record) -> list[int]:
        return [1]

    for _ in range(2):
        manager = run_planned(lambda manager: make(Record(manager, Params())))

    assert manager.records[0].state == {"data": [1]}
