"""Columns that fit on a terminal."""

import pytest

from curifactory.cli.table import cell_width, columns, hanging, table, wrapped

HEADINGS = ("run", "sets", "commit", "notes")
ROWS = [
    ("iris/1", "1", "-", "a note that takes rather more room than there is"),
    ("iris/12", "10", "-", ""),
]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            None,
            [
                "run      sets  notes",
                "iris/1      1  a note that takes rather more room than there is",
                "iris/12    10",
            ],
        ),
        (
            40,
            [
                "run      sets  notes",
                "iris/1      1  a note that takes rather…",
                "iris/12    10",
            ],
        ),
        (33, ["run      notes", "iris/1   a note that takes rathe…", "iris/12"]),
    ],
)
def test_a_narrow_table_has_fewer_columns_and_a_shorter_text(
    width: int | None, lines: list[str]
) -> None:
    assert (
        table(HEADINGS, ROWS, width, right=("sets",), optional=("commit",), dispensable=("sets",))
        == lines
    )


def test_wide_characters_take_two_columns() -> None:
    lines = columns([("虹膜", "1"), ("iris", "2"), ("e\u0301", "3")])

    assert lines == ["虹膜  1", "iris  2", "e\u0301     3"]
    assert {cell_width(line) for line in lines} == {7}


def test_a_long_text_hangs_below_its_beginning() -> None:
    assert hanging([("a", "one two three"), ("long", "x")], 14) == [
        "a     one two",
        "      three",
        "long  x",
    ]


@pytest.mark.parametrize("line", ["short", "path a/very/long/path/that/can/be/copied"])
def test_words_are_never_broken(line: str) -> None:
    assert wrapped(line, 20, 4) == [line]
