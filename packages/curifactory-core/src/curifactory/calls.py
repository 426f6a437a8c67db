"""Stages as declared, and each use of one on a record."""

import inspect
import os
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from curifactory.artifact import Artifact
from curifactory.exceptions import (
    CachersMismatchError,
    EmptyCachersError,
    InputSignatureError,
    OutputSignatureError,
)
from curifactory.outputs import Lazy, OutputSpec
from curifactory.requirements import NOTHING_SPECIAL, Requirements

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
        self.function, self.name = function, name
        self.inputs, self.outputs, self.cachers = inputs, outputs, cachers
        self.suppress_missing_inputs = suppress_missing_inputs
        self.is_aggregate = is_aggregate
        self.defaults = defaults
        self.depends_on = depends_on
        self.requirements = requirements


def declare(
    function: Callable[..., Any],
    inputs: Sequence[str] | None,
    outputs: Sequence[str | Lazy] | None,
    cachers: Sequence["CacherSource"] | None,
    *,
    suppress_missing_inputs: bool,
    is_aggregate: bool,
    depends_on: Sequence[Any] = (),
    requirements: Requirements = NOTHING_SPECIAL,
) -> StageSpec:
    """Return the checked spec of a stage.

    Raises
    ------
    CachersMismatchError, EmptyCachersError, InputSignatureError, OutputSignatureError
        If inputs, outputs, cachers and the function's signature do not fit each other.

    """
    kind = "aggregate" if is_aggregate else "stage"
    name = function.__name__
    specs = tuple(_output_spec(output) for output in outputs or ())
    _check_names(f"{kind} {name!r}", [spec.name for spec in specs])
    _check_cachers(f"{kind} {name!r}", cachers, specs)
    parameters = inspect.signature(function).parameters
    _check_function(f"{kind} {name!r}", function, parameters, is_aggregate=is_aggregate)
    _check_inputs(f"{kind} {name!r}", inputs or (), parameters)
    return StageSpec(
        function,
        name,
        tuple(inputs or ()),
        specs,
        tuple(cachers or (None,) * len(specs)),
        suppress_missing_inputs=suppress_missing_inputs,
        is_aggregate=is_aggregate,
        defaults={
            key: parameter.default
            for key, parameter in parameters.items()
            if parameter.default is not inspect.Parameter.empty
        },
        depends_on=_checked_dependencies(f"{kind} {name!r}", depends_on),
        requirements=requirements,
    )


def _checked_dependencies(stage: str, depends_on: Sequence[Any]) -> tuple[Any, ...]:
    single = isinstance(depends_on, str | os.PathLike)
    known = (str, os.PathLike, ModuleType)
    wrong = [
        each
        for each in (() if single else depends_on)
        if not (isinstance(each, known) or hasattr(each, "__qualname__"))
    ]
    if single or wrong:
        raise InputSignatureError(
            f"{stage} depends on {depends_on if single else wrong[0]!r}. Give a list of functions, "
            "classes, modules and paths of files."
        )
    return tuple(depends_on)


def check_lists(kind: str, **given: Any) -> None:
    """Refuse a name in place of a list of names, whose letters would be taken for names.

    Raises
    ------
    TypeError
        If one of ``given`` is no list.

    """
    for argument, value in given.items():
        if callable(value):
            raise TypeError(
                f"@{kind} takes lists, and {argument} is {value!r}. Write @{kind}() where there "
                "are none, and [...] around one."
            )
        if isinstance(value, str | Lazy):
            raise TypeError(f"@{kind} takes lists: write {argument}=[{value!r}].")


def _output_spec(output: str | Lazy) -> OutputSpec:
    if isinstance(output, Lazy):
        return OutputSpec(output.name, lazy=True, resolve=output.resolve)
    return OutputSpec(output)


def _check_cachers(
    stage: str, cachers: Sequence["CacherSource"] | None, outputs: Sequence[OutputSpec]
) -> None:
    for cacher in cachers or ():
        if cacher is not None and not hasattr(cacher, "bound_to"):
            raise CachersMismatchError(
                f"{stage} lists {cacher!r} as a cacher. Give the class of one, or one with "
                "options, such as JsonCacher or JsonCacher(prefix='shared')."
            )
    if cachers is None or len(cachers) == len(outputs) > 0:
        return
    if not outputs and not cachers:
        raise EmptyCachersError(
            f"{stage} has no outputs to cache; leave out its empty list of cachers."
        )
    raise CachersMismatchError(
        f"{stage} lists {len(cachers)} cachers for {len(outputs)} outputs "
        f"({', '.join(repr(output.name) for output in outputs)}). Give one cacher for each output, "
        "in the same order."
    )


def _check_function(
    stage: str,
    function: Callable[..., Any],
    parameters: Mapping[str, inspect.Parameter],
    *,
    is_aggregate: bool,
) -> None:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise InputSignatureError(
            f"{stage} is asynchronous, and nobody awaits it. Make it a function that returns its "
            "values, such as asyncio.run(...)."
        )
    kinds = [parameter.kind for parameter in parameters.values()]
    first = ["record", "records"] if is_aggregate else ["record"]
    takes = sum(kind in _POSITIONAL for kind in kinds)
    if takes < len(first) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise InputSignatureError(
            f"{stage} is called with {' and '.join(first)} first, which its function does not "
            f"take (it takes {', '.join(map(repr, parameters)) or 'nothing'}). Begin its "
            f"parameters with {', '.join(first)}."
        )


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _check_names(stage: str, names: Sequence[object]) -> None:
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise OutputSignatureError(
                f"{stage} lists {name!r} as an output; outputs are names. Inputs come first, then "
                "outputs, then the cachers of the outputs."
            )
        if name in names[:place]:
            raise OutputSignatureError(f"{stage} lists the output {name!r} more than once.")
        if name.removesuffix("_metadata") != name and name.removesuffix("_metadata") in names:
            raise OutputSignatureError(
                f"{stage} lists an output {name!r}, which is where the metadata of another output "
                "is stored. Rename it."
            )


def _check_inputs(
    stage: str, inputs: Sequence[str], parameters: Mapping[str, inspect.Parameter]
) -> None:
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in inputs:
        if name not in parameters:
            raise InputSignatureError(
                f"{stage} lists the input {name!r}, but its function takes no parameter of that "
                f"name (it takes {', '.join(map(repr, parameters))}). Add {name!r} to the function."
            )


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
