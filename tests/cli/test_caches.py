"""``curifactory cache``, in a real project."""

import io
import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from curifactory.cli.caches.showing import list_lines
from curifactory.cli.terminal import Terminal
from curifactory.upkeep import CachedArtifact

if TYPE_CHECKING:
    from tests.cli.conftest import Outcome, Project

    Cache = Callable[..., Outcome]


@pytest.fixture
def cache(project: "Project") -> "Cache":
    """Run ``curifactory cache`` in a project in which the experiment ``chain`` ran."""
    project.run("chain", "--no-report")
    project.executed()
    return lambda *words: project.run("cache", *words, command="curifactory")


def exported(outcome: "Outcome") -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_ls_shows_what_made_each_artifact(cache: "Cache") -> None:
    outcome = cache("ls")

    assert outcome.code == 0
    assert outcome.lines[0].split()[:3] == ["artifact", "stage", "set"]
    assert len([line for line in outcome.lines if "make_data_data" in line]) == 2
    assert outcome.lines[-1].startswith("5 artifacts, ")


def test_ls_as_json_says_size_cost_and_freshness(cache: "Cache") -> None:
    listed = exported(cache("ls", "--json", "--stage", "train", "--set", "big"))

    (artifact,) = listed
    assert (artifact["stage"], artifact["output"]) == ("train", "model")
    assert artifact["run"].startswith("chain_1_")
    assert artifact["size"] > 0
    assert artifact["seconds"] >= 0
    assert artifact["fresh"] is True


def test_ls_shows_what_is_stale_after_an_edit(cache: "Cache", project: "Project") -> None:
    path = project.root / "experiments/chain.py"
    path.write_text(path.read_text().replace("return sum(data)", "return sum(data) + 1"))

    stale = exported(cache("ls", "--stale", "--json"))

    assert {artifact["stage"] for artifact in stale} >= {"train"}
    assert all(artifact["stale_because"] for artifact in stale)
    assert "make_data" not in {artifact["stage"] for artifact in stale}
    (line,) = (
        line for line in cache("ls", "--stage", "train", "--set", "big").lines if "_" in line
    )
    assert line.endswith("  stale: experiments.chain.train has changed")


def test_du_adds_up_by_stage(cache: "Cache") -> None:
    rows = exported(cache("du", "--json"))

    assert sum(row["artifacts"] for row in rows) == 5
    assert {row["stage"] for row in rows} == {"make_data", "train", "compare"}


def test_show_tells_everything_about_one_artifact(cache: "Cache") -> None:
    name = exported(cache("ls", "--json", "--stage", "compare"))[0]["name"]

    outcome = cache("show", name)

    assert outcome.code == 0
    assert "compare" in outcome.out
    assert exported(cache("show", name, "--json"))["metadata"]["artifact_name"] == "scores"


def test_an_artifact_that_is_not_there_is_bad_input(cache: "Cache") -> None:
    name = exported(cache("ls", "--json", "--stage", "compare"))[0]["name"]

    outcome = cache("show", f"{name}x")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert f"Did you mean {name!r}?" in outcome.err


def test_verify_finds_a_changed_byte_behind_an_unchanged_time(
    cache: "Cache", project: "Project"
) -> None:
    assert cache("verify").code == 0
    (path,) = (project.root / "data/cache").glob("*compare_scores.json")
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"2", b"3"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    found = cache("verify")
    aside = cache("verify", "--set-aside")

    assert found.code == aside.code == 1
    assert "1 damaged" in found.out
    assert not path.exists()
    project.run("chain", "--no-report")
    assert project.executed() == ["compare -"]


def test_gc_keeps_what_the_latest_complete_run_needs(cache: "Cache", project: "Project") -> None:
    before = project.files()

    outcome = cache("gc", "--max-size", "0", "--yes")

    assert outcome.code == 0
    assert "needed" in outcome.err
    assert {name for name in before if "cache" in name} <= project.files().keys()


def test_gc_removes_what_no_latest_run_needs(cache: "Cache", project: "Project") -> None:
    project.run("chain", "-n", "big", "--no-report")
    old = {"small"}

    shown = exported(cache("gc", "--max-size", "0", "--dry-run", "--json"))
    assert {artifact["parameter_set"] for artifact in shown["evicted"]} >= old
    assert shown["removed"] is False
    gone = exported(cache("gc", "--max-size", "0", "--yes", "--json"))

    assert gone["removed"] is True
    left = exported(cache("ls", "--json"))
    assert old.isdisjoint(artifact["parameter_set"] for artifact in left)
    assert "big" in {artifact["parameter_set"] for artifact in left}


def test_gc_keeps_what_is_pinned(cache: "Cache", project: "Project") -> None:
    project.run("chain", "-n", "big", "--no-report")
    assert cache("pin", "*_make_data_data").code == 0

    gone = exported(cache("gc", "--max-size", "0", "--yes", "--json"))

    assert "make_data" not in {artifact["stage"] for artifact in gone["evicted"]}
    assert cache("unpin", "*_make_data_data").code == 0
    assert cache("unpin", "*_make_data_data").code == 2


def test_rm_removes_what_is_named_and_the_next_run_computes_it(
    cache: "Cache", project: "Project"
) -> None:
    outcome = cache("rm", "--stage", "compare", "--yes")

    assert outcome.code == 0
    project.run("chain", "--no-report")
    assert project.executed() == ["compare -"]


def test_rm_removes_what_is_stale(cache: "Cache", project: "Project") -> None:
    path = project.root / "experiments/chain.py"
    path.write_text(path.read_text().replace("return sum(data)", "return sum(data) + 1"))
    stale = {artifact["name"] for artifact in exported(cache("ls", "--stale", "--json"))}

    outcome = cache("rm", "--stale", "--yes")

    assert outcome.code == 0
    assert set(outcome.lines[:-1]) == stale
    assert exported(cache("ls", "--stale", "--json")) == []
    assert exported(cache("ls", "--stage", "make_data", "--json"))


def test_another_folder_is_looked_after_where_one_is_named(
    cache: "Cache", project: "Project"
) -> None:
    project.run("chain", "--no-report", "--store-full")
    (run,) = (project.root / "data/runs").iterdir()

    listed = exported(cache("ls", "--json", "--cache", str(run)))

    assert {artifact["stage"] for artifact in listed} >= {"make_data", "train", "compare"}


def test_an_empty_cache_is_no_error(project: "Project") -> None:
    outcome = project.run("cache", "ls", command="curifactory")

    assert (outcome.code, outcome.lines) == (0, ["no artifacts"])


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (30, "0 min"),
        (7 * 60 + 30, "7 min"),
        (119 * 60 + 30, "119 min"),
        (2 * 3600 + 90, "2 h"),
        (47.9 * 3600, "47 h"),
        (50 * 3600, "2 d"),
    ],
)
def test_an_age_is_told_in_the_unit_that_fits(seconds: float, shown: str) -> None:
    made = CachedArtifact(
        name="a", paths=("a",), state="complete", size=1, modified=time.time() - seconds
    )

    _, line, _ = list_lines([made], {}, Terminal(io.StringIO()))

    assert line.endswith(f" {shown}  complete")


def test_metadata_that_cannot_be_read_is_a_damaged_artifact(
    cache: "Cache", project: "Project"
) -> None:
    (path, *_) = project.root.glob("data/cache/*_model_metadata.json")
    path.unlink()
    path.mkdir()

    outcome = cache("ls", "--json")

    states = {each["name"]: each["problem"] for each in json.loads(outcome.out)}
    assert states[path.name.removesuffix("_metadata.json")].startswith(
        "its metadata cannot be read"
    )
