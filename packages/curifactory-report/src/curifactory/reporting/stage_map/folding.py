"""Showing many records that went the same way as one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from curifactory.reporting.stage_map.model import (
    ArtifactKey,
    MapArtifact,
    MapInput,
    MapRecord,
    MapStage,
    MapState,
)

MOST_RECORDS = 12
"""How many records a map shows one by one."""

_Signature = tuple[object, ...]


def fold(records: Sequence[MapRecord]) -> tuple[MapRecord, ...]:
    """Return ``records``, or, if they are many, one for each group of equal ones.

    Records are equal if they went through the same stages with the same inputs and outputs, from
    equal records. A group takes the place and index of its first record.
    """
    if len(records) <= MOST_RECORDS:
        return tuple(records)
    group_of: dict[int, int] = {}
    groups: dict[_Signature, list[MapRecord]] = {}
    for record in records:
        signature = _signature(record, group_of)
        members = groups.setdefault(signature, [])
        members.append(record)
        group_of[record.index] = members[0].index
    return tuple(_merge(members, group_of) for members in groups.values())


def _signature(record: MapRecord, group_of: dict[int, int]) -> _Signature:
    return (
        record.is_aggregate,
        frozenset(group_of.get(index, index) for index in record.input_records),
        tuple(
            (
                stage.name,
                tuple((bound.name, _places(bound, record, group_of)) for bound in stage.inputs),
                tuple(artifact.name for artifact in stage.outputs),
            )
            for stage in record.stages
        ),
    )


def _places(
    bound: MapInput, record: MapRecord, group_of: dict[int, int]
) -> frozenset[tuple[int | str, int, str]]:
    """Return where an input comes from, with the record itself as ``"self"``."""
    return frozenset(
        (
            "self" if key.record == record.index else group_of.get(key.record, key.record),
            key.stage,
            key.name,
        )
        for key in bound.sources
    )


def _merge(members: list[MapRecord], group_of: dict[int, int]) -> MapRecord:
    first = members[0]
    stages = tuple(
        _merge_stages(stages, group_of) for stages in zip(*_stages(members), strict=True)
    )
    inputs = tuple(dict.fromkeys(group_of.get(index, index) for index in first.input_records))
    if len(members) == 1:
        return replace(first, stages=stages, input_records=inputs)
    return replace(
        first,
        title=f"{len(members)} records like {first.title}",
        stages=stages,
        input_records=inputs,
        titles=tuple(member.title for member in members),
    )


def _stages(members: list[MapRecord]) -> Iterable[tuple[MapStage, ...]]:
    return (member.stages for member in members)


def _merge_stages(stages: tuple[MapStage, ...], group_of: dict[int, int]) -> MapStage:
    first = stages[0]
    outputs = zip(*(stage.outputs for stage in stages), strict=True)
    return replace(
        first,
        inputs=tuple(
            replace(bound, sources=tuple(_grouped(bound.sources, group_of)))
            for bound in first.inputs
        ),
        outputs=tuple(_merge_artifacts(artifacts) for artifacts in outputs),
        state=_common_state(stage.state for stage in stages),
        detail=first.detail if len(stages) == 1 else _count_states(stage.state for stage in stages),
    )


def _grouped(sources: Iterable[ArtifactKey], group_of: dict[int, int]) -> Iterable[ArtifactKey]:
    return dict.fromkeys(
        key._replace(record=group_of.get(key.record, key.record)) for key in sources
    )


def _merge_artifacts(artifacts: tuple[MapArtifact, ...]) -> MapArtifact:
    if len(artifacts) == 1:
        return artifacts[0]
    states = [artifact.state for artifact in artifacts]
    return MapArtifact(artifacts[0].name, _common_state(states), _count_states(states))


def _common_state(states: Iterable[MapState]) -> MapState:
    found = set(states)
    if MapState.FAILED in found:
        return MapState.FAILED
    return found.pop() if len(found) == 1 else MapState.MIXED


def _count_states(states: Iterable[MapState]) -> str:
    """Return, for example, ``"8 computed, 4 cached"``."""
    found = list(states)
    return ", ".join(f"{found.count(state)} {state}" for state in dict.fromkeys(found))
