"""Data frames as tables."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from curifactory.reporting import DFReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element

Parse = Callable[[str], "Element"]


@pytest.fixture
def table(parse: Parse) -> "Callable[[DFReporter], Element]":
    """Read what a reporter shows."""
    return lambda reporter: parse("".join(reporter.html()))


Table = Callable[[DFReporter], "Element"]


def rows(table: "Element", part: str = "tbody") -> list[list[str]]:
    """Return the cells of the head or the body, row by row."""
    return [[*row.texts("th"), *row.texts("td")] for row in table.find(part)[0].find("tr")]


def spans(table: "Element", part: str, name: str) -> list[tuple[str, str]]:
    """Return text and span of the cells in a part that have one."""
    cells = table.find(part)[0].find("th")
    return [(cell.text, cell.attributes[name]) for cell in cells if name in cell.attributes]


def test_every_row_and_column_is_shown(table: Table) -> None:
    frame = pd.DataFrame({"model": ["knn", "tree"], "score": [0.5, 2 / 3]})

    shown = table(DFReporter(frame))

    assert rows(shown, "thead") == [["", "model", "score"]]
    assert rows(shown) == [["0", "knn", "0.5000"], ["1", "tree", "0.6667"]]


def test_long_frames_are_shown_whole(table: Table) -> None:
    frame = pd.DataFrame({"row": range(500), "text": ["x" * 200] * 500})

    shown = rows(table(DFReporter(frame)))

    assert len(shown) == 500
    assert shown[499] == ["499", "499", "x" * 200]


@pytest.mark.parametrize(
    ("precision", "expected"), [(0, "1235"), (1, "1234.6"), (6, "1234.567890")]
)
def test_floats_have_the_precision_that_is_asked_for(
    precision: int, expected: str, table: Table
) -> None:
    frame = pd.DataFrame({"a": [1234.56789]})

    assert rows(table(DFReporter(frame, float_prec=precision))) == [["0", expected]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3, "3", id="integer"),
        pytest.param(True, "True", id="truth"),
        pytest.param(np.float32(0.25), "0.2500", id="float32"),
        pytest.param(float("nan"), "nan", id="nan"),
        pytest.param(float("-inf"), "-inf", id="infinity"),
        pytest.param(None, "None", id="none"),
        pytest.param(pd.NA, "<NA>", id="missing"),
        pytest.param(pd.Timestamp("2026-02-03"), "2026-02-03 00:00:00", id="time"),
        pytest.param([1, "<b>"], "[1, '<b>']", id="list"),
    ],
)
def test_values_are_shown_as_text(value: object, expected: str, table: Table) -> None:
    frame = pd.DataFrame({"a": pd.Series([value], dtype=object)})

    assert rows(table(DFReporter(frame))) == [["0", expected]]


def test_numbers_are_marked(table: Table) -> None:
    frame = pd.DataFrame({"text": ["1"], "count": [1], "share": [0.5], "truth": [True]})

    assert table(DFReporter(frame)).texts(cls="number") == ["1", "0.5000"]


def test_texts_are_shown_as_they_are(hostile: str, table: Table) -> None:
    def frame(text: str) -> pd.DataFrame:
        index = pd.Index([text], name=text)
        return pd.DataFrame({text: [text]}, index=index).rename_axis(columns=text)

    expected = table(DFReporter(frame("word"))).skeleton()

    shown = table(DFReporter(frame(hostile)))

    assert shown.skeleton() == expected
    assert rows(shown, "thead") == [[hostile, hostile], [hostile, ""]]
    assert rows(shown) == [[hostile, hostile]]


def test_a_series_is_a_table_of_one_column(table: Table) -> None:
    shown = table(DFReporter(pd.Series([0.5], index=["knn"], name="score")))

    assert rows(shown, "thead") == [["", "score"]]
    assert rows(shown) == [["knn", "0.5000"]]


def test_equal_labels_of_outer_levels_share_a_cell(table: Table) -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", 1), ("a", 2), ("b", 2), ("a", 2)], names=["model", "seed"]
    )
    frame = pd.DataFrame({"score": [1, 2, 3, 4]}, index=index)

    shown = table(DFReporter(frame))

    assert rows(shown, "thead") == [["model", "seed", "score"]]
    assert rows(shown) == [["a", "1", "1"], ["2", "2"], ["b", "2", "3"], ["a", "2", "4"]]
    assert spans(shown, "tbody", "rowspan") == [("a", "2")]


def test_equal_labels_below_different_ones_have_a_cell_each(table: Table) -> None:
    index = pd.MultiIndex.from_tuples([("a", "x", 1), ("b", "x", 2), ("b", "x", 3)])

    shown = table(DFReporter(pd.DataFrame({"score": [1, 2, 3]}, index=index)))

    assert rows(shown) == [["a", "x", "1", "1"], ["b", "x", "2", "2"], ["3", "3"]]
    assert spans(shown, "tbody", "rowspan") == [("b", "2"), ("x", "2")]


def test_columns_of_several_levels_have_a_row_each(table: Table) -> None:
    columns = pd.MultiIndex.from_tuples(
        [("score", "mean"), ("score", "std"), ("time", "mean")], names=[None, "what"]
    )
    frame = pd.DataFrame([[1, 2, 3]], index=pd.Index(["knn"], name="model"), columns=columns)

    shown = table(DFReporter(frame))

    assert rows(shown, "thead") == [
        ["", "score", "time"],
        ["what", "mean", "std", "mean"],
        ["model", ""],
    ]
    assert ("score", "2") in spans(shown, "thead", "colspan")


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(pd.DataFrame(), id="nothing"),
        pytest.param(pd.DataFrame({"a": []}), id="no rows"),
        pytest.param(pd.DataFrame(index=["x"]), id="no columns"),
    ],
)
def test_empty_frames_are_empty_tables(frame: pd.DataFrame, table: Table) -> None:
    assert table(DFReporter(frame)).find("td") == []


def test_columns_of_the_same_name_are_both_shown(table: Table) -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])

    assert rows(table(DFReporter(frame))) == [["0", "1", "2"]]


def test_the_frame_is_left_as_it_was(table: Table) -> None:
    frame = pd.DataFrame({"a": [0.123456]})
    before = frame.copy(deep=True)

    table(DFReporter(frame, float_prec=1))

    pd.testing.assert_frame_equal(frame, before)


def test_wide_frames_have_their_columns_in_parts_for_paper(table: Table) -> None:
    frame = pd.DataFrame([[n / 7 for n in range(40)]] * 3, columns=[f"c{n}" for n in range(40)])

    shown = table(DFReporter(frame))
    whole, *parts = shown.find("table")

    assert rows(whole, "thead") == [["", *frame.columns]]
    assert len(parts) > 1
    for part in parts:
        assert [row[0] for row in rows(part)] == ["0", "1", "2"]
    columns = [name for part in parts for name in rows(part, "thead")[0][1:]]
    cells = [text for part in parts for text in rows(part)[2][1:]]
    assert columns == list(frame.columns)
    assert cells == rows(whole)[2][1:]
    assert all("hidden" in each.attributes for each in shown.find(cls="on-paper"))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(pd.DataFrame([[1] * 30]), id="short numbers"),
        pytest.param(pd.DataFrame([["some words, " * 30] * 9]), id="texts that can be broken"),
        pytest.param(pd.DataFrame([[0.5] * 8]), id="few columns"),
        pytest.param(pd.DataFrame(np.zeros((2501, 40))), id="very many cells"),
    ],
)
def test_frames_that_fit_on_paper_or_never_will_are_there_once(
    frame: pd.DataFrame, table: Table
) -> None:
    assert len(table(DFReporter(frame)).find("table")) == 1
