"""Cachers: where artifacts lie, whether they count, and what is written beside them."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, aggregate, stage
from curifactory.caching import Cacheable, JsonCacher, PickleCacher, cacheable
from curifactory.causes import CauseKind
from curifactory.exceptions import CacheError, UnreadableArtifactError
from curifactory.paths import read_file

NewManager = Callable[..., ArtifactManager]


@dataclass
class Params(ExperimentParameters):
    value: int = 1


RAN: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    """Forget what ran in other tests."""
    RAN.clear()


def make_stage(
    cacher: Any, produce: Callable[[], object] = lambda: {"a": 1}
) -> Callable[[Record], Record]:
    """Return a stage `make` with one output `data`, which appends to `RAN`."""

    @stage(outputs=["data"], cachers=[cacher])
    def make(record: Record) -> object:
        RAN.append("make")
        return produce()

    return make


def artifact_path(record: Record) -> Path:
    return Path(record.calls[-1].outputs[0].path or "")


def sidecar(record: Record) -> dict[str, Any]:
    path = artifact_path(record)
    text = path.with_name(f"{path.stem}_metadata.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


def kinds(record: Record, cacher: Cacheable) -> tuple[bool, list[CauseKind]]:
    """Return what a look-up for the last call's output finds."""
    found = cacher.bound_to(record.calls[-1], "data").look_up()
    return found.hit, [cause.kind for cause in found.causes]


def test_an_artifact_and_its_metadata_have_the_documented_names(
    manager: ArtifactManager, folder: Path
) -> None:
    record = make_stage(JsonCacher)(Record(manager, Params()))

    stem = f"test_{record.get_hash()}_make_data"
    assert sorted(os.listdir(folder / "data" / "cache")) == [
        f"{stem}.json",
        f"{stem}_metadata.json",
    ]


def test_subfolder_and_prefix_of_a_cacher(manager: ArtifactManager) -> None:
    make = make_stage(JsonCacher(subdir="deep/down", prefix="shared"))

    record = make(Record(manager, Params()))

    assert artifact_path(record) == Path(
        f"data/cache/deep/down/shared_{record.get_hash()}_make_data.json"
    )
    assert artifact_path(record).is_file()


def test_a_prefix_shares_artifacts_among_experiments(folder: Path) -> None:
    make = make_stage(JsonCacher(prefix="shared"))
    for name in ("one", "other"):
        session = ArtifactManager(name, suppress_live_log=True)
        assert make(Record(session, Params())).output == {"a": 1}
        session.close_run("complete")

    assert RAN == ["make"]


def test_an_output_name_that_ends_with_the_extension_gets_no_second_one(
    manager: ArtifactManager,
) -> None:
    @stage(outputs=["data.json"], cachers=[JsonCacher])
    def make(record: Record) -> int:
        return 1

    path = artifact_path(make(Record(manager, Params())))

    assert path.name.endswith("_make_data.json")
    assert path.is_file()


@pytest.mark.parametrize("argument", ["path_override", "overwrite_path", None])
def test_an_exact_path_is_used_as_it_is(
    manager: ArtifactManager, folder: Path, argument: str | None
) -> None:
    path = "elsewhere/deep/exact"
    cacher = JsonCacher(path) if argument is None else JsonCacher(**{argument: path})

    make_stage(cacher)(Record(manager, Params()))

    assert json.loads((folder / path).read_text()) == {"a": 1}
    assert (folder / "elsewhere/deep/exact_metadata.json").is_file()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("out/{hash}.json", "out/{0}.json"),
        ("out/{stage}-{name}.json", "out/make-data.json"),
        ("{cache}/x/{experiment}.json", "data/cache/x/test.json"),
        ("out/{params.value}/{params.name}.json", "out/7/small.json"),
        ("out/{artifact_filename}.json", "out/test_{0}_make_data.json"),
    ],
)
def test_templates_in_exact_paths(manager: ArtifactManager, template: str, expected: str) -> None:
    record = make_stage(JsonCacher(template))(Record(manager, Params(name="small", value=7)))

    assert artifact_path(record) == Path(expected.format(record.get_hash()))
    assert artifact_path(record).is_file()


def test_an_unknown_field_in_a_template_is_named(manager: ArtifactManager) -> None:
    with pytest.raises(KeyError, match="unknown"):
        make_stage(JsonCacher("out/{unknown}.json"))(Record(manager, Params()))


def test_without_path_or_record_a_cacher_says_what_it_needs() -> None:
    with pytest.raises(RuntimeError, match=r"JsonCacher\('data/file'\)"):
        JsonCacher().get_path()


