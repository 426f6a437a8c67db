"""``@stage`` and ``@aggregate``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from curifactory.calls import StageSpec
from curifactory.declaring import check_lists, declare
from curifactory.performing import make_call
from curifactory.record import Record
from curifactory.requirements import require

if TYPE_CHECKING:
    from curifactory.outputs import Lazy
    from curifactory.protocols import CacherSource


def stage(
    inputs: Sequence[str] | None = None,
    outputs: "Sequence[str | Lazy] | None" = None,
    cachers: "Sequence[CacherSource] | None" = None,
    suppress_missing_inputs: bool = False,
    *,
    depends_on: "Sequence[Any]" = (),
    resources: "Mapping[str, int | str] | None" = None,
    retries: int | None = None,
    timeout: float | str | None = None,
    isolate: bool = False,
) -> "Callable[[Callable[..., Any]], Callable[..., Record]]":
    """Make a function a stage: it reads artifacts from a record's state and adds its own.

    The function takes the record, then each input as a parameter of the input's name, and
    returns one value per output: several as a tuple, an only one that is a tuple as ``(value,)``.
    The stage is called with a record, changes it and returns it. Keywords given at the call
    replace inputs of that name, or go straight to the function.

    Parameters
    ----------
    inputs
        Names of artifacts the record must have.
    outputs
        Names of the returned values; :class:`~curifactory.Lazy` keeps one out of memory.
    cachers
        A cacher, class or instance, for each output. When all outputs are in the cache, the
        function is not called.
    suppress_missing_inputs
        Use the function's defaults for inputs the record does not have.
    depends_on
        Functions, classes, modules and paths of files that results depend on and that cannot be
        found in the code. When one of them changes, what is cached is stale.
    resources
        What an execution needs in a parallel run: ``cores`` (1 if not given), ``memory`` (bytes, or
        a text like ``"8GB"``) and ``gpu``, a number of devices.
    retries
        How often to try again after the function failed. Without it a failure is final, and a
        worker process that died is replaced at most twice; 0 rules that out too.
    timeout
        Seconds an attempt may take, or a text like ``"30m"``. In a run in one process the function
        is interrupted as by Ctrl-C; what is not Python's comes to its end first.
    isolate
        Give each attempt a process of its own in a parallel run, held to its ``memory``.

    Raises
    ------
    CachersMismatchError, EmptyCachersError, InputSignatureError, OutputSignatureError, ValueError
        At decoration, if the declarations do not fit each other or the function.

    Examples
    --------
    >>> from curifactory import stage
    >>> @stage(inputs=["initial_value"], outputs=["final_value"])
    ... def double(record, initial_value):
    ...     return initial_value * 2

    """
    check_lists("stage", inputs=inputs, outputs=outputs, cachers=cachers)

    def decorate(function: Callable[..., Any]) -> "Callable[..., Record]":
        spec = declare(
            function,
            inputs,
            outputs,
            cachers,
            suppress_missing_inputs=suppress_missing_inputs,
            is_aggregate=False,
            depends_on=depends_on,
            requirements=require(
                f"stage {function.__name__!r}", resources, retries, timeout, isolate
            ),
        )

        @wraps(function)
        def call(record: "Record", *arguments: Any, **keywords: Any) -> "Record":
            if not isinstance(record, Record):
                raise _no_record(spec, record)
            return make_call(spec, record, None, arguments, keywords)

        call.spec = spec  # type: ignore[attr-defined]
        return call

    return decorate


def aggregate(
    inputs: Sequence[str] | None = None,
    outputs: "Sequence[str | Lazy] | None" = None,
    cachers: "Sequence[CacherSource] | None" = None,
    *,
    depends_on: "Sequence[Any]" = (),
    resources: "Mapping[str, int | str] | None" = None,
    retries: int | None = None,
    timeout: float | str | None = None,
    isolate: bool = False,
) -> "Callable[[Callable[..., Any]], Callable[..., Record]]":
    """Make a function a stage that runs over records.

    The function takes its own record, the records, then each input as a dictionary
    ``{record: value}`` of the records that have it. The aggregate is called with a record and the
    records to run over; without them it runs over every other record of the manager.

    Parameters
    ----------
    inputs
        Names of artifacts to collect. An aggregate without any depends on all its records have.
    outputs, cachers, depends_on, resources, retries, timeout, isolate
        As for :func:`stage`.

    Raises
    ------
    CachersMismatchError, EmptyCachersError, InputSignatureError, OutputSignatureError, ValueError
        At decoration, if the declarations do not fit each other or the function.

    """
    check_lists("aggregate", inputs=inputs, outputs=outputs, cachers=cachers)

    def decorate(function: Callable[..., Any]) -> "Callable[..., Record]":
        spec = declare(
            function,
            inputs,
            outputs,
            cachers,
            suppress_missing_inputs=False,
            is_aggregate=True,
            depends_on=depends_on,
            requirements=require(
                f"aggregate {function.__name__!r}", resources, retries, timeout, isolate
            ),
        )

        @wraps(function)
        def call(
            record: "Record", records: "Iterable[Record] | None" = None, **keywords: Any
        ) -> "Record":
            if not isinstance(record, Record):
                raise _no_record(spec, record)
            manager = record.manager
            chosen = [other for other in manager.records if other is not record]
            chosen = chosen if records is None else list(records)
            record.set_aggregate(chosen)
            return make_call(spec, record, chosen, (), keywords)

        call.spec = spec  # type: ignore[attr-defined]
        return call

    return decorate


def _no_record(spec: StageSpec, given: object) -> TypeError:
    return TypeError(
        f"{spec.name!r} is called with a record first, not with {type(given).__name__}; make "
        f"one with Record(manager, parameter_set): {spec.name}(record)."
    )
