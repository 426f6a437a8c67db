from datetime import datetime
from typing import Any

import pytest
from tests.cli.runs.conftest import RecordRun

from curifactory.cli.runs.expressions import Condition
from curifactory.cli.runs.facts import History
from curifactory.cli.runs.selecting import Selection, find_run, parse_time, select_runs
from curifactory.exceptions import BadInputError

NOW = datetime(2026, 11, 24, 9, 30)


@pytest.fixture
def several(record_run: RecordRun, history: History) -> History:
    """Return three runs of ``iris`` and two of ``digits``, a day apart."""
    record_run("iris", 1, day=1, params={"name": "a", "seed": 1}, seconds=9)
    record_run("iris", 2, day=2, params={"name": "b", "seed": 2}, status="error")
    record_run("digits", 1, day=3, params={"name": "c", "kind": "svm"}, notes="first\nmore")
    record_run("iris", 12, day=4, params={"name": "a", "seed": 10}, status=None)
    record_run("digits", 2, day=5, status="interrupted", seconds=1)
    return history


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({}, ["iris/1", "iris/2", "digits/1", "iris/12", "digits/2"]),
        ({"experiments": ("digits",)}, ["digits/1", "digits/2"]),
        ({"statuses": ("error",)}, ["iris/2"]),
        ({"statuses": ("interrupted",)}, ["iris/12", "digits/2"]),
        ({"since": datetime(2026, 11, 4)}, ["iris/12", "digits/2"]),
        ({"until": datetime(2026, 11, 2)}, ["iris/1"]),
        ({"limit": 2}, ["iris/12", "digits/2"]),
        ({"limit": 0}, []),
        ({"limit": 2, "reverse": True}, ["digits/2", "iris/12"]),
        ({"where": ("params.seed == 1",)}, ["iris/1"]),
        ({"where": ("params.seed > 1",)}, ["iris/2", "iris/12"]),
        ({"where": ("params.name == 'a'", "params.seed > 1")}, ["iris/12"]),
        ({"where": ("params.kind == 'svm' or status == 'interrupted'",)},
         ["digits/1", "iris/12", "digits/2"]),
        ({"where": ("not params.seed",)}, ["digits/1", "digits/2"]),
        ({"where": ("'first' in notes",)}, ["digits/1"]),
        ({"where": ("seconds >= 9 and number == 1",)}, ["iris/1"]),
        ({"where": ("started < '2026-11-02'",)}, ["iris/1"]),
        ({"sort": "seconds"}, ["iris/12", "digits/2", "iris/2", "digits/1", "iris/1"]),
        ({"sort": "params.seed"}, ["digits/1", "digits/2", "iris/1", "iris/2", "iris/12"]),
    ],
    ids=str,
)  # fmt: skip
def test_runs_are_selected(several: History, selection: dict[str, Any], names: list[str]) -> None:
    where = tuple(map(Condition, selection.pop("where", ())))

    found = select_runs(several, Selection(where=where, **selection))

    assert [run.name for run in found] == names


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"experiments": ("irsi",)}, "Did you mean 'iris'?"),
        ({"sort": "second"}, "Did you mean 'seconds'?"),
        ({"where": ("stauts == 1",)}, "Did you mean 'status'?"),
        ({"where": ("params.sed == 1",)}, "Did you mean 'params.seed'?"),
        ({"sort": "params.sed"}, "Did you mean 'params.seed'?"),
    ],
    ids=str,
)
def test_what_no_run_has_is_refused_with_what_is_near(
    several: History, selection: dict[str, Any], message: str
) -> None:
    where = tuple(map(Condition, selection.pop("where", ())))

    with pytest.raises(BadInputError) as caught:
        select_runs(several, Selection(where=where, **selection))

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("latest", "digits/2"),
        ("iris/latest", "iris/12"),
        ("iris", "iris/12"),
        ("12", "iris/12"),
        ("iris/2", "iris/2"),
        ("iris_1", "iris/1"),
        ("iris_12_2026", "iris/12"),
        ("digits_1_2026-11-03-T100100", "digits/1"),
    ],
)
def test_a_run_is_found_by_any_of_its_names(several: History, name: str, found: str) -> None:
    assert find_run(several, name).name == found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1", "'1' could be 'iris/1' or 'digits/1'"),
        ("digits_", "'digits_' could be 'digits/1' or 'digits/2'"),
        ("iris/3", "there is no run 'iris/3'. Did you mean 'iris/"),
        ("nothing/latest", "there is no run 'nothing/latest'"),
    ],
)
def test_a_name_of_none_or_several_is_refused(several: History, name: str, message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        find_run(several, name)

    assert message in str(caught.value)


def test_without_runs_none_is_found(history: History) -> None:
    with pytest.raises(BadInputError, match="no runs are recorded here yet"):
        find_run(history, "latest")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-01", datetime(2026, 11, 1)),
        ("2026-11-01 08:15", datetime(2026, 11, 1, 8, 15)),
        ("2026-11-01T08:15", datetime(2026, 11, 1, 8, 15)),
        ("today", datetime(2026, 11, 24)),
        ("yesterday", datetime(2026, 11, 23)),
        ("30m", datetime(2026, 11, 24, 9)),
        ("2w", datetime(2026, 11, 10, 9, 30)),
        ("999999w", datetime.min),
    ],
)
def test_times_are_dates_or_how_long_ago(text: str, time: datetime) -> None:
    assert parse_time(text, NOW) == time


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "3y", "1.5h"])
def test_other_words_are_no_times(text: str) -> None:
    with pytest.raises(BadInputError, match="is no time"):
        parse_time(text, NOW)
