"""Runs of a small experiment, by the command line."""

import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

ALL_STAGES = ["make_data small", "train small", "make_data big", "train big", "compare -"]
FAILING = """
import curifactory as cf
from experiments.chain import get_params, make_data


def divide(data):
    return sum(data) / (len(data) - 4)


@cf.stage(["data"], ["model"])
def train(record, data):
    return divide(data)


def run(param_sets, manager):
    for param_set in param_sets:
        train(make_data(cf.Record(manager, param_set)))
"""
ONLY_RUN = """
from experiments.chain import get_params


def run(param_sets, manager):
"""
READING = """
import curifactory as cf
from experiments.chain import get_params, make_data, train


def run(param_sets, manager):
    for param_set in param_sets:
        record = make_data(cf.Record(manager, param_set))
        if len(record.state["data"]) > 2:
            train(record)
"""
WAITING = """
import time
from pathlib import Path

import curifactory as cf
from experiments.chain import get_params


@cf.stage(None, ["data"])
def wait(record):
    Path("waiting.txt").write_text("")
    time.sleep(30)


def run(param_sets, manager):
    wait(cf.Record(manager, param_sets[0]))
"""


def test_a_first_run_executes_every_stage_once_and_ends_with_its_report(
    project: "Project",
) -> None:
    outcome = project.run("chain")

    assert (outcome.code, outcome.err) == (0, "")
    assert project.executed() == ALL_STAGES
    assert outcome.lines[0] == "chain, run 1, 2 parameter sets"
    assert re.fullmatch(r"5 stages: 5 run, 0 loaded, 0 up to date, in .+", outcome.lines[-2])
    report = outcome.lines[-1].removeprefix("report: ")
    assert re.fullmatch(r"reports/chain_1_\S+/index.html", report)
    assert (project.root / report).is_file()


def test_each_executed_stage_has_a_line_with_its_parameter_set_and_seconds(
    project: "Project",
) -> None:
    outcome = project.run("chain", "--no-report")

    stages = [line.rpartition("  ") for line in outcome.lines if re.match(r" +\d/5 ", line)]
    assert [start for start, _, _ in stages] == [
        "  1/5  make_data  small         ",
        "  2/5  train      small         ",
        "  3/5  make_data  big           ",
        "  4/5  train      big           ",
        "  5/5  compare    over 2 records",
    ]
    assert all(re.fullmatch(r"\d\.\d\d s", seconds) for _, _, seconds in stages)


def test_a_second_run_executes_nothing_and_says_so(project: "Project") -> None:
    project.run("chain", "--no-report")
    project.executed()

    outcome = project.run("chain", "--no-report")

    assert (outcome.code, project.executed()) == (0, [])
    assert outcome.lines == [
        "chain, run 2, 2 parameter sets",
        "Nothing ran: everything came from the cache (5 stages).",
    ]


def test_the_report_is_written_as_one_file_too(project: "Project") -> None:
    outcome = project.run("chain", "--report-file", "to send/out.html")

    assert "report to send: to send/out.html" in outcome.out
    page = (project.root / "to send/out.html").read_text(encoding="utf-8")
    assert "--page" in page
    assert 'href="style.css"' not in page


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("experiments", "is a folder; name a file, such as 'experiments/report.html'"),
        ("", "is a folder; name a file, such as 'report.html'"),
        ("experiments/chain.py/out.html", "is no folder that files can be put into"),
    ],
)
def test_a_report_that_has_no_place_is_said_before_anything_runs(
    path: str, message: str, project: "Project"
) -> None:
    outcome = project.run("chain", "--report-file", path)

    assert outcome.code == 2
    assert message in outcome.err
    assert not (project.root / "data").exists()
    assert not (project.root / "reports").exists()


def test_messages_of_the_user_are_shown(project: "Project") -> None:
    outcome = project.run("chain", "--no-report", "-n", "small")

    assert "  info: making 2 rows" in [re.sub(r"\[.*\] ", "", line) for line in outcome.lines]


def test_an_exception_that_the_user_logs_is_shown_with_its_traceback(project: "Project") -> None:
    logged = """
    import logging
    try:
        param_sets[7]
    except IndexError:
        logging.exception("not that many")
"""
    project.write("experiments/logging_errors.py", ONLY_RUN + logged)

    outcome = project.run("logging_errors", "--no-report")

    assert outcome.code == 0
    assert outcome.lines[1:3] == [
        "  error: not that many",
        "Traceback (most recent call last):",
    ]


