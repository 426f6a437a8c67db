import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Project

COPYING = """
import curifactory as cf
from experiments.chain import get_params, make_data, train


@cf.stage(["data", "factor", "offset"], ["scaled"], suppress_missing_inputs=True)
def scale(record, data, factor, offset=0):
    return [value * factor + offset for value in data]


def run(param_sets, manager):
    record = make_data(cf.Record(manager, param_sets[0]))
    copy = record.make_copy(param_sets[1])
    scale(copy, factor=2)
"""


NAMED = """
import curifactory as cf
from curifactory.caching import JsonCacher


def get_params():
    return [cf.ExperimentParameters(name="a parameter set with a name of many short words")]


@cf.stage(None, ["everything_there_is"], [JsonCacher])
def measure(record):
    return 1


@cf.stage(["everything_there_is"], ["judgement"], [JsonCacher])
def judge(record, everything_there_is):
    return 1


def run(param_sets, manager):
    judge(measure(cf.Record(manager, param_sets[0])))
"""
PROGRAM = "from curifactory.cli.main import experiment; raise SystemExit(experiment())"


def without_hashes(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{30,33}\b", "HASH", text)


def test_the_map_of_an_empty_cache_says_why_everything_would_run(project: "Project") -> None:
    outcome = project.run("chain", "--map", "-n", "small")

    assert (outcome.code, outcome.err) == (0, "")
    assert without_hashes(outcome.out) == (
        "==== Record 0 (small) hash: HASH ====\n"
        "Stage: make_data\n"
        "\tOutputs:\n"
        "\t\tdata\n"
        "\trun: output 'data' is not in the cache; needed by 'train' of Record 0 (small)\n"
        "Stage: train\n"
        "\tInputs:\n"
        "\t\tdata\n"
        "\tOutputs:\n"
        "\t\tmodel\n"
        "\trun: output 'model' is not in the cache; needed by 'compare' of Record 1 (None)\n"
        "\n"
        "==== Record 1 (None) hash: HASH ====\n"
        "Stage: compare (leaf)\n"
        "\tInput records:\n"
        "\t\tRecord 0 (small)\n"
        "\tInputs:\n"
        "\t\tmodel from Record 0 (small)\n"
        "\tOutputs:\n"
        "\t\tscores\n"
        "\trun: output 'scores' is not in the cache\n"
        "\n"
        "3 stages: 3 to run, 0 to load, 0 up to date\n"
    )


def test_cached_artifacts_name_the_run_that_made_them(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    project.run("chain", "--no-report", "-n", "small", "--overwrite-stage", "train")

    outcome = project.run("chain", "--map", "-n", "small")

    made = dict(
        re.findall(r"^\t\t(\w+) \(cached\) \[chain_(\d)_[\dT-]+\]$", outcome.out, re.MULTILINE)
    )
    assert made == {"data": "1", "model": "2", "scores": "1"}
    assert outcome.lines[-1] == "3 stages: 0 to run, 0 to load, 3 up to date"


def test_the_summary_counts_what_would_happen(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")

    outcome = project.run("chain", "--map", "-n", "small", "--overwrite-stage", "train")

    assert "\tload: needed by 'train' of Record 0 (small)" in outcome.lines
    assert "\trun: forced by --overwrite-stage train" in outcome.lines
    assert outcome.lines[-1] == (
        "3 stages: 1 to run, 1 to load, 0 up to date, 1 stale if an input changes"
    )


def test_a_result_that_nobody_needs_is_counted_apart(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    for path in (project.root / "data" / "cache").glob("*_make_data_data*"):
        path.unlink()

    outcome = project.run("chain", "--map", "-n", "small")

    assert "\tskip: not needed: everything computed from it is cached" in outcome.lines
    assert outcome.lines[-1] == "3 stages: 0 to run, 0 to load, 2 up to date, 1 not needed"


def test_inputs_that_no_stage_made_and_copied_records_are_shown(project: "Project") -> None:
    project.write("experiments/copying.py", COPYING)

    outcome = project.run("copying", "--map")

    inputs = outcome.lines[outcome.lines.index("Stage: scale (leaf)") :]
    assert inputs[1:7] == [
        "\tInput records:",
        "\t\tRecord 0 (small)",
        "\tInputs:",
        "\t\tdata from Record 0 (small)",
        "\t\tfactor (given by keyword)",
        "\t\toffset (the function's default)",
    ]


def test_verbose_lists_what_would_run_in_order(project: "Project") -> None:
    outcome = project.run("chain", "--map", "-v", "-n", "small")

    position = outcome.lines.index("Would run, in this order:")
    assert outcome.lines[position + 1 : position + 4] == [
        "\tmake_data (small)",
        "\ttrain (small)",
        "\tcompare (over 1 record)",
    ]


def test_nothing_is_written_or_executed(project: "Project") -> None:
    before = project.files()

    outcome = project.run_process("chain", "--map")

    assert outcome.code == 0
    assert project.files() == before
    assert sorted(path.name for path in project.root.iterdir()) == ["experiments", "params"]


def test_nothing_is_written_where_there_is_a_cache(project: "Project") -> None:
    project.run("chain", "--no-report")
    before = project.files()

    project.run_process("chain", "--map", "--overwrite")

    assert project.files() == before


def test_there_is_no_map_where_run_reads_results(project: "Project") -> None:
    source = COPYING + '    print(record.state["data"])\n'
    project.write("experiments/reading.py", source)
    before = project.files()

    outcome = project.run("reading", "--map")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.error_lines[-1].startswith("error: there is no map of 'reading': ")
    assert project.files() == before


def test_an_experiment_that_fails_while_it_is_mapped_is_a_failure(project: "Project") -> None:
    project.write("experiments/failing.py", COPYING.replace("factor=2)", "factor=2).nothing"))

    outcome = project.run("failing", "--map")

    assert outcome.code == 1
    assert outcome.error_lines[-1].startswith("AttributeError: ")


def test_lines_are_broken_between_words_where_a_terminal_is_narrow(project: "Project") -> None:
    project.write("experiments/named.py", NAMED)
    plain = project.run("named", "--map").out
    environment = {**os.environ, "COLUMNS": "60", "NO_COLOR": "1"}

    shown = project.run_on_terminal(PROGRAM, "named", "--map", environment=environment)

    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 60
    assert shown.out.split() == plain.split()
    (place,) = (n for n, line in enumerate(lines) if line.lstrip().startswith("run: output 'e"))
    assert lines[place].startswith(" " * 8 + "run")
    assert lines[place + 1].startswith(" " * 12)
