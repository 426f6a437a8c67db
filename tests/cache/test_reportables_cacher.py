"""Reportables that come back when their stage is skipped."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.caching import JsonCacher
from curifactory.exceptions import CacheError

NewManager = Callable[..., ArtifactManager]
RENDERED: list[str] = []


class Shown:
    """A reportable with a text and a number."""

    path = ""
    qualified_name = ""
    stage: str | None = None
    record: Record | None = None

    def __init__(self, text: str, name: str | None = None, group: str | None = None) -> None:
        self.text, self.name, self.group = text, name, group
        self.number = 5

    def html(self) -> str:
        return f"{self.text} in {self.path} for {self.qualified_name}"

    def render(self) -> None:
        RENDERED.append(f"{self.text} into {self.path}")


def make_stage(*shown: tuple[str, str | None, str | None]) -> Callable[[Record], Record]:
    @stage(outputs=[Lazy("data")], cachers=[JsonCacher])
    def make(record: Record) -> int:
        for text, name, group in shown:
            record.report(Shown(text, name, group))
        return 1

    return make


def params() -> ExperimentParameters:
    return ExperimentParameters(name="small")


def test_they_come_back_with_names_groups_and_content(new_manager: NewManager) -> None:
    make = make_stage(("one", "scores", "models"), ("two", None, None))
    make(Record(new_manager(), params()))
    manager = new_manager()
    record = make(Record(manager, params()))

    first, second = manager.reportables
    assert [first.qualified_name, second.qualified_name] == ["small_make_scores", "small_make_1"]
    assert manager.get_grouped_reportables() == {"models": [first]}
    assert (first.record, first.stage) == (record, "make")
    first.path = "there"
    assert first.html() == "one in there for small_make_scores"
    assert first.number == 5  # type: ignore[attr-defined]


def test_rendering_uses_the_path_of_the_moment(new_manager: NewManager) -> None:
    make = make_stage(("one", None, None))
    make(Record(new_manager(), params()))
    manager = new_manager()
    make(Record(manager, params()))
    RENDERED.clear()

    for path in ("first", "second"):
        manager.reportables[0].path = path
        manager.reportables[0].render()

    assert RENDERED == ["one into first", "one into second"]


def test_the_files_have_the_documented_names(manager: ArtifactManager, folder: Path) -> None:
    record = make_stage(("one", "scores/a", "models"))(Record(manager, params()))

    stem = f"data/cache/test_{record.get_hash()}_make_reportables"
    listed = json.loads(Path(f"{stem}_file_list.json").read_text())
    facts = json.loads(Path(f"{stem}_metadata.json").read_text())
    assert listed == [{"file": "small_make_scores%2Fa.pkl", "name": "scores/a", "group": "models"}]
    assert Path(stem, "small_make_scores%2Fa.pkl").is_file()
    assert facts["extra"]["reportables"] is True


def test_nothing_is_unpickled_before_it_is_shown(new_manager: NewManager, folder: Path) -> None:
    make = make_stage(("one", "scores", None))
    make(Record(new_manager(), params()))
    manager = new_manager()
    make(Record(manager, params()))
    for file in (folder / "data" / "cache").rglob("*scores.pkl"):
        file.write_bytes(b"no pickle")

    assert (manager.reportables[0].name, manager.reportables[0].group) == ("scores", None)
    with pytest.raises(pickle.UnpicklingError):
        manager.reportables[0].html()


@pytest.mark.parametrize("damaged", ["list", "pickle", "metadata"])
def test_damaged_ones_do_not_end_the_run(
    new_manager: NewManager, folder: Path, damaged: str
) -> None:
    make = make_stage(("one", "scores", None))
    make(Record(new_manager(), params()))
    pattern = {"list": "*_file_list.json", "pickle": "*scores.pkl", "metadata": "*s_metadata.json"}
    for file in (folder / "data" / "cache").rglob(pattern[damaged]):
        file.write_bytes(b"rubbish")

    record = make(Record(new_manager(), params()))

    assert record.state["data"] == 1


def test_a_stage_computed_again_keeps_what_it_reports_now(
    new_manager: NewManager, folder: Path
) -> None:
    make = make_stage(("one", "scores", None))
    record = make(Record(new_manager(), params()))
    Path(record.calls[0].outputs[0].path or "").write_bytes(b"damaged")
    second = new_manager()
    assert make(Record(second, params())).state["data"] == 1
    third = new_manager()
    make(Record(third, params()))

    shown: list[Any] = [*second.reportables, *third.reportables]
    assert [each.html() for each in shown] == ["one in  for small_make_scores"] * 2


def test_the_stages_own_reportable_is_not_changed_by_storing_it(manager: ArtifactManager) -> None:
    record = make_stage(("one", None, None))(Record(manager, params()))

    assert manager.reportables[0].record is record


def test_one_that_cannot_be_kept_is_named(manager: ArtifactManager) -> None:
    class Local(Shown):
        """Pickle cannot find a class inside a function again."""

    @stage()
    def show(record: Record) -> None:
        record.report(Local("text", "plot"))

    with pytest.raises(CacheError, match="reportable 'small_show_plot' of stage 'show'") as caught:
        show(Record(manager, params()))

    assert "Define its class at the top of a module" in str(caught.value)


def test_metadata_says_how_much_was_reported(new_manager: NewManager, folder: Path) -> None:
    metadata = {}
    for made in (make_stage(("one", None, None), ("two", None, None)), make_stage()):
        manager = new_manager()
        manager.overwrite = True
        artifact = made(Record(manager, params())).calls[0].outputs[0]
        metadata[made] = json.loads(Path(str(artifact.metadata_path)).read_text())
        again = new_manager()
        made(Record(again, params()))
        assert len(again.reportables) == metadata[made]["reported"]

    assert [each["reported"] for each in metadata.values()] == [2, 0]


def test_reportables_beside_older_metadata_come_back(new_manager: NewManager) -> None:
    make = make_stage(("one", None, None))
    artifact = make(Record(new_manager(), params())).calls[0].outputs[0]
    path = Path(str(artifact.metadata_path))
    facts = json.loads(path.read_text())
    del facts["reported"]
    path.write_text(json.dumps(facts))
    manager = new_manager()
    make(Record(manager, params()))

    assert len(manager.reportables) == 1