def test_a_message_that_cannot_be_put_together_fails_nothing(project: "Project") -> None:
    project.write(
        "experiments/muttering.py",
        f"{ONLY_RUN}    import logging\n    logging.info('%d', 'many')\n",
    )

    outcome = project.run_process("muttering", "--no-report")  # pytest's own handler would raise

    assert outcome.code == 0
    assert "Message: '%d'" in outcome.err


def test_parameter_files_are_put_together(project: "Project") -> None:
    outcome = project.run("chain", "-p", "more", "--params", "chain", "--no-report")

    assert outcome.lines[0] == "chain, run 1, 3 parameter sets"
    assert project.executed()[::2] == [
        "make_data huge",
        "make_data small",
        "make_data big",
        "compare -",
    ]


def test_names_keep_only_their_parameter_sets(project: "Project") -> None:
    project.run("chain", "-p", "more", "-p", "chain", "-n", "huge", "--names", "big", "--no-report")

    assert project.executed()[::2] == ["make_data huge", "make_data big", "compare -"]


def test_overwrite_executes_everything_again(project: "Project") -> None:
    project.run("chain", "--no-report")
    project.executed()

    project.run("chain", "--no-report", "--overwrite")

    assert project.executed() == ALL_STAGES


def set_offset(project: "Project", offset: int) -> None:
    """Let ``train`` add what a file says, which nothing but ``--overwrite-stage`` knows of."""
    source = (project.root / "experiments" / "chain.py").read_text()
    added = "return int(Path('offset.txt').read_text()) + sum(data)"
    project.write("experiments/chain.py", source.replace("return sum(data)", added))
    project.write("offset.txt", str(offset))


def test_overwrite_stage_executes_that_stage_and_names_what_is_stale(project: "Project") -> None:
    set_offset(project, 1)
    project.run("chain", "--no-report")
    project.executed()
    set_offset(project, 2)

    outcome = project.run("chain", "--no-report", "--overwrite-stage", "train")

    assert project.executed() == ["train small", "train big"]
    assert "warning: compare of Record 2 (None) is used from the cache although" in outcome.out
    assert "5 stages: 2 run, 2 loaded, 0 up to date, 1 stale, in" in outcome.out


def test_a_stage_that_comes_out_equal_makes_nothing_stale(project: "Project") -> None:
    project.run("chain", "--no-report")
    project.executed()

    outcome = project.run("chain", "--no-report", "--overwrite-stage", "train")

    assert project.executed() == ["train small", "train big"]
    assert "warning" not in outcome.out
    assert "5 stages: 2 run, 2 loaded, 1 up to date, in" in outcome.out


@pytest.mark.parametrize(
    ("policy", "executed", "warned"),
    [
        ("warn", ["train small"], True),
        ("ignore", ["train small"], False),
        ("rerun", ["train small", "compare -"], False),
    ],
)
def test_on_stale_decides_about_what_was_computed_from_older_results(
    policy: str, executed: list[str], warned: bool, project: "Project"
) -> None:
    set_offset(project, 1)
    project.run("chain", "--no-report", "-n", "small")
    project.executed()
    set_offset(project, 2)

    words = ["chain", "--no-report", "-n", "small", "--overwrite-stage", "train"]
    outcome = project.run(*words, "--on-stale", policy)

    assert project.executed() == executed
    assert ("warning:" in outcome.out) is warned


@pytest.mark.parametrize("flag", ["--no-dag", "--no-map"])
def test_without_a_plan_stages_are_decided_one_by_one(flag: str, project: "Project") -> None:
    first = project.run("chain", "--no-report", flag)
    executed = project.executed()
    second = project.run("chain", "--no-report", flag)

    assert (executed, project.executed()) == (ALL_STAGES, [])
    assert first.lines[2].startswith("    1  make_data ")
    assert second.lines[-1].startswith("Nothing ran: everything came from the cache (5 stages")


def test_a_run_that_reads_results_goes_on_linearly(project: "Project") -> None:
    project.write("experiments/reading.py", READING)

    outcome = project.run("reading", "--no-report")

    assert (outcome.code, outcome.err) == (0, "")
    assert project.executed() == ["make_data small", "make_data big", "train big"]
    assert "  warning: run() needs results between stages (" in outcome.out


