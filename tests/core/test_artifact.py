"""Artifacts: what a report can say of a value without holding it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curifactory import ArtifactManager, ExperimentParameters, Lazy, Record, stage
from curifactory.artifact import content_of
from curifactory.protocols import Cacher


@dataclass
class Params(ExperimentParameters):
    value: int = 0


def test_an_artifact_in_memory_describes_its_value(manager: ArtifactManager) -> None:
    @stage(outputs=["data"])
    def make(record: Record) -> list[int]:
        return [1, 2]

    artifact = make(Record(manager, Params())).calls[0].outputs[0]

    assert (artifact.type_name, artifact.preview, artifact.path) == ("list", "[1, 2]", None)


def test_a_lazy_artifact_describes_the_value_it_had(
    manager: ArtifactManager, cacher: type[Cacher]
) -> None:
    @stage(outputs=[Lazy("data")], cachers=[cacher])
    def make(record: Record) -> list[int]:
        return [1, 2]

    artifact = make(Record(manager, Params())).calls[0].outputs[0]

    assert (artifact.type_name, artifact.preview) == ("list", "[1, 2]")


def test_an_artifact_keeps_its_own_description_when_its_name_is_taken(
    manager: ArtifactManager,
) -> None:
    @stage(outputs=["data"])
    def make(record: Record) -> int:
        return 1

    @stage(inputs=["data"], outputs=["data"])
    def change(record: Record, data: int) -> str:
        return "changed"

    record = change(make(Record(manager, Params())))

    assert record.calls[0].outputs[0].type_name in ("int", "")
    assert record.calls[1].outputs[0].type_name == "str"


def test_a_cached_artifact_has_a_path_and_says_whether_it_was_found(
    new_manager: Callable[..., ArtifactManager], cacher: type[Cacher]
) -> None:
    @stage(outputs=["data"], cachers=[cacher])
    def make(record: Record) -> int:
        return 1

    artifacts = [make(Record(new_manager(), Params())).calls[0].outputs[0] for _ in range(2)]

    assert [artifact.cached for artifact in artifacts] == [False, True]
    assert artifacts[0].path == artifacts[1].path
    assert Path(artifacts[0].path or "").is_file()


def test_contents_are_told_apart_by_digests_or_not_at_all() -> None:
    def metadata(*digests: str | None) -> dict[str, Any]:
        files = {f"file{place}": {"sha256": each} for place, each in enumerate(digests)}
        return {"execution": "1", "files": files}

    assert content_of(metadata("a", "b")) not in {content_of(metadata("a", "c")), None}
    assert content_of(metadata("a", None)) is None
    assert content_of({"execution": "1", "files": {}}) == "execution 1"
