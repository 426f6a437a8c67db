"""One record of a map as nodes in rows: which boxes there are and what they connect to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from curifactory.reporting.stage_map.model import (
    ArtifactKey,
    MapArtifact,
    MapInput,
    MapRecord,
    MapStage,
    MapState,
)
from curifactory.reporting.stage_map.text import CELL_WIDTH, count_cells, one_line, shorten

MOST_IN_A_ROW = 3
"""How many boxes stand side by side; more go into the next row."""
_NAME_CELLS = 24
_NOTE_CELLS = 44
LINE_HEIGHT = 16.0
"""Height in pixels of each further line in a box."""
_PORT_WIDTH = 10.0


class NodeKind(Enum):
    """What a node is drawn as."""

    STAGE = auto()
    ARTIFACT = auto()
    INPUT = auto()
    """A value from another record, or one given by hand."""
    BEND = auto()
    """A place where an edge passes a row."""
    ENTRY = auto()
    """Where an edge from another record comes in."""
    EXIT = auto()
    """Where an edge to other records goes out."""


@dataclass(eq=False, slots=True)
class Node:
    """A box, or a point that edges pass."""

    kind: NodeKind
    row: int
    label: str = ""
    tooltip: str = ""
    state: MapState = MapState.COMPUTED
    width: float = _PORT_WIDTH
    height: float = 0.0
    x: float = 0.0
    """Centre, once the rows are laid out."""
    above: list["Node"] = field(default_factory=list)
    """Neighbours in the row above."""
    below: list["Node"] = field(default_factory=list)
    """Neighbours in the row below."""


@dataclass(frozen=True, slots=True)
class Import:
    """A value that comes into a record from others."""

    name: str
    sources: tuple[ArtifactKey, ...]


@dataclass(frozen=True, slots=True)
class RecordGraph:
    """Nodes in rows; edges lead from each row to the next."""

    record: MapRecord
    rows: list[list[Node]]
    entries: dict[Import, Node]
    exits: dict[ArtifactKey, Node]


def whole_record(index: int) -> ArtifactKey:
    """Return the key that stands for everything a record holds."""
    return ArtifactKey(index, -1, "")


def build_graph(
    record: MapRecord, exported: Iterable[ArtifactKey], *, detailed: bool = False
) -> RecordGraph:
    """Return the graph of ``record``.

    Parameters
    ----------
    record
        What to draw.
    exported
        Artifacts of the record that other records read.
    detailed
        Show type, preview and path of artifacts too.

    """
    return _GraphBuilder(record, detailed=detailed).build(exported)


class _GraphBuilder:
    """Places stage after stage below what it reads, then makes every edge span one row."""

    def __init__(self, record: MapRecord, *, detailed: bool) -> None:
        self.record = record
        self.detailed = detailed
        self.artifacts: dict[ArtifactKey, Node] = {}
        self.imports: dict[Import, Node] = {}
        self.edges: dict[Node, list[Node]] = {}
        self.rows: dict[int, list[Node]] = {}

    def build(self, exported: Iterable[ArtifactKey]) -> RecordGraph:
        whole = self._import_whole_records()
        reader = self._reader_of_whole_records()
        for position, stage in enumerate(self.record.stages):
            self._add_stage(position, stage, whole if position == reader else [])
        entries = {source: self._add_entry(node) for source, node in self.imports.items()}
        last = max(self.rows, default=0) + 1
        exits = {key: self._add_exit(key, last) for key in exported if key in self.artifacts}
        for source, targets in self.edges.items():
            self._connect(source, targets)
        return RecordGraph(
            self.record, [self.rows[row] for row in sorted(self.rows)], entries, exits
        )

    def _add_stage(self, position: int, stage: MapStage, given: list[Node]) -> None:
        inputs = [*given, *(node for bound in stage.inputs for node in self._input_nodes(bound))]
        row = max((node.row for node in inputs), default=0) + 1
        tooltip = f"stage {stage.name}: {stage.detail or stage.state}"
        node = self._place(NodeKind.STAGE, row, stage.name, tooltip, stage.state)
        for source in dict.fromkeys(inputs):
            self.edges.setdefault(source, []).append(node)
        for output in stage.outputs:
            self._add_output(ArtifactKey(self.record.index, position, output.name), output, node)

    def _add_output(self, key: ArtifactKey, output: MapArtifact, stage: Node) -> None:
        tooltip = f"artifact {output.name}: {output.detail or output.state}"
        notes = [note for note in (output.detail, output.path) if note] if self.detailed else []
        node = self._place(
            NodeKind.ARTIFACT, stage.row + 1, output.name, tooltip, output.state, notes=notes
        )
        self.artifacts[key] = node
        self.edges.setdefault(stage, []).append(node)

    def _input_nodes(self, bound: MapInput) -> list[Node]:
        own = [self.artifacts[key] for key in bound.sources if key in self.artifacts]
        others = tuple(key for key in bound.sources if key.record != self.record.index)
        if others:
            own.append(self._import(Import(bound.name, others), max(bound.count, len(others))))
        if not own:
            tooltip = f"input {bound.name}: given by hand, or from outside of this map"
            own.append(self._place(NodeKind.INPUT, 1, bound.name, tooltip))
        return own

    def _import(self, source: Import, count: int) -> Node:
        if source not in self.imports:
            times = f" \u00d7{count}" if count > 1 else ""
            origin = f"from {count} records" if count > 1 else f"from record {source.sources[0][0]}"
            self.imports[source] = self._place(
                NodeKind.INPUT, 1, source.name, f"input {source.name}: {origin}", suffix=times
            )
        return self.imports[source]

    def _import_whole_records(self) -> list[Node]:
        """Show the records that this one takes in without naming artifacts of theirs."""
        named = {
            key.record
            for stage in self.record.stages
            for bound in stage.inputs
            for key in bound.sources
        }
        rest = [
            index
            for index in self.record.input_records
            if index not in named and index != self.record.index
        ]
        if not rest:
            return []
        label = f"record {rest[0]}" if len(rest) == 1 else f"{len(rest)} records"
        node = self._place(NodeKind.INPUT, 1, label, "everything these records hold")
        self.imports[Import(label, tuple(whole_record(index) for index in rest))] = node
        return [node]

    def _reader_of_whole_records(self) -> int:
        """Return the position of the first aggregate or else of the first stage."""
        positions = (p for p, stage in enumerate(self.record.stages) if stage.is_aggregate)
        return next(positions, 0)

    def _add_entry(self, node: Node) -> Node:
        entry = Node(NodeKind.ENTRY, 0)
        self.rows.setdefault(0, []).append(entry)
        self.edges[entry] = [node]
        return entry

    def _add_exit(self, key: ArtifactKey, row: int) -> Node:
        node = Node(NodeKind.EXIT, row)
        self.rows.setdefault(row, []).append(node)
        self.edges.setdefault(self.artifacts[key], []).append(node)
        return node

    def _place(
        self,
        kind: NodeKind,
        row: int,
        name: str,
        tooltip: str,
        state: MapState = MapState.COMPUTED,
        suffix: str = "",
        notes: Iterable[str] = (),
    ) -> Node:
        """Add a box to ``row`` or, if that is full, to the next one that is not."""
        while len(self.rows.get(row, ())) >= MOST_IN_A_ROW:
            row += 1
        lines = [shorten(name, _NAME_CELLS) + suffix]
        lines += [shorten(note, _NOTE_CELLS) for note in notes]
        text_width = max(map(count_cells, lines)) * CELL_WIDTH
        is_stage = kind is NodeKind.STAGE
        node = Node(
            kind,
            row,
            "\n".join(lines),
            one_line(tooltip),
            state,
            width=text_width * 1.1 + 32 if is_stage else text_width + 20,
            height=34.0 if is_stage else 26.0 + LINE_HEIGHT * (len(lines) - 1),
        )
        self.rows.setdefault(row, []).append(node)
        return node

    def _connect(self, source: Node, targets: list[Node]) -> None:
        """Link ``source`` to ``targets`` through bends, which all edges from it share."""
        here = source
        by_row: dict[int, list[Node]] = {}
        for target in targets:
            by_row.setdefault(target.row, []).append(target)
        last = max(by_row)
        for row in range(source.row + 1, last + 1):
            for target in by_row.get(row, ()):
                here.below.append(target)
                target.above.append(here)
            if row < last:
                bend = Node(NodeKind.BEND, row)
                self.rows.setdefault(row, []).append(bend)
                here.below.append(bend)
                bend.above.append(here)
                here = bend
