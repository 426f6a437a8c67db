"""The documented helpers."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from curifactory import utils


def test_a_program_is_run_and_what_it_prints_returned(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('out'); sys.exit('err')"

    assert sorted(utils.get_command_output([sys.executable, "-c", code]).split()) == ["err", "out"]
    assert utils.get_command_output([sys.executable, "-c", code], silent=True) == "out"
    assert utils.run_command([sys.executable, "-c", "print('shown'); exit(3)"]) == 3
    assert capfd.readouterr().out == "shown\n"


@pytest.mark.parametrize(
    ("byte_count", "text"),
    [(0, "0.00B"), (999, "999.00B"), (1000, "1.00KB"), (2.5e9, "2.50GB"), (5e15, "5000.00TB")],
)
def test_memory_is_in_decimal_units(byte_count: float, text: str) -> None:
    assert utils.human_readable_mem_usage(byte_count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.05, "50.00ms"), (1, "1.00s"), (90, "1.50m"), (5400, "1.50h")]
)
def test_time_is_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert utils.human_readable_time(seconds) == text


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (['"""Iris."""'], "Iris."),
        (["# licence\n", "'''Iris\n", "flowers'''\n"], "Iris flowers"),
        (["import os"], ""),
        (["def run(:"], ""),
    ],
)
def test_the_docstring_of_a_file_is_one_line(lines: list[str], text: str) -> None:
    assert utils.get_py_opening_comment(lines) == text


def test_values_are_previewed_without_rendering_all_of_them() -> None:
    assert len(utils.preview_object(list(range(10**6)))) < 80


def test_logging_to_a_file_touches_no_other_handler(folder: Path) -> None:
    before = list(logging.getLogger().handlers)

    log = utils.init_logging("logs/own.log", logging.DEBUG)
    logging.getLogger("curifactory.test").debug("told")
    log.close()

    assert (folder / "logs" / "own.log").read_text().endswith("[DEBUG] - told\n")
    assert logging.getLogger().handlers == before


INIT = """
import logging
from curifactory.utils import init_logging
{before}
log = init_logging({arguments})
logging.getLogger("curifactory.test").info("told")
logging.getLogger("curifactory.test").debug("in detail")
logging.getLogger("library").warning("foreign")
log.close()
logging.getLogger("curifactory.test").info("afterwards")
"""


@pytest.mark.parametrize(
    ("before", "arguments", "shown"),
    [
        ("", "", ["[INFO] - told"]),
        ("", "level=logging.DEBUG", ["[INFO] - told", "[DEBUG] - in detail"]),
        ("", "disable_non_cf_loggers=False", ["[INFO] - told", "[WARNING] - foreign"]),
        (
            "logging.basicConfig(format='0 0 mine: %(message)s', level=logging.INFO)",
            "'own.log'",
            ["mine: told", "mine: foreign", "mine: afterwards"],
        ),
    ],
    ids=["plain", "debugging", "all loggers", "a script with its own"],
)
def test_messages_are_shown_as_asked(
    folder: Path, before: str, arguments: str, shown: list[str]
) -> None:
    code = INIT.format(before=before, arguments=arguments)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [line.split(" ", 2)[2] for line in done.stderr.splitlines()] == shown
    if "own.log" in arguments:
        assert (folder / "own.log").read_text().endswith("[INFO] - told\n")
