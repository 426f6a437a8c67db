"""Stages as declared, and each use of one on a record."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curifactory.artifact import Artifact
from curifactory.outputs import OutputSpec
from curifactory.requirements import Requirements

if TYPE_CHECKING:
    from curifactory.planning import Decision
    from curifactory.protocols import CacherSource
    from curifactory.record import Record


class StageSpec:
    """A stage as its decorator declares it. No call ever changes it.

    Parameters
    ----------
    function, name
        What is called, and the stage's name.
    inputs, outputs
        What it reads and returns.
    cachers
        A cacher or ``None`` for each output.
    suppress_missing_inputs, is_aggregate
        How its inputs are bound.
    defaults
        Default of each parameter of the function that has one.
    depends_on
        Functions, classes, modules and files that it depends on besides what is found.
    requirements
        What it needs of a machine, and how often and how long it may try.

    """

    __slots__ = (
        "cachers",
        "defaults",
        "depends_on",
        "function",
        "inputs",
        "is_aggregate",
        "name",
        "outputs",
        "requirements",
        "suppress_missing_inputs",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        inputs: tuple[str, ...],
        outputs: tuple[OutputSpec, ...],
        cachers: tuple["CacherSource | None", ...],
        *,
        suppress_missing_inputs: bool,
        is_aggregate: bool,
        defaults: Mapping[str, Any],
        depends_on: tuple[Any, ...],
        requirements: Requirements,
    ) -> None:
        self.function: Final = function
        self.name: Final = name
        self.inputs: Final = inputs
        self.outputs: Final = outputs
        self.cachers: Final = cachers
        self.suppress_missing_inputs: Final = suppress_missing_inputs
        self.is_aggregate: Final = is_aggregate
        self.defaults: Final = defaults
        self.depends_on: Final = depends_on
        self.requirements: Final = requirements


class InputSource(StrEnum):
    """Where the value of an input comes from."""

    STATE = "state"
    KEYWORD = "keyword"
    DEFAULT = "default"
    RECORDS = "records"


class Origin(NamedTuple):
    """Where one value that a call reads comes from, fixed when the call is made."""

    record: "Record"
    """The record in whose state it was found."""
    artifact: Artifact | None
    """What it is; ``None`` for a value that the user put there."""
    value: Any = None
    """That value."""
    name: str = ""
    """Its name in the state."""


class BoundInput:
    """An input of a call with what it stands for."""

    __slots__ = ("name", "origins", "source")

    def __init__(self, name: str, source: InputSource, origins: tuple[Origin, ...] = ()) -> None:
        self.name = name
        self.source = source
        self.origins = origins
        """One for each record that has it; none for keywords and defaults."""

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The artifacts it stands for."""
        return tuple(origin.artifact for origin in self.origins if origin.artifact is not None)


class CallStatus(StrEnum):
    """What became of a call."""

    PENDING = "pending"
    EXECUTED = "executed"
    LOADED = "loaded"
    SKIPPED = "skipped"
    FAILED = "failed"


PENDING, EXECUTED, LOADED, SKIPPED, FAILED = CallStatus
"""Its members: to find one by its class takes Python 3.11 longer than to call a function."""


