"""What ``--map -v``, ``--why`` and ``--json`` show of what has changed."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def edit(project: "Project", old: str, new: str) -> None:
    path = project.root / "experiments" / "chain.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def stages(text: str) -> dict[str, dict[str, Any]]:
    """Return the last stage of each name in a map that is JSON."""
    records = json.loads(text)["records"]
    return {stage["stage"]: stage for record in records for stage in record["stages"]}


def test_a_changed_helper_is_shown_as_a_unified_difference(project: "Project") -> None:
    edit(project, "return sum(data)", "return total(data)")
    edit(project, "def get_params", "def total(data):\n    return sum(data)\n\n\ndef get_params")
    project.run("chain", "--no-report", "-n", "small")
    edit(project, "    return sum(data)", "    return sum(data) + 1")

    outcome = project.run("chain", "--map", "-v", "-n", "small")

    position = outcome.lines.index("\tskip: stale: experiments.chain.total has changed")
    assert outcome.lines[position + 1 : position + 7] == [
        "\t\t--- experiments.chain.total before",
        "\t\t+++ experiments.chain.total now",
        "\t\t@@ -1,2 +1,2 @@",
        "\t\t def total(data):",
        "\t\t-    return sum(data)",
        "\t\t+    return sum(data) + 1",
    ]


def test_a_changed_parameter_is_shown_before_and_after(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    edit(project, 'name="small", size=2', 'name="small", size=3')

    outcome = project.run("chain", "--map", "-v", "-n", "small")

    position = outcome.lines.index("\t\tparameter size: 2 → 3")
    assert outcome.lines[position - 1].startswith(
        "\t\tnearest in the cache: 'small' of run chain_1_"
    )


def test_a_changed_input_is_shown_with_what_it_comes_from(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    edit(project, "return sum(data)", "return sum(data) + 1")
    project.run("chain", "--no-report", "-n", "small", "--overwrite-stage", "train")

    outcome = project.run("chain", "--why", "compare", "-n", "small")

    assert "\tskip: stale: input 'model' has changed since" in outcome.lines
    (shown,) = (
        line for line in outcome.lines if line.startswith("\t\tinput model from 'train' of")
    )
    before, _, after = shown.rpartition(": ")[2].partition(" → ")
    assert before != after


def test_why_shows_one_stage_of_every_record(project: "Project") -> None:
    outcome = project.run("chain", "--why", "train")

    assert (outcome.code, outcome.err) == (0, "")
    assert [line for line in outcome.lines if line.startswith("Stage:")] == ["Stage: train"] * 2
    assert not (project.root / "data").exists()


def test_why_refuses_a_stage_that_is_not_there(project: "Project") -> None:
    outcome = project.run("chain", "--why", "trian")

    assert outcome.code == 2
    assert "error: stage 'trian' not found. Did you mean 'train'?" in outcome.err


def test_json_needs_a_map(project: "Project") -> None:
    outcome = project.run("chain", "--json")

    assert (outcome.code, outcome.out) == (2, "")


def test_the_map_as_data_says_what_the_map_says(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    edit(project, "return sum(data)", "return sum(data) + 1")

    outcome = project.run("chain", "--map", "--json", "-n", "small", "--on-stale", "rerun")

    found = stages(outcome.out)
    assert outcome.err == ""
    assert {name: (each["action"], each["only_if_changed"]) for name, each in found.items()} == {
        "make_data": ("load", False),
        "train": ("run", False),
        "compare": ("run", True),
    }
    (cause,) = found["train"]["causes"]
    assert (cause["kind"], cause["subject"]) == ("code_changed", "experiments.chain.train")
    (difference,) = found["train"]["differences"]
    assert "+ 1" in difference["after"]
    assert "+ 1" not in difference["before"]


def test_the_time_it_takes_is_estimated_from_earlier_runs(project: "Project") -> None:
    first = json.loads(project.run("chain", "--map", "--json", "-n", "small").out)
    project.run("chain", "--no-report", "-n", "small")

    again = json.loads(project.run("chain", "--map", "--json", "-n", "small", "--overwrite").out)

    assert first["estimate"]["stages_without_times"] == ["make_data", "train", "compare"]
    assert again["estimate"]["stages_without_times"] == []
    assert again["counts"] == {"run": 3, "load": 0, "skip": 0}
    assert 0 <= again["estimate"]["seconds"] < 60


def test_what_cannot_be_followed_is_listed_once(project: "Project") -> None:
    outcome = project.run("chain", "--map", "-v")

    found = [line for line in outcome.lines if "experiments.chain.note, line" in line]
    assert [line.partition(": ")[2] for line in found] == ["open() reads a file"] * 3


def test_stages_are_decided_by_their_code_without_a_plan_too(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    project.executed()
    edit(project, "return sum(data)", "return sum(data) + 1")

    warned = project.run("chain", "--no-report", "-n", "small", "--no-dag")
    assert "train of Record 0 (small) is used from the cache although it is stale" in warned.out
    assert project.executed() == []

    words = ["chain", "--no-report", "-n", "small", "--no-dag", "--on-stale", "rerun"]
    project.run(*words)
    assert project.executed() == ["train small", "compare -"]
    project.run(*words)
    assert project.executed() == []


def test_each_stale_stage_is_named_once_with_the_command_that_renews_it(project: "Project") -> None:
    project.run("chain", "--no-report")
    edit(project, "return sum(data)", "return sum(data) + 1")

    outcome = project.run("chain", "--no-report", "-n", "small", "-n", "big")

    (line,) = (line for line in outcome.lines if "warning:" in line)
    assert "train of Record 0 (small), Record 1 (big) is used" in line
    command = line.rpartition("Renew it with: experiment ")[2]
    renewed = project.run(*command.split())
    assert "3 run" in renewed.out
    assert "warning:" not in project.run("chain", "--no-report").out


def test_a_cache_whose_metadata_names_no_code_is_never_stale(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    for path in (project.root / "data" / "cache").glob("*_metadata.json"):
        metadata = json.loads(path.read_text())
        for key in ("code", "upstream", "inputs"):
            metadata.pop(key, None)
        path.write_text(json.dumps(metadata))
    edit(project, "return sum(data)", "return sum(data) + 1")

    outcome = project.run("chain", "--map", "-n", "small", "--on-stale", "rerun")

    assert outcome.lines[-1].endswith("0 to run, 0 to load, 3 up to date")
    assert "nothing tells which code output 'model' was computed by" in outcome.out
