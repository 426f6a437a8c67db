"""What is printed instead of running: hashes, parameters and paths."""

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_hashes_are_printed_with_their_names(project: "Project") -> None:
    before = project.files()

    outcome = project.run("chain", "-p", "chain", "-p", "more", "--hashes")

    assert outcome.code == 0
    assert [line.split()[1] for line in outcome.lines] == ["small", "big", "huge"]
    assert all(re.fullmatch(r"[0-9a-f]+ \w+", line) for line in outcome.lines)
    assert project.files() == before


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("--indices 0", ["small", "huge"]),
        ("--indices 0-2", ["small", "big", "huge"]),
        ("--global-indices 1-3", ["big", "huge"]),
        ("--global-indices 0 --global-indices 2", ["small", "huge"]),
        ("--names huge --names small", ["small", "huge"]),
        ("--global-indices 0-2 --names big", ["big"]),
    ],
)
def test_filters_choose_parameter_sets(words: str, names: list[str], project: "Project") -> None:
    outcome = project.run("chain", "-p", "chain", "-p", "more", "--hashes", *words.split())

    assert [line.split()[1] for line in outcome.lines] == names


def test_parameters_are_printed_as_json(project: "Project") -> None:
    outcome = project.run("chain", "--print-params", "big")

    heading, _, body = outcome.out.partition("\n")
    shown = json.loads(body)
    assert heading.split()[1] == "big"
    assert (shown["name"], shown["size"]) == ("big", "4")
    assert "_DRY_REPS" not in shown


def test_verbose_parameters_say_how_the_hash_comes_about(project: "Project") -> None:
    outcome = project.run("chain", "--print-params", "big", "-v")

    shown = json.loads(outcome.out.partition("\n")[2])
    assert shown["_DRY_REPS"]["size"] == ["repr(size)", "4"]


def test_parameters_of_an_earlier_run_are_found_by_their_hash(project: "Project") -> None:
    project.run("chain", "-p", "more", "--no-report")
    huge = project.run("chain", "-p", "more", "--hashes").out.split()[0]

    outcome = project.run("chain", "--print-params", huge[:10])

    assert outcome.code == 0
    assert outcome.lines[0] == f"{huge} huge"


def test_unknown_parameters_are_bad_input(project: "Project") -> None:
    outcome = project.run("chain", "--print-params", "bigger")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert "Names: small, big" in outcome.err


def test_removing_what_paths_prints_clears_the_run(project: "Project") -> None:
    project.run("chain", "--no-report")
    project.executed()

    paths = project.run("chain", "--paths").lines
    for path in paths:
        (project.root / path).unlink()
    project.run("chain", "--no-report")

    assert len(paths) == 10
    assert len(project.executed()) == 5