class StageCall:
    """One use of a stage on one record, identified by the record and the position in it."""

    __slots__ = (
        "_execution",
        "_file_stage",
        "_inputs",
        "_lineage",
        "arguments",
        "arrived",
        "cpu_seconds",
        "decision",
        "error",
        "hash",
        "is_plain",
        "is_stored",
        "keywords",
        "metrics",
        "number",
        "others",
        "outputs",
        "peak_memory",
        "planned",
        "position",
        "reads",
        "reads_values",
        "record",
        "records",
        "renewed_by",
        "seconds",
        "sources",
        "spec",
        "started",
        "status",
        "tracked",
        "worker",
    )
    outputs: tuple[Artifact, ...]
    sources: "Sequence[tuple[OutputSpec, CacherSource | None]]"
    """How each output is declared and stored, as the session's options make it."""
    reads: tuple[Artifact, ...]
    """Every artifact that it depends on."""
    reads_values: bool
    """Whether it also depends on values that the user put into a state."""
    is_plain: bool
    """Whether it reads artifacts, a stage those of its record that its inputs are called, and is
    given nothing else, so that its lineage is the same whenever it is computed."""
    planned: "Decision | None"
    """What the plan of a map has for it."""
    _inputs: tuple[BoundInput, ...] | None
    _lineage: str | None
    _file_stage: str | None

    def __init__(
        self,
        spec: StageSpec,
        record: "Record",
        records: "Sequence[Record] | None" = None,
        arguments: tuple[Any, ...] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> None:
        self.spec, self.record = spec, record
        self.records = records
        """The records an aggregate runs over; ``None`` for a stage."""
        self.arguments, self.keywords = arguments, {} if keywords is None else keywords
        self.position = len(record.calls)
        self.hash = record.get_hash()
        """Hash of the record when the call was made, which names its artifacts."""
        self.number = record.manager.count_call()
        """Place among the calls of the session."""
        self.others: tuple[Origin, ...] = ()
        """What an aggregate may read besides its inputs: everything, if it declares none."""
        self.reads, self.reads_values, self.is_plain = (), False, False
        self.outputs, self.sources = (), ()
        self.is_stored = False
        """Whether an output has a cacher."""
        self.decision: Decision | None = None
        self.status = PENDING
        self.started: float | None = None
        """When the execution began, in seconds since 1970."""
        self.worker: str | None = None
        """The process that executed it, in a parallel run."""
        self.seconds: float | None = None
        """Wall time of the execution, in seconds."""
        self.cpu_seconds: float | None = None
        """CPU time of the execution, in seconds, of all threads."""
        self.peak_memory: int | None = None
        """The most memory the process had held when the execution ended, in bytes."""
        self.metrics: Mapping[str, Mapping[str, float]] | None = None
        """The numbers in each output, where another process executed it."""
        self.error: BaseException | None = None
        self._execution: str | None = ""
        self.arrived: Sequence[str] = ()
        """Names of the project's code that arrived in the values it was executed with."""
        self.renewed_by: str | None = None
        """A forced call that this one was computed from, where there is no plan."""
        self.tracked: tuple[str, ...] = ()
        """Paths of tracked files that the stage was given, besides those of its outputs."""
        self._inputs = self._lineage = self._file_stage = self.planned = None

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.spec.name

    @property
    def is_aggregate(self) -> bool:
        """Whether the stage runs over records."""
        return self.spec.is_aggregate

    @property
    def execution(self) -> str:
        """A token that all artifacts of one execution carry; empty before the first one."""
        if self._execution is None:
            self._execution = os.urandom(8).hex()
        return self._execution

    @execution.setter
    def execution(self, token: str) -> None:
        self._execution = token

    def begin(self) -> None:
        """Be executed, now: what is computed carries a token of its own, once that is needed."""
        self._execution, self.started = None, time.time()

    @property
    def reads_own_artifacts(self) -> bool:
        """Whether all of its inputs are artifacts of its record: those it reads, in their order."""
        return self._inputs is None

    @property
    def inputs(self) -> tuple[BoundInput, ...]:
        """What each input stands for."""
        if self._inputs is None:  # all of them for artifacts of the record
            record, state = self.record, InputSource.STATE
            self._inputs = tuple(
                [
                    BoundInput(name, state, (Origin(record, artifact, name=name),))
                    for name, artifact in zip(self.spec.inputs, self.reads, strict=True)
                ]
            )
        return self._inputs

    @inputs.setter
    def inputs(self, bound: tuple[BoundInput, ...]) -> None:
        self._inputs = bound

    @property
    def cachers(self) -> "list[Any] | None":
        """The cachers of the outputs; ``None`` if there are none."""
        if not self.is_stored:
            return None
        return [artifact.cacher for artifact in self.outputs]

    def take_outputs(self, mapped: "StageCall") -> bool:
        """Take over the artifacts of the same call of a map; return whether that can be.

        They must be its own still, and have the cachers that they would be given now.
        """
        manager = self.record.manager
        if manager.output_cachers(self.spec) is not mapped.sources:
            return False
        for artifact in mapped.outputs:
            if artifact.call is not mapped:
                return False
        first = manager.count_artifacts(len(mapped.outputs))
        for place, artifact in enumerate(mapped.outputs, first):
            artifact.hand_on(self, place)
        self.outputs, self.sources = mapped.outputs, mapped.sources
        self.is_stored = mapped.is_stored
        return True

    def pass_to(self, record: "Record") -> None:
        """Be a call that is made now, on ``record``, whose artifacts it reads."""
        self.record = record
        self.number = record.manager.count_call()
        self._inputs = None

    @property
    def file_stage(self) -> str:
        """The stage's name in file names, with a suffix where an earlier call has these names."""
        return self._file_stage or self.claim_files()

    def claim_files(self) -> str:
        """Take the file names of this call, before later calls can, and return ``file_stage``."""
        if self._file_stage is None:
            self._file_stage = self.record.manager.claim(self)
        return self._file_stage

    @property
    def label(self) -> str:
        """Stage and record, for messages."""
        return f"{self.spec.name!r} of {self.record.get_reference_name()}"

    @property
    def key(self) -> tuple[int, int]:
        """Record and position: the same call has the same key in the map and in the run."""
        return self.record.ordinal, self.position

    def __repr__(self) -> str:
        return f"<StageCall {self.name!r} of {self.record.get_reference_name()}>"