def test_suffixes_replace_the_extension() -> None:
    cacher = JsonCacher("out/model.json")

    assert cacher.get_path() == "out/model.json"
    assert cacher.get_path("_weights") == "out/model_weights"
    assert cacher.get_path("_metadata.json") == "out/model_metadata.json"


def test_an_aggregate_keeps_a_name_given_to_its_cacher_and_a_stage_does_not(
    manager: ArtifactManager,
) -> None:
    @aggregate(outputs=["data"], cachers=[JsonCacher(name="own")])
    def combine(record: Record, records: list[Record]) -> int:
        return 1

    combined = combine(Record(manager, None), [])
    made = make_stage(JsonCacher(name="own"))(Record(manager, Params()))

    assert artifact_path(combined).name.endswith("_combine_own.json")
    assert artifact_path(made).name.endswith("_make_data.json")
    assert combine(Record(manager, None), []).output == 1


def test_metadata_has_the_documented_facts(manager: ArtifactManager) -> None:
    @stage(outputs=["number"])
    def before(record: Record) -> int:
        return 1

    record = make_stage(JsonCacher)(before(Record(manager, Params(name="small", value=7))))

    facts = sidecar(record)
    assert (facts["params_hash"], facts["params_name"]) == (record.get_hash(), "small")
    assert (facts["stage"], facts["artifact_name"]) == ("make", "data")
    assert (facts["record_name"], facts["record_prior_stages"]) == ("Record 0 (small)", ["before"])
    assert facts["params"]["value"] == "7"
    assert "JsonCacher" in facts["cacher_type"]
    assert facts["manager_run_info"]["reference"] == manager.get_reference_name()
    assert "status" not in facts["manager_run_info"]
    assert set(facts) >= {"artifact_generated", "prior_records", "extra", "preview"}


def test_metadata_of_a_stage_computed_again_names_its_own_prior_stages(
    manager: ArtifactManager,
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[JsonCacher])
    def make(record: Record) -> int:
        return 1

    @stage(outputs=["later"])
    def follow(record: Record) -> int:
        return 2

    record = make(Record(manager, Params()))
    first = record.calls[0].outputs[0]
    follow(record)
    Path(first.path or "").unlink()

    assert record.state["data"] == 1
    path = Path(first.path or "")
    facts = json.loads(path.with_name(f"{path.stem}_metadata.json").read_text())
    assert facts["record_prior_stages"] == []


def test_metadata_does_not_grow_with_the_number_of_parameter_sets(
    manager: ArtifactManager,
) -> None:
    manager.run.record_parameters({"file": [(f"set {number}", "abc") for number in range(2000)]})

    record = make_stage(JsonCacher)(Record(manager, Params()))

    assert len(json.dumps(sidecar(record))) < 5000


def test_metadata_is_not_written_again_when_the_artifact_is_used(new_manager: NewManager) -> None:
    make = make_stage(JsonCacher)
    first = sidecar(make(Record(new_manager(), Params())))
    second = sidecar(make(Record(new_manager(), Params(name="other"))))

    assert second == first


