"""What a map shows, as plain values, and how they are read from a run's records."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from curifactory.reporting.describing import describe_seconds, fate, record_title

if TYPE_CHECKING:
    from curifactory.artifact import Artifact
    from curifactory.calls import BoundInput, StageCall
    from curifactory.record import Record


class MapState(StrEnum):
    """What became of a stage or an artifact."""

    COMPUTED = "computed"
    CACHED = "cached"
    MIXED = "mixed"
    """Differs between the records that one box stands for."""
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"


class ArtifactKey(NamedTuple):
    """Identifies an artifact in a map: its record, the position of its stage there, its name."""

    record: int
    stage: int
    name: str


@dataclass(frozen=True, slots=True)
class MapArtifact:
    """An output of a stage."""

    name: str
    state: MapState = MapState.COMPUTED
    detail: str = ""
    """Type and preview of the value, where known."""
    path: str = ""
    """Path in the cache; empty without a cacher."""


@dataclass(frozen=True, slots=True)
class MapInput:
    """An input of a stage with the artifacts it stands for; none if it was given by hand."""

    name: str
    sources: tuple[ArtifactKey, ...] = ()
    count: int = 0
    """How many artifacts it stands for, where that is more than ``sources``: folding lists each
    group of equal ones once."""


@dataclass(frozen=True, slots=True)
class MapStage:
    """One use of a stage on a record."""

    name: str
    inputs: tuple[MapInput, ...] = ()
    outputs: tuple[MapArtifact, ...] = ()
    state: MapState = MapState.COMPUTED
    detail: str = ""
    is_aggregate: bool = False


@dataclass(frozen=True, slots=True)
class MapRecord:
    """A record, or several that went the same way."""

    index: int
    """Identifies it in its map; several records have that of the first."""
    title: str
    stages: tuple[MapStage, ...] = ()
    input_records: tuple[int, ...] = ()
    """Indices of the records it aggregates, or of the one it is a copy of."""
    is_aggregate: bool = False
    titles: tuple[str, ...] = ()
    """Titles of all the records it stands for, where they are several."""

    @property
    def count(self) -> int:
        """How many records it stands for."""
        return max(len(self.titles), 1)


_STATES = {
    "executed": MapState.COMPUTED,
    "loaded": MapState.CACHED,
    "skipped": MapState.SKIPPED,
    "failed": MapState.FAILED,
    "pending": MapState.PENDING,
    "blocked": MapState.PENDING,
}


def read_map(records: "Sequence[Record]") -> tuple[MapRecord, ...]:
    """Return what the map of ``records`` shows."""
    positions = {id(record): position for position, record in enumerate(records)}
    return tuple(
        MapRecord(
            index,
            record_title(record),
            tuple(_read_stage(call, positions) for call in record.calls),
            _known(record.input_records, positions),
            record.is_aggregate,
        )
        for index, record in enumerate(records)
    )


def _known(records: "Sequence[Record]", positions: dict[int, int]) -> tuple[int, ...]:
    return tuple(positions[id(record)] for record in records if id(record) in positions)


def _read_stage(call: "StageCall", positions: dict[int, int]) -> MapStage:
    took = "" if call.seconds is None else f", {describe_seconds(call.seconds)}"
    return MapStage(
        call.name,
        tuple(_read_input(bound, positions) for bound in call.inputs),
        tuple(_read_artifact(artifact, call) for artifact in call.outputs),
        _state(call),
        f"{fate(call)}{took}",
        call.is_aggregate,
    )


def _state(call: "StageCall") -> MapState:
    """Return the state of a stage: skipped with everything in the cache counts as cached."""
    cached = bool(call.outputs) and all(artifact.cached for artifact in call.outputs)
    return MapState.CACHED if call.status == "skipped" and cached else _STATES[fate(call)]


def _read_input(bound: "BoundInput", positions: dict[int, int]) -> MapInput:
    keys = tuple(
        ArtifactKey(positions[id(artifact.call.record)], artifact.call.position, artifact.name)
        for artifact in bound.artifacts
        if id(artifact.call.record) in positions
    )
    return MapInput(bound.name, keys, len(keys))


def _read_artifact(artifact: "Artifact", call: "StageCall") -> MapArtifact:
    cached = artifact.cached and call.status in ("skipped", "loaded")
    state = MapState.CACHED if cached else _STATES[fate(call)]
    detail = ": ".join(part for part in (artifact.type_name, artifact.preview) if part)
    return MapArtifact(artifact.name, state, detail, artifact.path or "")
