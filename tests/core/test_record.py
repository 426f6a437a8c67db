"""Records: identity, hashes, copies, paths, output."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.number_stages import Params, make_number

from curifactory import ArtifactManager, Lazy, Record, aggregate, stage
from curifactory.protocols import Cacher

NewManager = Callable[..., ArtifactManager]


@stage(outputs=["items"])
def make_items(record: Record) -> list[int]:
    return [1]


@stage(inputs=["number"], outputs=["scaled"])
def scale(record: Record, number: int) -> int:
    return number * int(record.params.value)


@aggregate(inputs=["number"], outputs=["total"])
def add_up(record: Record, records: list[Record], number: dict[Record, int]) -> int:
    return sum(number.values())


def test_a_record_belongs_to_its_manager_unless_hidden(manager: ArtifactManager) -> None:
    shown, hidden, other = (Record(manager, Params(), hide=hide) for hide in (False, True, False))

    assert manager.records == [shown, other]
    assert [record.get_record_index() for record in (shown, hidden, other)] == [0, -1, 1]


def test_reference_names(manager: ArtifactManager) -> None:
    records = [Record(manager, Params(name="small")), Record(manager, None)]

    names = [record.get_reference_name() for record in records]
    assert names == ["Record 0 (small)", "Record 1 (None)"]


def test_equal_records_are_different_keys(manager: ArtifactManager) -> None:
    one, other = Record(manager, Params()), Record(manager, Params())

    assert {one: 1, other: 2}[other] == 2


def test_the_hash_is_that_of_the_parameters(manager: ArtifactManager) -> None:
    parameters = Params(value=3)

    assert Record(manager, parameters).get_hash() == parameters.hash == parameters.params_hash()
    assert Record(manager, None).get_hash() == "None"


def test_set_hash_follows_changed_parameters(manager: ArtifactManager) -> None:
    record = Record(manager, Params(value=3))
    record.params.value = 4

    record.set_hash()

    assert record.get_hash() == record.params.hash == Params(value=4).params_hash()


def test_the_hash_of_an_aggregate_counts_its_records_and_parameters(
    manager: ArtifactManager,
) -> None:
    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2, 3)]

    both = add_up(Record(manager, None), records[:2])
    reversed_ = add_up(Record(manager, None), records[1::-1])
    other = add_up(Record(manager, None), records[1:])
    with_parameters = add_up(Record(manager, Params(value=9)), records[:2])

    assert both.get_hash() == reversed_.get_hash() == both.combo_hash
    assert len({both.get_hash(), other.get_hash(), with_parameters.get_hash()}) == 3
    assert both.is_aggregate
    assert both.input_records == records[:2]


def test_a_stage_after_an_aggregate_is_cached_under_the_hash_of_the_aggregate(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(inputs=["total"], outputs=["half"], cachers=[cacher])
    def halve(record: Record, total: int) -> float:
        return total / 2

    record = halve(add_up(Record(manager, None), [make_number(Record(manager, Params()))]))

    assert str(record.combo_hash) in (record.calls[-1].outputs[0].path or "")


def test_artifacts_keep_their_place_when_the_record_becomes_another_aggregate(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    runs: list[int] = []

    @aggregate(inputs=["number"], outputs=[Lazy("total")], cachers=[cacher])
    def add_lazily(record: Record, records: list[Record], number: dict[Record, int]) -> int:
        runs.append(1)
        return sum(number.values())

    records = [make_number(Record(manager, Params(value=value))) for value in (1, 2)]
    record = add_lazily(Record(manager, None), records)
    add_up(record, records[:1])

    assert record.calls[0].outputs[0].fetch() == 3
    assert len(runs) == 1


def test_output_is_what_the_last_stage_returned(manager: ArtifactManager) -> None:
    record = make_items(make_number(Record(manager, Params())))

    assert record.output == [1]


def test_a_copy_starts_with_an_own_copy_of_the_state(manager: ArtifactManager) -> None:
    original = make_items(Record(manager, Params()))
    original.state["by hand"] = {"a": [1]}

    copy = original.make_copy()
    copy.state["items"].append(2)
    copy.state["by hand"]["a"].append(2)

    assert original.state == {"items": [1], "by hand": {"a": [1]}}
    assert copy.state == {"items": [1, 2], "by hand": {"a": [1, 2]}}


def test_values_that_belong_together_stay_together_in_a_copy(manager: ArtifactManager) -> None:
    original = Record(manager, None)
    original.state["items"] = items = [1]
    original.state["holder"] = {"items": items}

    copy = original.make_copy()

    assert copy.state["holder"]["items"] is copy.state["items"] is not items


def test_a_copy_has_no_stages_and_names_its_origin(manager: ArtifactManager) -> None:
    original = add_up(Record(manager, Params()), [make_number(Record(manager, Params()))])

    copy = original.make_copy()

    assert (copy.stages, copy.is_aggregate, copy.input_records) == ([], False, [original])
    assert copy.params is original.params


def test_branches_of_a_copied_record_use_their_own_parameters(manager: ArtifactManager) -> None:
    data = make_number(Record(manager, Params(value=3)))

    branches = [scale(data.make_copy(Params(value=value))) for value in (10, 100)]

    assert [branch.state["scaled"] for branch in branches] == [30, 300]
    assert "scaled" not in data.state
    assert [branch.calls[0].inputs[0].artifacts for branch in branches] == [
        data.calls[0].outputs
    ] * 2


def test_a_copy_may_stay_out_of_the_managers_records(manager: ArtifactManager) -> None:
    copy = Record(manager, Params()).make_copy(add_to_manager=False)

    assert copy not in manager.records


def test_lazy_values_are_shared_by_copies_not_loaded(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> int:
        return 20

    copy = make(Record(manager, Params())).make_copy(Params(value=2))

    assert isinstance(copy.state.held("data"), Lazy)
    assert copy.state["data"] == 20


def test_a_state_that_cannot_be_copied_is_no_obstacle_for_the_original(
    manager: ArtifactManager,
) -> None:
    record = make_number(Record(manager, Params()))
    record.state["open"] = (number for number in [1])

    with pytest.raises(TypeError, match="generator"):
        record.make_copy()

    assert scale(record).state["scaled"] == 1


def test_paths_name_experiment_hash_stage_and_object(
    manager: ArtifactManager, folder: Path
) -> None:
    record = make_number(Record(manager, Params()))

    path = record.get_path("model.bin")

    assert path == f"data/cache/test_{record.get_hash()}_make_number_model.bin"
    assert Path("data/cache").is_dir()


def test_paths_inside_a_stage_name_that_stage(manager: ArtifactManager) -> None:
    @stage(outputs=["path"])
    def write(record: Record) -> str:
        return record.get_path("file")

    record = write(make_number(Record(manager, Params())))

    assert record.state["path"].endswith(f"_{record.get_hash()}_write_file")


def test_parts_of_a_path_can_be_given(manager: ArtifactManager) -> None:
    record = make_number(Record(manager, Params()))

    path = record.get_path("file", subdir="models", prefix="shared", stage_name="train")

    assert path == f"data/cache/models/shared_{record.get_hash()}_train_file"
    assert Path("data/cache/models").is_dir()


def test_the_managers_prefix_replaces_the_experiments_name(new_manager: NewManager) -> None:
    record = make_number(Record(new_manager(prefix="shared"), Params()))

    assert Path(record.get_path("file")).name.startswith("shared_")


@pytest.mark.parametrize("subdir", ["../outside", "/tmp", "a/../../outside"])
def test_a_subfolder_cannot_lead_out_of_the_cache(manager: ArtifactManager, subdir: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        Record(manager, Params()).get_path("file", subdir=subdir)


def test_names_cannot_lead_out_of_the_cache(manager: ArtifactManager) -> None:
    record = make_number(Record(manager, Params(hash="../../outside")))

    path = Path(record.get_path("../../file", prefix="../.."))

    assert path.parent == Path("data/cache")


def test_get_dir_makes_the_folder(manager: ArtifactManager) -> None:
    record = make_number(Record(manager, Params()))

    assert Path(record.get_dir("models")).is_dir()
    assert record.get_dir("models") == record.get_path("models")


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_paths_make_no_folders_where_nothing_is_written(
    new_manager: NewManager, folder: Path, option: str
) -> None:
    record = Record(new_manager(**{option: True}), Params())

    record.get_dir("models", subdir="below")

    assert not (folder / "data" / "cache").exists()


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_a_stage_may_write_to_paths_itself_where_nothing_is_written(
    new_manager: NewManager, folder: Path, option: str
) -> None:
    @stage(None, ["text"])
    def write(record: Record) -> str:
        path = Path(record.get_path("note.txt", subdir="below/deep"))
        path.write_text("own")
        (Path(record.get_dir("models")) / "one").write_text("model")
        return path.read_text()

    @stage(None, ["text"])
    def ask(record: Record) -> str:
        record.get_dir("unused", subdir="other")
        return "nothing"

    record = write(Record(new_manager(**{option: True}), Params()))
    assert record.state["text"] == "own"
    ask(record)

    cache = folder / "data" / "cache"
    assert len([path for path in cache.rglob("*") if path.is_file()]) == 2
    assert not (cache / "other").exists()


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_a_stage_that_asks_for_paths_and_writes_nothing_leaves_no_folders(
    new_manager: NewManager, folder: Path, option: str
) -> None:
    @stage(None, ["text"])
    def ask(record: Record) -> str:
        return record.get_dir("models", subdir="below")

    made = ask(Record(new_manager(**{option: True}), Params())).state["text"]

    assert not Path(made).exists()
    assert not (folder / "data" / "cache").exists()


def test_reporting_before_any_stage_is_refused(manager: ArtifactManager) -> None:
    with pytest.raises(IndexError, match="no stage yet"):
        Record(manager, Params()).report(object())  # type: ignore[arg-type]


def test_documented_lists_describe_the_stages(manager: ArtifactManager) -> None:
    record = make_number(Record(manager, Params()))
    record.state["other"] = 1
    scale(record, number=5)

    assert record.stages == ["make_number", "scale"]
    assert record.stage_inputs_names == [[], ["number"]]
    assert record.stage_inputs == [[], [-1]]
    assert record.stage_outputs == [[0], [1]]
    assert record.stage_kwargs_keys == [[], ["number"]]
    assert record.stage_suppress_missing == [False, False]
    assert record.state_artifact_reps == {"number": 0, "scaled": 1}