def test_metadata_that_may_not_be_read_is_written_again(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> tuple[bytes, os.stat_result]:
        if path.endswith("_make_data_metadata.json"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return read_file(path)

    make = make_stage(JsonCacher)
    make(Record(new_manager(), Params()))

    with monkeypatch.context() as patch:
        patch.setattr(cacheable, "read_file", refuse)  # root may read everything
        make(Record(new_manager(), Params()))

    assert RAN == ["make", "make"]
    make(Record(new_manager(), Params()))
    assert RAN == ["make", "make"]


def test_extra_metadata_is_there_again_when_loading(new_manager: NewManager) -> None:
    class Tagging(JsonCacher):
        def save(self, obj: Any) -> str:
            self.extra_metadata["kind"] = type(obj).__name__
            return super().save(obj)

        def load(self) -> Any:
            return (self.extra_metadata["kind"], super().load())

    make = make_stage(Tagging)
    record = make(Record(new_manager(), Params()))

    assert sidecar(record)["extra"] == {"kind": "dict"}
    assert make(Record(new_manager(), Params())).output == ("dict", {"a": 1})


def test_a_foreign_file_with_the_same_name_is_not_taken(new_manager: NewManager) -> None:
    @stage(outputs=["b_c"], cachers=[JsonCacher])
    def a(record: Record) -> str:
        return "of a"

    @stage(outputs=["c"], cachers=[JsonCacher])
    def a_b(record: Record) -> str:
        return "of a_b"

    first = a(Record(new_manager(), Params()))
    second = a_b(Record(new_manager(), Params()))

    assert artifact_path(first) == artifact_path(second)
    assert second.output == "of a_b"
    assert a(Record(new_manager(), Params())).output == "of a"


def test_lazy_outputs_that_share_a_file_name_keep_their_values(manager: ArtifactManager) -> None:
    @stage(outputs=[Lazy("b_c")], cachers=[JsonCacher])
    def a(record: Record) -> str:
        return "of a"

    @stage(outputs=[Lazy("c")], cachers=[JsonCacher])
    def a_b(record: Record) -> str:
        return "of a_b"

    record = a_b(a(Record(manager, Params())))

    assert [record.state[name] for name in ("b_c", "c", "b_c")] == ["of a", "of a_b", "of a"]


def test_a_file_without_metadata_is_used_and_said_to_be_unverified(
    manager: ArtifactManager,
) -> None:
    record = make_stage(JsonCacher)(Record(manager, Params()))
    path = artifact_path(record)
    path.with_name(f"{path.stem}_metadata.json").unlink()

    assert kinds(record, JsonCacher()) == (True, [CauseKind.UNVERIFIED])


def test_a_missing_file_is_missing(manager: ArtifactManager) -> None:
    record = make_stage(JsonCacher)(Record(manager, Params()))
    artifact_path(record).unlink()

    assert kinds(record, JsonCacher()) == (False, [CauseKind.MISSING])


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "truncated": lambda file, metadata: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file, metadata: file.write_bytes(file.read_bytes() + b" "),
    "changed": lambda file, metadata: file.write_bytes(file.read_bytes().replace(b"1", b"2")),
    "empty": lambda file, metadata: file.write_bytes(b""),
    "metadata cut": lambda file, metadata: metadata.write_bytes(metadata.read_bytes()[:-5]),
    "metadata empty": lambda file, metadata: metadata.write_bytes(b""),
    "metadata a list": lambda file, metadata: metadata.write_bytes(b"[]"),
    "metadata rubbish": lambda file, metadata: metadata.write_bytes(b"\xff\xfe"),
    "metadata of another shape": lambda file, metadata: metadata.write_bytes(b'{"files": [1]}'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_artifact_is_computed_again(
    new_manager: NewManager, damage: Callable[[Path, Path], object]
) -> None:
    make = make_stage(JsonCacher)
    record = make(Record(new_manager(), Params()))
    path = artifact_path(record)
    damage(path, path.with_name(f"{path.stem}_metadata.json"))

    assert kinds(record, JsonCacher()) == (False, [CauseKind.DAMAGED])
    assert make(Record(new_manager(), Params())).output == {"a": 1}
    assert make(Record(new_manager(), Params())).output == {"a": 1}
    assert RAN == ["make", "make"]


def test_a_touched_but_unchanged_file_is_used(manager: ArtifactManager) -> None:
    record = make_stage(JsonCacher)(Record(manager, Params()))
    os.utime(artifact_path(record), ns=(1, 1))

    assert kinds(record, JsonCacher()) == (True, [])


def test_what_cannot_be_loaded_is_set_aside_and_computed_again(
    new_manager: NewManager, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make = make_stage(PickleCacher)
    path = artifact_path(make(Record(new_manager(), Params())))
    path.with_name(f"{path.stem}_metadata.json").unlink()
    path.write_bytes(b"no pickle")

    assert make(Record(new_manager(), Params())).output == {"a": 1}

    assert RAN == ["make", "make"]
    assert path.with_name(f"{path.name}.corrupt").read_bytes() == b"no pickle"
    assert "output 'data' of stage 'make'" in caplog.text


@pytest.mark.parametrize("option", ["dry", "dry_cache"])
def test_a_cache_that_is_only_read_is_not_changed_by_what_is_damaged_in_it(
    new_manager: NewManager, folder: Path, option: str
) -> None:
    make = make_stage(PickleCacher)
    path = artifact_path(make(Record(new_manager(), Params())))
    path.with_name(f"{path.stem}_metadata.json").unlink()
    path.write_bytes(b"no pickle")

    record = make(Record(new_manager(**{option: True}), Params()))

    assert record.output == {"a": 1}
    assert os.listdir(path.parent) == [path.name]


def test_running_out_of_memory_while_loading_leaves_the_artifact_alone(
    new_manager: NewManager,
) -> None:
    class Large(JsonCacher):
        def load(self) -> Any:
            raise MemoryError

    make = make_stage(Large)
    path = artifact_path(make(Record(new_manager(), Params())))

    with pytest.raises(MemoryError):
        make(Record(new_manager(), Params()))
    assert path.is_file()


def test_the_error_of_a_damaged_artifact_says_where_it_went(manager: ArtifactManager) -> None:
    record = make_stage(PickleCacher)(Record(manager, Params()))
    path = artifact_path(record)
    path.write_bytes(b"no pickle")

    with pytest.raises(UnreadableArtifactError) as caught:
        PickleCacher().bound_to(record.calls[0], "data").fetch()

    assert f"set aside as {path.name}.corrupt" in str(caught.value)
    assert str(path) in str(caught.value)


class Model(Cacheable):
    """Two files, as in the documentation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".model_obj", **kwargs})

    def save(self, obj: Any) -> None:
        Path(self.get_path("_model")).write_text(obj["weights"])
        Path(self.get_path()).write_text(obj["name"])

    def load(self) -> Any:
        name, weights = Path(self.get_path()), Path(self.get_path("_model"))
        return {"name": name.read_text(), "weights": weights.read_text()}


def test_a_cacher_with_two_files(new_manager: NewManager, folder: Path) -> None:
    value = {"name": "net", "weights": "1 2 3"}
    make = make_stage(Model, lambda: value)
    record = make(Record(new_manager(), Params()))

    stem = f"test_{record.get_hash()}_make_data"
    assert sorted(os.listdir(folder / "data" / "cache")) == [
        f"{stem}.model_obj", f"{stem}_metadata.json", f"{stem}_model",
    ]  # fmt: skip
    assert sorted(sidecar(record)["files"]) == [f"{stem}.model_obj", f"{stem}_model"]
    assert make(Record(new_manager(), Params())).output == value


def test_every_file_of_a_cacher_is_needed(new_manager: NewManager, folder: Path) -> None:
    make = make_stage(Model, lambda: {"name": "net", "weights": "1"})
    make(Record(new_manager(), Params()))
    (second,) = (folder / "data" / "cache").glob("*_model")
    second.unlink()

    make(Record(new_manager(), Params()))

    assert RAN == ["make", "make"]
    assert second.is_file()


class Pieces(Cacheable):
    """A folder with a file for each piece."""

    def save(self, obj: Any) -> None:
        folder = Path(self.get_dir())
        for name, text in obj.items():
            (folder / "deep").mkdir(exist_ok=True)
            (folder / "deep" / name).write_text(text)

    def load(self) -> Any:
        return {path.name: path.read_text() for path in Path(self.get_path(), "deep").iterdir()}


def test_a_cacher_with_a_folder(new_manager: NewManager, folder: Path) -> None:
    make = make_stage(Pieces, lambda: {"a": "1", "b": "2"})
    path = artifact_path(make(Record(new_manager(), Params())))

    assert sorted(os.listdir(path / "deep")) == ["a", "b"]
    assert make(Record(new_manager(), Params())).output == {"a": "1", "b": "2"}
    assert RAN == ["make"]
    (path / "deep" / "a").unlink()
    assert make(Record(new_manager(), Params())).output == {"a": "1", "b": "2"}
    assert RAN == ["make", "make"]


def test_a_folder_is_replaced_as_a_whole(new_manager: NewManager) -> None:
    pieces = {"a": "1", "b": "2"}
    make = make_stage(Pieces, lambda: pieces)
    path = artifact_path(make(Record(new_manager(), Params())))
    del pieces["a"]

    make(Record(new_manager(), Params(overwrite=True)))

    assert os.listdir(path / "deep") == ["b"]


def test_a_cacher_that_uses_another_inside(new_manager: NewManager, folder: Path) -> None:
    class Wrapping(Cacheable):
        def save(self, obj: Any) -> None:
            self.extra_metadata["best"] = 13
            self.save_metadata()
            JsonCacher(self.get_path()).save([obj])

        def load(self) -> Any:
            self.load_metadata()
            return [*JsonCacher(self.get_path()).load(), self.extra_metadata["best"]]

    make = make_stage(Wrapping, lambda: "value")
    make(Record(new_manager(), Params()))

    assert make(Record(new_manager(), Params())).output == ["value", 13]
    assert len(os.listdir(folder / "data" / "cache")) == 2
    Wrapping("inline/file").save("value")
    assert Wrapping("inline/file").load() == ["value", 13]


def test_a_cacher_may_decide_itself_whether_it_is_there(new_manager: NewManager) -> None:
    class Never(JsonCacher):
        def check(self) -> bool:
            return False

    make = make_stage(Never)
    for _ in range(2):
        make(Record(new_manager(), Params()))

    assert RAN == ["make", "make"]


def test_check_is_a_miss_where_the_parameters_ask_to_overwrite(manager: ArtifactManager) -> None:
    record = make_stage(JsonCacher)(Record(manager, Params()))
    cacher = JsonCacher().bound_to(record.calls[0], "data")

    assert cacher.check()
    record.params.overwrite = True
    assert not cacher.check()


@pytest.mark.parametrize("place", ["cache", "subfolder", "exact path"])
def test_a_place_that_cannot_be_written_is_named_with_stage_and_output(
    new_manager: NewManager, folder: Path, place: str
) -> None:
    manager = new_manager(cache_path="file" if place == "cache" else None)
    if place == "cache":
        (folder / "file").rmdir()
    (folder / "file").write_text("in the way of a folder")
    cacher = {
        "cache": JsonCacher(),
        "subfolder": JsonCacher(subdir="sub"),
        "exact path": JsonCacher("file/below.json"),
    }[place]
    if place == "subfolder":
        (folder / "data" / "cache" / "sub").write_text("in the way of a folder")

    with pytest.raises(CacheError) as caught:
        make_stage(cacher)(Record(manager, Params()))

    for part in ("'data'", "'make'", "Check the folder's permissions"):
        assert part in str(caught.value)


def test_a_value_that_the_cacher_cannot_store_is_named(
    manager: ArtifactManager, folder: Path
) -> None:
    with pytest.raises(CacheError) as caught:
        make_stage(PickleCacher, lambda: lambda: 1)(Record(manager, Params()))

    for part in ("'data'", "'make'", "a function", "PickleCacher", "Choose another cacher"):
        assert part in str(caught.value)
    assert os.listdir(folder / "data" / "cache") == []


def test_a_plan_tells_what_the_cache_holds(
    run_planned: Callable[..., ArtifactManager], new_manager: NewManager
) -> None:
    make = make_stage(JsonCacher)
    path = artifact_path(make(Record(new_manager(), Params())))
    path.write_bytes(b"{")

    manager = run_planned(lambda manager: make(Record(manager, Params())))

    ((_, decision),) = manager.decisions()
    assert [cause.kind for cause in decision.causes] == [CauseKind.DAMAGED]
    assert "1 bytes instead of" in decision.causes[0].detail


def test_outputs_of_two_executions_are_not_mixed(new_manager: NewManager, folder: Path) -> None:
    @stage(outputs=["one", "other"], cachers=[JsonCacher, JsonCacher])
    def make(record: Record) -> tuple[int, int]:
        RAN.append("make")
        return len(RAN), len(RAN)

    make(Record(new_manager(), Params()))
    kept = {path: path.read_bytes() for path in (folder / "data" / "cache").glob("*_one*")}
    make(Record(new_manager(), Params(overwrite=True)))
    for path, content in kept.items():
        path.write_bytes(content)

    assert make(Record(new_manager(), Params())).output == (3, 3)


def test_other_inputs_under_the_same_names_are_not_taken(new_manager: NewManager) -> None:
    @stage(inputs=["given"], outputs=["data"], cachers=[JsonCacher])
    def make(record: Record, given: int) -> int:
        return 10 * given

    outputs = [
        make(Record(new_manager(), Params()), given=number).output for number in (1, 2, 1, 2)
    ]

    assert outputs == [10, 20, 10, 20]


def test_an_old_file_is_not_taken_for_what_was_not_written_this_time(
    manager: ArtifactManager,
) -> None:
    class Sometimes(Cacheable):
        def save(self, obj: int) -> None:
            if obj == 1:
                Path(self.get_path()).write_text("1")

        def load(self) -> int:
            return int(Path(self.get_path()).read_text())

    values = iter([1, 2])
    make = make_stage(Sometimes, lambda: next(values))
    make(Record(manager, Params()))
    manager.overwrite = True

    with pytest.raises(CacheError, match="wrote nothing to get_path"):
        make(Record(manager, Params()))


def test_what_was_planned_is_not_done_to_a_call_that_is_given_something_else(
    run_planned: Callable[..., ArtifactManager],
) -> None:
    @stage(outputs=["number"], cachers=[JsonCacher])
    def make(record: Record, start: int) -> int:
        return start

    @stage(["number"], ["sum"], [JsonCacher])
    def add(record: Record, number: int) -> int:
        return number + 1

    starts: list[int] = []

    def run(manager: ArtifactManager) -> None:
        add(make(Record(manager, Params()), start=starts.pop(0)))

    for given, made in (([10, 10], (10, 11)), ([10, 20], (20, 21)), ([20, 10], (10, 11))):
        starts[:] = given
        record = run_planned(run).records[0]
        assert (record.state["number"], record.state["sum"]) == made
