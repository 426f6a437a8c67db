import io
import shlex
from typing import Any

import pytest

from curifactory.cli.commands import EXPERIMENT, Command, Context, find_command, run_command
from curifactory.cli.parser import CommandLineError
from curifactory.cli.request import ShowText, WithNotes, parse
from curifactory.cli.terminal import Terminal
from curifactory.config import OnStale
from curifactory.options import RunOptions


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {}),
        ("-p base", {"param_files": ("base",)}),
        ("--params base --params wide", {"param_files": ("base", "wide")}),
        ("--params=base", {"param_files": ("base",)}),
        ("-n knn --names svm", {"names": ("knn", "svm")}),
        ("--overwrite", {"overwrite": True}),
        ("--overwrite-stage a --overwrite-stage b", {"overwrite_stages": ("a", "b")}),
        ("--on-stale rerun", {"on_stale": OnStale.RERUN}),
        ("--map", {"map_only": True}),
        ("--no-dag", {"dag": False}),
        ("--no-map", {"dag": False}),
        ("-v", {"verbose": True}),
        ("--verbose", {"verbose": True}),
        ("--no-report", {"report": False}),
        ("--report-file out.html", {"report_file": "out.html"}),
        ("--notebook", {"build_notebook": True}),
        ("--docker", {"build_docker": True}),
        ("--docker-context made", {"docker_context": "made"}),
        ("--no-log", {"log": False}),
        ("--indices 0-2 --indices 5", {"indices": ("0-2", "5")}),
        ("--global-indices 1", {"global_indices": ("1",)}),
        ("-c there --dry-cache", {"cache": "there", "dry_cache": True}),
        ("-s", {"store_full": True}),
        ("--store-full", {"store_full": True}),
        ("--full-store", {"store_full": True}),
        ("--prefix final", {"prefix": "final"}),
        ("--name final", {"prefix": "final"}),
        ("--parallel 4", {"parallel": 4}),
        ("--parallel=4", {"parallel": 4}),
        ("--parallel-mode", {"parallel_mode": True}),
        ("--parallel-safe", {"parallel_mode": True}),
        ("--executor dask", {"executor": "dask"}),
        ("--parallel 2 --resources cores=2", {"parallel": 2, "resources": "cores=2"}),
        ("--fail-fast", {"fail_fast": True}),
        ("--keep-going", {}),
        ("--cache there", {"cache": "there"}),
        ("--why train", {"why": "train", "map_only": True}),
        ("--map --json", {"map_only": True, "json": True}),
        ("--lazy", {"lazy": True}),
        ("--ignore-lazy", {"ignore_lazy": True}),
        ("--dry", {"dry": True}),
        ("--hashes", {"hashes_only": True}),
        ("--paths", {"paths_only": True}),
        ("--print-params=knn", {"print_params": "knn"}),
        ("--notes=better", {"notes": "better"}),
        ("--log-errors", {"log_errors": True}),
        ("--all-loggers", {"all_loggers": True}),
        ("--quiet", {"quiet": True}),
        ("--plain", {"plain": True}),
        ("--no-color", {"no_color": True}),
        ("--progress", {"progress": True}),
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_each_option_becomes_a_run_option(words: str, expected: dict[str, Any], order: str) -> None:
    line = f"iris {words}" if order == "after" else f"{words} iris"

    assert parse(line.split()) == RunOptions(experiment="iris", **expected)


