"""Lazy outputs: one declaration, a value for each record, loaded at each use."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.exceptions import MissingPartError
from curifactory.protocols import Cacher

NewManager = Callable[..., ArtifactManager]


@dataclass
class Params(ExperimentParameters):
    value: int = 0


def test_a_declaration_shows_its_name() -> None:
    assert str(Lazy("data")) == "data"
    assert repr(Lazy("data", resolve=False)) == "Lazy('data', resolve=False)"


def test_a_declaration_has_no_value() -> None:
    declared = Lazy("data")

    assert declared.cacher is None
    with pytest.raises(RuntimeError, match="'data'"):
        declared.load()


def test_a_lazy_output_belongs_to_its_own_record(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return int(record.params.value)

    records = [make(Record(manager, Params(value=value))) for value in (1, 2, 3)]

    assert [record.state["data"] for record in records] == [1, 2, 3]


def test_a_lazy_output_is_not_held_in_memory(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> list[int]:
        return [1]

    record = make(Record(manager, Params()))

    assert isinstance(record.output, Lazy)
    assert isinstance(record.state.held("data"), Lazy)
    assert record.state["data"] is not record.state["data"]


def test_a_lazy_output_is_loaded_for_the_stage_that_reads_it(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    @stage(inputs=["data"], outputs=["doubled"])
    def double(record: Record, data: int) -> int:
        return 2 * data

    assert double(make(Record(manager, Params()))).output == 40


def test_an_unresolved_lazy_output_hands_out_its_cacher(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data", resolve=False)], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    @stage(inputs=["data"], outputs=["path", "value"])
    def look(record: Record, data: Lazy) -> tuple[str, int]:
        assert data.cacher is not None
        return data.cacher.get_path(), data.load()

    path, value = look(make(Record(manager, Params()))).output

    assert Path(path).is_file()
    assert value == 20


def test_a_cached_lazy_output_stays_out_of_memory(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    make(Record(new_manager(), Params()))
    record = make(Record(new_manager(), Params()))

    assert isinstance(record.state.held("data"), Lazy)
    assert record.state["data"] == 20


def test_the_lazy_option_makes_every_cached_output_lazy_for_one_session(
    new_manager: NewManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=["data"], cachers=[cacher])
    def make(record: Record) -> int:
        return int(record.params.value)

    lazy = [make(Record(new_manager(lazy=True), Params(value=value))) for value in (1, 2)]
    plain = make(Record(new_manager(), Params(value=3)))

    assert [type(record.state.held("data")) for record in [*lazy, plain]] == [Lazy, Lazy, int]
    assert [record.state["data"] for record in lazy] == [1, 2]


def test_ignore_lazy_keeps_values_in_memory_and_needs_no_cacher(new_manager: NewManager) -> None:
    @stage(outputs=[Lazy("data")])
    def make(record: Record) -> int:
        return 20

    record = make(Record(new_manager(ignore_lazy=True), Params()))

    assert record.state.held("data") == 20


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_a_lazy_output_stays_in_memory_where_nothing_is_written(
    new_manager: NewManager, cacher: type[Cacher], option: str
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    record = make(Record(new_manager(**{option: True}), Params()))

    assert record.state["data"] == 20
    assert not list(Path.cwd().rglob("*.pkl"))


def test_a_lazy_output_without_cacher_says_which_part_is_missing(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    @stage(outputs=[Lazy("data")])
    def make(record: Record) -> int:
        return 20

    monkeypatch.setattr("curifactory.manager.find", lambda group, name: None)

    with pytest.raises(MissingPartError, match=r"'data' of stage 'make'.*curifactory-cache"):
        make(Record(manager, Params()))


def test_a_damaged_lazy_output_is_computed_again(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    runs: list[int] = []

    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        runs.append(1)
        return 20

    record = make(Record(manager, Params()))
    Path(record.calls[0].outputs[0].path or "").write_bytes(b"damaged")

    assert record.state["data"] == 20
    assert len(runs) == 2


def test_a_value_put_in_place_of_a_lazy_one_survives_its_being_computed_again(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> Any:
        return 20

    record = make(Record(manager, Params()))
    copy = record.make_copy()
    record.state["data"] = "put by hand"
    Path(record.calls[0].outputs[0].path or "").write_bytes(b"damaged")

    assert copy.state["data"] == 20
    assert record.state["data"] == "put by hand"
