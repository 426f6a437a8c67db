"""A run's log: its own handlers, nobody else's touched."""

import io
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.logs import RunLog
from curifactory.protocols import Cacher


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
    log.prefix = "[small] "
    logging.getLogger("curifactory").warning("inside")
    log.prefix = ""
    logging.getLogger("curifactory").warning("outside")
    log.close()

    inside, outside = stream.getvalue().splitlines()
    assert inside.endswith("[WARNING] - [small] inside")
    assert outside.endswith("[WARNING] - outside")


def test_the_prefix_is_that_of_the_stage_that_runs(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    manager = new_manager(suppress_live_log=False)
    seen = []

    def see(moment: str) -> None:
        seen.append((moment, manager.log.prefix))

    @stage(None, ["b"])
    def inner(record: Record) -> None:
        see("inner")
        raise ValueError("stop")

    @stage(None, ["a"])
    def outer(record: Record) -> int:
        see("outer")
        with pytest.raises(ValueError, match="stop"):
            inner(Record(manager, ExperimentParameters("inner")))
        see("outer again")
        return 1

    outer(Record(manager, ExperimentParameters("outer")))
    see("after")

    assert seen == [
        ("outer", "[outer] "), ("inner", "[inner] "), ("outer again", "[outer] "), ("after", ""),
    ]  # fmt: skip


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


def test_a_live_session_shows_what_its_stages_do_and_warnings(folder: Path) -> None:
    shown = run_session(SESSION.format(setup="", suppressed=False))

    lines = [re.sub(r"^\S+ \S+ | in [\d.]+ s$", "", line) for line in shown.splitlines()]
    assert lines[0].startswith("[WARNING] - stage 'use' needs the input 'absent'")
    assert lines[1:] == [
        "[INFO] - stage use: Record 0 (None) runs",
        "[INFO] - stage use: Record 0 (None) executed",
    ]


def test_a_suppressed_live_session_leaves_messages_to_python(folder: Path) -> None:
    first, *rest = run_session(SESSION.format(setup="", suppressed=True)).splitlines()

    assert first.startswith("stage 'use' needs the input 'absent'")
    assert rest == ["foreign"]
    assert list((folder / "logs").iterdir()) == []


TWO_SESSIONS = """
import logging
import curifactory as cf

@cf.stage(outputs=["number"])
def make(record, word):
    logging.getLogger().info("%s in the stage", word)
    return 1

first = cf.ArtifactManager("first")
records = [cf.Record(first, None)]
make(records[0], "one")
logging.getLogger().info("one between")
second = cf.ArtifactManager("second", live_log_debug=True)
records.append(cf.Record(second, None))
make(records[1], "two")
logging.getLogger().info("two between")
make(records[0], "one again")
silent = cf.ArtifactManager("silent", suppress_live_log=True)
make(cf.Record(silent, None), "three")
if {forgotten}:
    del second
    records.pop()
    import gc
    gc.collect()
    logging.getLogger().info("one at last")
    print(logging.getLogger().level)
"""


@pytest.mark.parametrize("forgotten", [False, True])
def test_each_of_two_sessions_writes_its_own_log(folder: Path, forgotten: bool) -> None:
    shown = run_session(TWO_SESSIONS.format(forgotten=forgotten))

    (first,) = (folder / "logs").glob("first_1_*.log")
    (second,) = (folder / "logs").glob("second_1_*.log")
    said = {
        path.name.split("_")[0]: re.findall(
            r"- (.*(?:in the stage|between|at last))$", path.read_text("utf-8"), re.MULTILINE
        )
        for path in (first, second)
    }
    last = ["one at last"] if forgotten else []
    assert said["first"] == ["one in the stage", "one between", "one again in the stage", *last]
    assert said["second"] == ["two in the stage", "two between"]
    assert "run second_1" not in first.read_text("utf-8")
    assert len(re.findall("in the stage$", shown, re.MULTILINE)) == 3
    assert len(list((folder / "logs").iterdir())) == 2


@pytest.mark.parametrize("first_closes_first", [False, True])
def test_closing_one_of_two_logs_leaves_the_other_its_level(
    root: logging.Logger, first_closes_first: bool
) -> None:
    logs = [RunLog(verbose=True), RunLog()]
    stream = io.StringIO()
    for log in logs:
        log.to_stream(stream)
    stays, goes = logs if not first_closes_first else logs[::-1]

    goes.close()
    level = root.level
    logging.getLogger("curifactory").info("still here")
    stays.close()

    assert stream.getvalue().endswith("still here\n")
    assert level == (logging.INFO if first_closes_first else logging.DEBUG)
    assert root.level == logging.WARNING


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

    log.prefix = "[small] "
    logging.getLogger().warning("hot")
    log.close()

    assert stream.getvalue().endswith("[WARNING] - {PID:7} [small] hot\n")


def test_what_is_computed_when_it_is_read_is_in_the_log_of_its_own_session(
    new_manager: Callable[..., ArtifactManager], cacher: type[Cacher]
) -> None:
    @stage(None, ["number"])
    def make(record: Record) -> int:
        logging.getLogger().info("made")
        return 1

    @stage(["number"], ["double"], [cacher])
    def double(record: Record, number: int) -> int:
        return 2 * number

    double(make(Record(new_manager(), None)))
    first = new_manager(suppress_live_log=False)
    first.map_mode = True
    double(make(Record(first, None)))
    first.map_records()
    record = double(make(Record(first, None)))
    second = new_manager(suppress_live_log=False)

    value = record.state["number"]

    texts = [Path(each.log_path or "").read_text("utf-8") for each in (first, second)]
    assert value == 1
    assert ["runs after all" in text for text in texts] == [True, False]
    assert ["- made" in text for text in texts] == [True, False]


@given(
    created=st.floats(0, 4e9),
    more=st.floats(0, 3),
    error=st.sampled_from([None, ValueError("no"), KeyError("größe\nzweite Zeile")]),
)
def test_lines_are_what_a_formatter_of_logging_writes(
    created: float, more: float, error: Exception | None
) -> None:
    stream, log = io.StringIO(), RunLog()
    log.to_stream(stream)
    usual = logging.Formatter("%(asctime)s [%(levelname)s] - %(prefix)s%(message)s")
    exc_info = None if error is None else (type(error), error, None)
    expected = ""
    for moment in (created, created + more):
        said: dict[str, Any] = {"name": "curifactory.x", "levelno": logging.INFO, "prefix": "[a] "}
        said |= {"levelname": "INFO", "created": moment, "msecs": moment % 1 * 1000}
        record = logging.makeLogRecord({**said, "msg": "%s is", "args": (1,)})
        record.exc_info = exc_info
        logging.getLogger().handle(record)
        expected += usual.format(record) + "\n"
    log.close()

    assert stream.getvalue() == expected


def test_a_stream_that_cannot_be_written_to_keeps_nothing_from_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed, stream, log = io.StringIO(), io.StringIO(), RunLog()
    closed.close()
    log.to_stream(closed)
    log.to_stream(stream)
    log.to_file("run.log")

    assert not Path("run.log").exists()
    logging.getLogger("curifactory").info("one")
    logging.getLogger("curifactory").info("two")
    log.close()
    logging.getLogger("curifactory").info("too late")

    texts = [stream.getvalue(), Path("run.log").read_text("utf-8")]
    assert [re.findall(r"- (\w+)$", text, re.MULTILINE) for text in texts] == [["one", "two"]] * 2
    assert capsys.readouterr().err.count("Logging error") == 2


def test_a_log_goes_where_its_path_led_when_it_was_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog()
    log.to_file("run.log")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    logging.getLogger("curifactory").warning("here")
    log.close()

    assert [path.name for path in folder.rglob("*.log")] == ["run.log"]
    assert "here" in (folder / "run.log").read_text("utf-8")
