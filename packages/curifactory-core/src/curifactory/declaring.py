"""What a stage declares, checked when its decorator is applied."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from curifactory.calls import StageSpec
from curifactory.exceptions import (
    CachersMismatchError,
    EmptyCachersError,
    InputSignatureError,
    OutputSignatureError,
)
from curifactory.outputs import Lazy, OutputSpec
from curifactory.requirements import NOTHING_SPECIAL, Requirements

if TYPE_CHECKING:
    from curifactory.protocols import CacherSource


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
