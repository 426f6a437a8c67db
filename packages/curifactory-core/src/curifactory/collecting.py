"""Collecting the parameter sets that a run asks for."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from curifactory.config import Configuration
from curifactory.exceptions import BadInputError, CurifactoryError
from curifactory.importing import describe_error, import_parameters, takes, unknown
from curifactory.options import RunOptions
from curifactory.params import ExperimentParameters


class Definition(NamedTuple):
    """What of an experiment is given by the caller, as in a notebook, and not by a file."""

    function: Callable[[list[Any], Any], Any] | None = None
    """Its ``run(param_sets, manager)``; ``None`` for that of the experiment's file."""
    parameters: list[ExperimentParameters] | Callable[[], Any] | None = None
    """Its parameter sets, or what returns them; ``None`` for those of files."""


class Collection(NamedTuple):
    """The parameter sets of a run."""

    parameter_sets: list[ExperimentParameters]
    by_file: dict[str, list[tuple[str, str]]]
    """Name and hash of the parameter sets of each file."""
    places: tuple[int, ...]
    """Position of each parameter set among all that were read, as ``--global-indices`` counts."""


class _Candidate(NamedTuple):
    """A parameter set with its places among all that were read."""

    parameter_set: ExperimentParameters
    file: str
    local_index: int
    global_index: int


def collect(
    configuration: Configuration, options: RunOptions, definition: Definition | None = None
) -> Collection:
    """Return the hashed parameter sets that pass every filter of ``options``.

    A ``definition`` with parameters stands for the experiment's own file.

    Raises
    ------
    BadInputError
        If a file, name or index is not there, ``get_params()`` fails or does not return a list of
        parameter sets, or none is left.

    """
    given = None if definition is None else definition.parameters
    own = () if given is None else (options.experiment,)
    files = list(dict.fromkeys((*own, *options.param_files) or (options.experiment,)))
    candidates: list[_Candidate] = []
    for file in files:
        get = _find_function(configuration, file) if given is None or file not in own else given
        for index, parameter_set in enumerate(_parameter_sets(get, file)):
            candidates.append(_Candidate(parameter_set, file, index, len(candidates)))
    chosen = _filter(candidates, options)
    if not chosen:
        filters = " that pass every filter" if candidates else ""
        raise BadInputError(f"No parameter sets found in {', '.join(map(repr, files))}{filters}.")
    by_file: dict[str, list[tuple[str, str]]] = {file: [] for file in files}
    for candidate in chosen:
        by_file[candidate.file].append((candidate.parameter_set.name, _hash(candidate)))
    places = tuple(candidate.global_index for candidate in chosen)
    return Collection([candidate.parameter_set for candidate in chosen], by_file, places)


def _hash(candidate: _Candidate) -> str:
    parameter_set = candidate.parameter_set
    try:
        return parameter_set.fill_hash()
    except CurifactoryError as error:
        raise BadInputError(
            f"parameter set {parameter_set.name!r} of {candidate.file!r}: {error}"
        ) from error


def _filter(candidates: Sequence[_Candidate], options: RunOptions) -> list[_Candidate]:
    known = list(dict.fromkeys(candidate.parameter_set.name for candidate in candidates))
    for name in options.names:
        if name not in known:
            raise BadInputError(unknown("Paramset name", name, known))
    per_file = max((candidate.local_index + 1 for candidate in candidates), default=0)
    indices = parse_indices("--indices", options.indices, per_file)
    global_indices = parse_indices("--global-indices", options.global_indices, len(candidates))
    return [
        candidate
        for candidate in candidates
        if (not options.names or candidate.parameter_set.name in options.names)
        and (not options.indices or candidate.local_index in indices)
        and (not options.global_indices or candidate.global_index in global_indices)
    ]


def parse_indices(flag: str, texts: Sequence[str], count: int) -> set[int]:
    """Return the positions that ``texts`` name.

    Parameters
    ----------
    flag
        Name of the option, for messages.
    texts
        ``"2"`` for one position, ``"0-3"`` for 0, 1 and 2.
    count
        How many positions there are.

    Raises
    ------
    BadInputError
        If a text is neither, or names a position that is not there.

    Examples
    --------
    >>> sorted(parse_indices("--indices", ["0-2", "4"], 5))
    [0, 1, 4]

    """
    found: set[int] = set()
    for text in texts:
        first, dash, last = text.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadInputError(
                f"{flag} {text!r} is neither a number like 2 nor a range like 0-3 "
                "(the last one not included)."
            )
        start, stop = int(first), int(last) if dash else int(first) + 1
        if start >= stop or stop > count:
            raise BadInputError(
                f"{flag} {text!r} is out of range: there are {count} parameter sets, numbered "
                f"from 0 to {count - 1}."
            )
        found.update(range(start, stop))
    return found


def _find_function(configuration: Configuration, file: str) -> Callable[[], Any]:
    module = import_parameters(configuration, file)
    get_params = getattr(module, "get_params", None)
    if not callable(get_params):
        raise BadInputError(
            f"parameter file {file!r} ({module.__file__}) has no function get_params(); add one "
            "that returns a list of parameter sets, or name another file with -p."
        )
    if not takes(get_params):
        raise BadInputError(
            f"get_params() of {file!r} ({module.__file__}) is called without arguments, and needs "
            "some; give them defaults, or leave them out."
        )
    return get_params  # type: ignore[no-any-return]


def _parameter_sets(given: Any, file: str) -> list[ExperimentParameters]:
    """Return the parameter sets that ``given`` is or returns, for the experiment or ``file``."""
    source = f"{getattr(given, '__name__', 'param_sets')}{'()' * callable(given)} of {file!r}"
    try:
        sets = given() if callable(given) else given
    except Exception as error:
        raise BadInputError(f"{source} failed: {describe_error(error)}") from error
    if not isinstance(sets, list):
        raise BadInputError(
            f"Parameter file {file!r} did not return a list: {source.partition(' ')[0]} returned "
            f"{type(sets).__name__}, expected a list of parameter sets."
        )
    for item in sets:
        if not isinstance(item, ExperimentParameters):
            raise BadInputError(
                f"{source} returned a list with {item!r} in it, which is no "
                "parameter set; make it an instance of a subclass of "
                "curifactory.ExperimentParameters."
            )
        if not isinstance(item.name, str):
            raise BadInputError(
                f"{source} returned a parameter set whose name is {item.name!r}; make it a text, "
                f"such as name={str(item.name)!r}."
            )
    return sets
