"""Which runs: by name, and by what they have."""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from curifactory.cli.runs import LATEST
from curifactory.cli.runs.expressions import Condition, ConditionError
from curifactory.cli.runs.facts import FACTS, History, RecordedRun, look_up
from curifactory.exceptions import BadInputError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S")


class Selection(NamedTuple):
    """Which runs to list, and in which order."""

    experiments: tuple[str, ...] = ()
    """Only of these experiments; none means of all."""
    statuses: tuple[str, ...] = ()
    """Only with one of these statuses."""
    since: datetime | None = None
    """Only those that began at this time or later."""
    until: datetime | None = None
    """Only those that began before this time."""
    where: tuple[Condition, ...] = ()
    """Only those of which a parameter set meets all of these."""
    sort: str = "started"
    """A fact, or ``params.<field>``; runs without it come first."""
    reverse: bool = False
    """The last in the order come first."""
    limit: int | None = None
    """Only the last so many in the order, counted before ``reverse``."""


def select_runs(history: History, selection: Selection) -> list[RecordedRun]:
    """Return the runs that ``selection`` describes.

    Raises
    ------
    BadInputError
        If it names an experiment, fact or parameter that no run has.

    """
    _check_names(history, selection)
    runs = [run for run in history.runs if _fits(run, selection)]
    if selection.where:
        runs = [run for run in runs if _meets(history, run, selection.where)]
    if selection.sort != "started":
        runs.sort(key=partial(_sort_key, history, selection.sort))
    if selection.limit is not None:
        runs = runs[max(0, len(runs) - selection.limit) :]
    return runs[::-1] if selection.reverse else runs


def _fits(run: RecordedRun, selection: Selection) -> bool:
    return (
        (not selection.experiments or run.experiment in selection.experiments)
        and (not selection.statuses or run.status in selection.statuses)
        and (selection.since is None or run.started >= selection.since)
        and (selection.until is None or run.started < selection.until)
    )


def _meets(history: History, run: RecordedRun, conditions: Iterable[Condition]) -> bool:
    """Tell whether one parameter set of the run meets all conditions at once."""
    sets = run.parameter_sets or [("", "")]
    for name, hash_ in sets:
        parameters = history.parameters(name, hash_) if hash_ else {}
        if all(each.is_met(partial(look_up, run, parameters)) for each in conditions):
            return True
    return False


def _sort_key(history: History, name: str, run: RecordedRun) -> tuple[int, Any]:
    if name.startswith("params."):
        field = name.removeprefix("params.")
        found = (history.parameters(*pair).get(field) for pair in run.parameter_sets)
        value = next((each for each in found if each is not None), None)
    else:
        value = run.facts[name]
    if isinstance(value, int | float):
        return (1, value)
    return (0, "") if value is None else (2, str(value))


def _check_names(history: History, selection: Selection) -> None:
    known = sorted({run.experiment for run in history.runs})
    for experiment in selection.experiments:
        if known and experiment not in known:
            raise BadInputError(
                f"no run of experiment {experiment!r} is recorded. {_nearest(experiment, known)}"
            )
    names = [name for condition in selection.where for name in condition.names]
    for name in [*names, selection.sort]:
        if name in FACTS:
            continue
        if not name.startswith("params."):
            raise ConditionError(
                f"runs have no {name!r}. {_nearest(name, FACTS)} "
                "Parameters are written as params.<field>."
            )
        _check_parameter(history, name)


def _check_parameter(history: History, name: str) -> None:
    known = {"params.name"}
    for hash_, entry in history.registry.items():
        if "arg_list" not in entry:
            known |= {f"params.{field}" for field in history.parameters("", hash_)}
    if history.runs and name not in known:
        raise ConditionError(
            f"no parameter set of a recorded run has {name!r}. {_nearest(name, sorted(known))}"
        )


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}There is {', '.join(map(repr, known))}."


def find_run(history: History, name: str) -> RecordedRun:
    """Return the run that a user means.

    Parameters
    ----------
    history
        The runs there are.
    name
        ``latest``; an experiment, for its latest run; a number; ``<experiment>/<number>``; a
        reference, or the beginning of one that no other has.

    Raises
    ------
    BadInputError
        If there is no such run, or there are several.

    """
    runs = history.runs
    if not runs:
        raise BadInputError("no runs are recorded here yet; 'experiment NAME' makes one.")
    found = _matching(runs, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInputError(
            f"{name!r} could be {' or '.join(repr(run.name) for run in found[:8])}; name one."
        )
    candidates = [run.name for run in runs] + [run.reference for run in runs]
    near = difflib.get_close_matches(name, candidates, n=2)
    hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise BadInputError(f"there is no run {name!r}. {hint}'experiment runs ls' lists them.")


def _matching(runs: Sequence[RecordedRun], name: str) -> list[RecordedRun]:
    if name == LATEST:
        return [runs[-1]]
    experiment, _, last = name.rpartition("/")
    if last == LATEST:
        return [run for run in runs if run.experiment == experiment][-1:]
    exact = [run for run in runs if name in {run.reference, run.name}]
    if exact:
        return exact
    of_experiment = [run for run in runs if run.experiment == name]
    if of_experiment:
        return of_experiment[-1:]
    if name.isdigit():
        return [run for run in runs if run.number == int(name)]
    whole = [run for run in runs if run.reference.startswith(f"{name}_")]
    return whole or [run for run in runs if run.reference.startswith(name)]


def parse_time(text: str, now: datetime) -> datetime:
    """Return the time that ``text`` means: a date, a date and time, ``today``, or how long ago.

    Raises
    ------
    BadInputError
        If it is none of these.

    Examples
    --------
    >>> parse_time("2d", datetime(2026, 11, 24, 9))
    datetime.datetime(2026, 11, 22, 9, 0)
    >>> parse_time("2026-11-01", datetime(2026, 11, 24))
    datetime.datetime(2026, 11, 1, 0, 0)

    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in {"today", "yesterday"}:
        return midnight if text == "today" else midnight - timedelta(days=1)
    ago = re.fullmatch(r"([0-9]{1,6})([mhdw])", text)
    if ago:
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            return datetime.min
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise BadInputError(
        f"{text!r} is no time; write a date like 2026-11-24, a time like '2026-11-24 09:30', "
        "'today', 'yesterday', or how long ago: 30m, 12h, 7d, 2w."
    )
