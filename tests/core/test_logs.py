"""A run's log: its own handlers, nobody else's touched."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from curifactory.logs import RunLog


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger at its usual level, put back afterwards."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    yield root
    root.setLevel(level)


def written(log: RunLog, stream: io.StringIO) -> str:
    log.to_stream(stream)
    logging.getLogger("curifactory.staging").info("of curifactory")
    logging.getLogger("curifactory.staging").debug("in detail")
    logging.getLogger().info("of the root")
    logging.getLogger("__main__").info("of the script")
    logging.getLogger("curifactory_like").warning("of a namesake")
    logging.getLogger("matplotlib.font").warning("of a library")
    log.close()
    return stream.getvalue()


def test_own_messages_are_written_and_those_of_libraries_are_not() -> None:
    text = written(RunLog(), io.StringIO())

    assert [line.split(" - ")[1] for line in text.splitlines()] == [
        "of curifactory", "of the root", "of the script",
    ]  # fmt: skip


def test_all_loggers_are_written_if_asked() -> None:
    text = written(RunLog(all_loggers=True), io.StringIO())

    assert "of a library" in text
    assert "of a namesake" in text


def test_debugging_messages_are_written_if_asked() -> None:
    assert "in detail" in written(RunLog(verbose=True), io.StringIO())


def test_lines_have_time_level_and_prefix() -> None:
    log, stream = RunLog(), io.StringIO()
    log.to_stream(stream)
    with log.prefixed("small"):
        logging.getLogger("curifactory").warning("inside")
    logging.getLogger("curifactory").warning("outside")
    log.close()

    inside, outside = stream.getvalue().splitlines()
    assert inside.endswith("[WARNING] - [small] inside")
    assert outside.endswith("[WARNING] - outside")


def test_prefixes_nest() -> None:
    log = RunLog()

    with log.prefixed("outer"):
        with pytest.raises(ValueError, match="stop"), log.prefixed("inner"):
            raise ValueError("stop")
        assert log.prefix == "[outer] "
    assert log.prefix == ""


def test_the_folder_of_a_log_file_is_made(folder: Path) -> None:
    log = RunLog()
    log.to_file("logs/deep/run.log")
    logging.getLogger("curifactory").warning("größer")
    log.close()

    assert "größer" in (folder / "logs" / "deep" / "run.log").read_text(encoding="utf-8")


def test_closing_puts_everything_back(root: logging.Logger) -> None:
    other = logging.StreamHandler(io.StringIO())
    root.addHandler(other)
    before = (list(root.handlers), root.level)
    log = RunLog(verbose=True)
    log.to_stream(io.StringIO())
    log.to_stream(io.StringIO())

    log.close()
    log.close()

    assert (root.handlers, root.level) == before
    root.removeHandler(other)


def test_a_handler_with_a_format_keeps_it() -> None:
    stream, log = io.StringIO(), RunLog()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("only %(message)s"))
    log.add(handler)

    logging.getLogger("curifactory").warning("this")
    log.close()

    assert stream.getvalue() == "only this\n"


def test_messages_of_the_projects_own_modules_are_written(folder: Path) -> None:
    stream = io.StringIO()
    log = RunLog(project={"experiments", "models"})
    log.to_stream(stream)
    logging.getLogger("experiments.iris").info("of the experiment")
    logging.getLogger("models.forest").info("of a module")
    logging.getLogger("modelsoflibrary").warning("of a namesake")
    log.close()

    lines = [line.split(" - ")[1] for line in stream.getvalue().splitlines()]
    assert lines == ["of the experiment", "of a module"]


SESSION = """
import logging
import curifactory as cf
{setup}
manager = cf.ArtifactManager("notebook", suppress_live_log={suppressed})

@cf.stage(["absent"], suppress_missing_inputs=True)
def use(record, absent=1):
    pass

use(cf.Record(manager, None))
logging.getLogger("somebody.elses").warning("foreign")
"""


@pytest.mark.parametrize("suppressed", [False, True])
def test_a_live_session_shows_warnings_and_nothing_else(folder: Path, suppressed: bool) -> None:
    shown = run_session(SESSION.format(setup="", suppressed=suppressed))

    first, *rest = shown.splitlines()
    assert "stage 'use' needs the input 'absent'" in first
    assert rest == (["foreign"] if suppressed else [])


def test_a_script_with_its_own_logging_keeps_it_as_it_is(folder: Path) -> None:
    setup = "logging.basicConfig(format='mine: %(message)s', level=logging.ERROR)"

    shown = run_session(SESSION.format(setup=setup, suppressed=False))

    assert shown.splitlines()[-1] == "mine: foreign"
    assert not [line for line in shown.splitlines() if not line.startswith("mine: ")]


def run_session(code: str) -> str:
    """Return what a script writes to its standard error stream."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr


def test_a_process_of_several_is_named_before_the_parameter_set() -> None:
    stream, log = io.StringIO(), RunLog()
    log.process = "{PID:7} "
    log.to_stream(stream)

    with log.prefixed("small"):
        logging.getLogger().warning("hot")
    log.close()

    assert stream.getvalue().endswith("[WARNING] - {PID:7} [small] hot\n")