def test_options_stand_before_and_after_the_name() -> None:
    request = parse(["-p", "base", "iris", "--overwrite", "-n", "knn"])

    assert request == RunOptions(
        experiment="iris", param_files=("base",), names=("knn",), overwrite=True
    )


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(experiment="iris"),
        RunOptions(
            experiment="sub.iris",
            param_files=("base", "wide"),
            names=("a b",),
            overwrite=True,
            overwrite_stages=("train",),
            on_stale=OnStale.IGNORE,
            dag=False,
            report=False,
            verbose=True,
        ),
        RunOptions(experiment="iris", map_only=True),
    ],
)
def test_the_recorded_command_asks_for_the_same_run(options: RunOptions) -> None:
    assert parse(shlex.split(options.command())[1:]) == options


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run iris", RunOptions(experiment="iris")),
        ("run ls -p base", RunOptions(experiment="ls", param_files=("base",))),
        ("run run", RunOptions(experiment="run")),
        ("map iris -n knn", RunOptions(experiment="iris", names=("knn",), map_only=True)),
    ],
)
def test_a_word_before_the_name_says_what_happens(words: str, expected: RunOptions) -> None:
    assert parse(words.split()) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--notes iris", RunOptions(experiment="iris")),
        ("iris --notes", RunOptions(experiment="iris")),
        ("iris --notes -v", RunOptions(experiment="iris", verbose=True)),
        ("--print-params iris", RunOptions(experiment="iris", print_params=True)),
        ("iris --print-params", RunOptions(experiment="iris", print_params=True)),
    ],
)
def test_an_option_with_an_optional_value_does_not_swallow_the_name(
    words: str, expected: RunOptions
) -> None:
    request = parse(words.split())

    assert isinstance(request, WithNotes) is ("--notes" in words)
    assert (request.options if isinstance(request, WithNotes) else request) == expected


@pytest.mark.parametrize("command", EXPERIMENT, ids=lambda command: command.name)
def test_each_command_has_a_help_of_its_own(command: Command) -> None:
    shown = io.StringIO()
    context = Context(Terminal(shown), Terminal(io.StringIO()))

    assert find_command(EXPERIMENT, [command.name, "--help"]) is command
    assert run_command("experiment", command, ["--help"], context) == 0
    assert f"usage: experiment {command.name}" in shown.getvalue()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "which experiment?"),
        ("iris --paralel", "unknown option '--paralel'"),
        ("iris --parms base", "Did you mean '--params'"),
        ("iris --over", "unknown option '--over'. Did you mean '--overwrite'"),
        ("iris --verbos", "Did you mean '--verbose'"),
        ("iris --overwrite-stages=train", "Did you mean '--overwrite-stage'"),
        ("iris -x", "unknown option '-x'"),
        ("iris other", "unexpected argument 'other'"),
        ("iris -p", "-p/--params: expected one argument"),
        ("iris --on-stale rerunn", "Did you mean 'rerun'?"),
        ("iris --on-stale x", "There is warn, rerun, ignore"),
        ("iris --map --no-dag", "give one of them"),
        ("iris --lazy --ignore-lazy", "--lazy and --ignore-lazy exclude each other"),
        ("iris --quiet --plain", "--quiet and --plain exclude each other"),
        ("map iris --no-dag", "give one of them"),
        ("iris --port 80", "unknown option '--port'"),
        ("iris --no-report --report-file a", "--report-file and --no-report exclude each other"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(words: str, message: str) -> None:
    with pytest.raises(CommandLineError) as raised:
        parse(words.split())

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ls -p base", "unknown option '-p'. See 'experiment ls --help'"),
        ("reports --overwrite-stage a", "unknown option '--overwrite-stage'"),
        ("reports --port 80a", "'80a' is not a port"),
        ("reports --port 65536", "'65536' is not a port"),
        ("reports --port -1", "--port"),
    ],
)
def test_what_a_command_does_not_take_is_said_in_one_line(words: str, message: str) -> None:
    command = find_command(EXPERIMENT, words.split())
    context = Context(Terminal(io.StringIO()), Terminal(io.StringIO()))
    assert command is not None

    with pytest.raises(CommandLineError) as raised:
        run_command("experiment", command, words.split()[1:], context)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_help_shows_groups_and_examples_within_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    request = parse(["iris", "--help"])

    assert isinstance(request, ShowText)
    assert "which parameter sets:\n" in request.text
    assert "examples:\n  experiment iris " in request.text
    assert max(map(len, request.text.splitlines())) <= 80


def test_version_names_the_distribution() -> None:
    request = parse(["--version"])

    assert isinstance(request, ShowText)
    assert request.text.startswith("curifactory 1.")
