import io
import os
import shutil
import subprocess
import sys

import pytest

from curifactory.cli.terminal import Colour, Terminal, columns, duration


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_is_painted() -> None:
    assert Terminal(Screen()).paint("yes", Colour.RED, Colour.BOLD) == "\033[31;1myes\033[0m"


def test_a_file_is_not_painted() -> None:
    assert Terminal(io.StringIO()).paint("yes", Colour.RED) == "yes"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nothing_is_painted_where_nobody_wants_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert Terminal(Screen()).paint("yes", Colour.RED) == "yes"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.00 s"),
        (9.994, "9.99 s"),
        (9.999, "10.0 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_durations_are_rounded_for_people(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_name_the_stream_cannot_encode_is_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")

    Terminal(stream).line("größe")

    stream.seek(0)
    assert stream.read() == "gr\\xf6\\xdfe\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = """
import sys
from curifactory.cli.terminal import Terminal
sys.stdin.read()
terminal = Terminal(sys.stdout)
for _ in range(3):
    terminal.line("x")
sys.stderr.write("done")
"""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    os.close(reading)
    _, errors = process.communicate("", timeout=30)

    assert (process.returncode, errors) == (0, "done")


@pytest.mark.parametrize("wanted", ["200", "0", "-5", "wide", None])
def test_the_width_is_what_shutil_says(monkeypatch: pytest.MonkeyPatch, wanted: str | None) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if wanted is not None:
        monkeypatch.setenv("COLUMNS", wanted)

    assert columns() == shutil.get_terminal_size().columns


def test_without_a_terminal_lines_have_80_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "__stdout__", None)

    assert columns() == 80


def test_many_lines_are_written_in_their_order() -> None:
    stream = io.StringIO()

    Terminal(stream).lines(str(number) for number in range(2500))

    assert stream.getvalue().splitlines() == [str(number) for number in range(2500)]


def test_no_lines_are_nothing_written() -> None:
    stream = io.StringIO()

    Terminal(stream).lines([])

    assert stream.getvalue() == ""
