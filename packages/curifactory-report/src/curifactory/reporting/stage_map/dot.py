"""A map as text in the language of Graphviz, to draw or change it elsewhere."""

from collections.abc import Iterator, Sequence

from curifactory.reporting.palette import record_color
from curifactory.reporting.stage_map.model import ArtifactKey, MapRecord, MapStage, MapState
from curifactory.reporting.stage_map.text import one_line

_STYLES = {
    MapState.COMPUTED: "filled",
    MapState.CACHED: "solid",
    MapState.MIXED: "dashed",
    MapState.SKIPPED: "dashed",
    MapState.FAILED: "bold",
    MapState.PENDING: "dotted",
}


def write_dot(records: Sequence[MapRecord]) -> str:
    """Return ``records`` as a graph: a cluster for each, ellipses for stages, boxes for artifacts.

    What was computed is filled, what came from the cache is not.
    """
    lines = ["digraph map {", '  node [fontname="monospace" fontsize=10];', "  compound=true;"]
    known = {_artifact_id(key) for record in records for key in _outputs(record)}
    for record in records:
        lines += _record_lines(record)
    for record in records:
        lines += _edge_lines(record, known)
    return "\n".join([*lines, "}", ""])


def _outputs(record: MapRecord) -> Iterator[ArtifactKey]:
    for position, stage in enumerate(record.stages):
        for output in stage.outputs:
            yield ArtifactKey(record.index, position, output.name)


def _artifact_id(key: ArtifactKey) -> str:
    return _quoted(f"r{key.record}s{key.stage} {key.name}")


def _stage_id(record: MapRecord, position: int) -> str:
    return f'"r{record.index}s{position}"'


def _record_lines(record: MapRecord) -> Iterator[str]:
    color = record_color(record.index)
    yield f"  subgraph cluster_{record.index} {{"
    yield f"    label={_quoted(record.title)};"
    yield f'    color="{color}";'
    for position, stage in enumerate(record.stages):
        look = _look(stage.name, "ellipse", stage.state, color)
        yield f"    {_stage_id(record, position)} [{look}];"
        for output in stage.outputs:
            key = ArtifactKey(record.index, position, output.name)
            yield f"    {_artifact_id(key)} [{_look(output.name, 'box', output.state, color)}];"
    yield "  }"


def _look(label: str, shape: str, state: MapState, color: str) -> str:
    fill = f' fillcolor="{color}33"' if state is MapState.COMPUTED else ""
    return f'label={_quoted(label)} shape={shape} style={_STYLES[state]} color="{color}"{fill}'


def _edge_lines(record: MapRecord, known: set[str]) -> Iterator[str]:
    for position, stage in enumerate(record.stages):
        here = _stage_id(record, position)
        for output in stage.outputs:
            key = ArtifactKey(record.index, position, output.name)
            yield f"  {here} -> {_artifact_id(key)};"
        for source in _sources(stage):
            if _artifact_id(source) in known:
                yield f"  {_artifact_id(source)} -> {here};"


def _sources(stage: MapStage) -> Iterator[ArtifactKey]:
    for bound in stage.inputs:
        yield from bound.sources


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