def test_verbose_says_of_each_stage_why_it_runs_or_not(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")

    outcome = project.run("chain", "--no-report", "-v", "-n", "small", "--overwrite-stage", "train")

    assert [line.rstrip() for line in outcome.lines if "make_data" in line] == [
        "    -  make_data  small          load: needed by 'train' of Record 0 (small)"
    ]
    assert (
        "  1/1  train      small          run: forced by --overwrite-stage train" in outcome.lines
    )


def test_no_report_is_written_if_none_is_wanted(project: "Project") -> None:
    outcome = project.run("chain", "--no-report")

    assert "report:" not in outcome.out
    assert not (project.root / "reports").exists()


def test_a_failing_stage_is_named_and_its_report_written(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing")

    assert outcome.code == 1
    first, *_, last = outcome.error_lines
    assert first.startswith("error: stage 'train' of record 1 (parameter set 'big', hash ")
    assert first.endswith(") in experiment 'failing' failed:")
    assert last == "ZeroDivisionError: division by zero"
    assert "  2/4  train      small  " in outcome.out
    assert outcome.lines[-3] == "  4/4  train      big    failed"
    assert outcome.lines[-2].startswith("4 stages: 3 run, 0 loaded, 0 up to date, 1 failed, in ")
    assert (project.root / outcome.lines[-1].removeprefix("report: ")).is_file()


def test_only_the_users_part_of_the_traceback_is_shown(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing", "--no-report")

    frames = [line for line in outcome.error_lines if line.startswith("  File ")]
    assert [frame.rpartition(" in ")[2] for frame in frames] == ["run", "train", "divide"]
    assert all(str(project.root) in frame for frame in frames)


def test_what_an_error_was_raised_from_is_shown_without_our_frames(project: "Project") -> None:
    caught = """
    try:
        train(make_data(cf.Record(manager, param_sets[1])))
    except ZeroDivisionError as error:
        raise RuntimeError("it went wrong") from error
"""
    project.write("experiments/chained.py", FAILING[: FAILING.rindex("    for")] + caught)

    outcome = project.run("chained", "--no-report")

    assert "ZeroDivisionError: division by zero" in outcome.error_lines
    assert outcome.error_lines[-1] == "RuntimeError: it went wrong"
    assert "curifactory" not in outcome.err.replace(str(project.root), "")


def test_verbose_shows_the_whole_traceback(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing", "--no-report", "--verbose")

    assert "staging.py" in outcome.err


def test_what_a_failure_leaves_undone_is_counted(project: "Project") -> None:
    project.write("experiments/failing.py", FAILING)

    outcome = project.run("failing", "--no-report", "-n", "big", "-p", "chain", "-p", "more")
    again = project.run("failing", "--no-report", "-p", "chain", "-p", "more")

    assert outcome.code == 1
    assert "2 stages: 1 run, 0 loaded, 0 up to date, 1 failed, in" in outcome.out
    assert ", 1 failed, 2 not reached, in" in again.out


def test_a_failure_outside_stages_is_said_to_be_there(project: "Project") -> None:
    project.write("experiments/outside.py", f"{ONLY_RUN}    param_sets[7]\n")

    outcome = project.run("outside", "--no-report")

    assert outcome.code == 1
    assert (
        outcome.error_lines[0] == "error: run() of experiment 'outside' failed, outside its stages:"
    )
    assert outcome.error_lines[-1] == "IndexError: list index out of range"


def test_an_experiment_that_ends_the_program_is_no_success(project: "Project") -> None:
    project.write("experiments/leaving.py", f"{ONLY_RUN}    raise SystemExit(0)\n")

    outcome = project.run("leaving", "--no-report")

    assert outcome.code == 1
    assert outcome.error_lines[-1] == "SystemExit: 0"


def test_ctrl_c_in_a_stage_ends_the_run_with_its_report(project: "Project") -> None:
    project.write("experiments/stopping.py", FAILING.replace("divide(data)", "interrupt()"))
    source = (project.root / "experiments/stopping.py").read_text()
    project.write(
        "experiments/stopping.py", source + "\n\ndef interrupt():\n    raise KeyboardInterrupt\n"
    )

    outcome = project.run("stopping")

    assert outcome.code == 130
    assert outcome.err.startswith("interrupted in stage 'train' of record 0 (parameter set 'small'")
    assert len(outcome.error_lines) == 1
    assert "  2/4  train      small  interrupted" in outcome.lines
    assert (project.root / outcome.lines[-1].removeprefix("report: ")).is_file()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["sigint", "sigterm"]
)
def test_a_signal_ends_the_run_in_order(number: int, code: int, project: "Project") -> None:
    project.write("experiments/waiting.py", WAITING)

    with project.start("waiting", "--no-report") as process:
        for _ in range(300):
            if (project.root / "waiting.txt").exists():
                break
            time.sleep(0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == code
    assert err.startswith("interrupted in stage 'wait' of record 0")
    assert "1 stage: 0 run, 0 loaded, 0 up to date, 1 failed, in" in out


def test_a_process_of_its_own_does_the_same(project: "Project") -> None:
    outcome = project.run_process("chain")

    assert (outcome.code, outcome.err) == (0, "")
    assert project.executed() == ALL_STAGES
    assert outcome.lines[-1].startswith("report: reports/chain_1_")


def test_a_run_that_cannot_write_says_so(project: "Project") -> None:
    project.write("data/store/chain", "a file where a folder should be")

    outcome = project.run("chain")

    assert outcome.code == 1
    assert len(outcome.error_lines) == 1
    assert outcome.err == (
        "error: the run could not write its files: 'data/store/chain' cannot be used: File exists. "
        "'curifactory doctor' looks at every folder, and --dry runs without writing any.\n"
    )


def test_a_report_that_cannot_be_written_is_a_failure_of_its_own(project: "Project") -> None:
    text = (project.root / "experiments/chain.py").read_text()
    meanwhile = "    Path('reports').write_text('a file where a folder should be')\n"
    end = "    return list(model.values())\n"
    project.write("experiments/chain.py", text.replace(end, meanwhile + end))

    outcome = project.run("chain")

    assert (outcome.code, project.executed()) == (1, ALL_STAGES)
    assert outcome.error_lines[0] == (
        "error: experiment 'chain' is complete, but its report could not be written:"
    )
    assert outcome.lines[-1].startswith("5 stages: 5 run, ")


def test_old_configuration_keys_are_warned_of(project: "Project") -> None:
    project.write("curifactory_config.json", '{"run_path": "elsewhere"}')

    outcome = project.run("chain", "--no-report")

    assert outcome.code == 0
    assert outcome.err.startswith("warning: ")
    assert "'runs_path'" in outcome.err


UNSTORABLE = """
import curifactory as cf
from curifactory.caching import Cacheable, PickleCacher

class Broken(Cacheable):
    def save(self, obj):
        raise RuntimeError("of the cacher itself")

@cf.stage(None, ["value"], [PickleCacher])
def pickled(record):
    return lambda: 1

@cf.stage(None, ["value"], [Broken])
def broken(record):
    return 1

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    STAGE(cf.Record(manager, param_sets[0]))
"""


def test_a_value_that_cannot_be_stored_needs_no_inner_traceback(project: "Project") -> None:
    project.write("experiments/stores.py", UNSTORABLE.replace("STAGE", "pickled"))

    outcome = project.run("stores", "--no-report")

    assert outcome.code == 1
    assert "cannot be stored by PickleCacher" in outcome.err
    assert "direct cause" not in outcome.err


def test_an_error_in_a_users_own_cacher_is_shown_with_its_place(project: "Project") -> None:
    project.write("experiments/stores.py", UNSTORABLE.replace("STAGE", "broken"))

    outcome = project.run("stores", "--no-report")

    assert outcome.code == 1
    assert 'raise RuntimeError("of the cacher itself")' in outcome.err
    assert "direct cause" in outcome.err


def test_quiet_shows_no_warning_where_nothing_logs(project: "Project") -> None:
    logged = "    import logging\n    logging.warning('hot')\n"
    project.write("experiments/warning.py", ONLY_RUN + logged)

    outcome = project.run_process("warning", "--quiet", "--no-log", "--no-report")

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


LEAVING = """
import atexit
import gc

import curifactory as cf
from curifactory.caching import JsonCacher
from experiments.chain import get_params


class Connection:
    def __init__(self, name):
        self.name, self.itself = name, self

    def __del__(self):
        with open(self.name, "w") as file:
            file.write("closed")


@cf.stage(None, ["value"], [JsonCacher])
def leave_open(record):
    Connection(f"{record.params.name}.txt")
    return 1


def run(param_sets, manager):
    for param_set in param_sets:
        leave_open(cf.Record(manager, param_set))


many = [[number] for number in range(5000)]
atexit.register(lambda: print("set aside:", len(gc.get_objects()) < 5000))
"""


def test_what_stages_leave_open_is_closed_when_the_process_ends(project: "Project") -> None:
    project.write("experiments/leaving.py", LEAVING)

    outcome = project.run_process("leaving", "--no-report")

    assert outcome.code == 0
    assert "set aside: False" in outcome.out
    texts = [path.read_text() for path in project.root.glob("*.txt")]
    assert texts == ["closed", "closed"]


@pytest.mark.parametrize("words", [["--no-report"], ["--map"]])
def test_a_process_that_executed_nothing_ends_without_looking_for_garbage(
    project: "Project", words: list[str]
) -> None:
    project.write("experiments/leaving.py", LEAVING)
    project.run_process("leaving", "--no-report")

    outcome = project.run_process("leaving", *words)

    assert outcome.code == 0
    assert "set aside: True" in outcome.out
