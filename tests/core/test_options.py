"""Options of a run, and the command line that asks for them."""

import pickle
import shlex
from typing import Any

import pytest

from curifactory.config import OnStale
from curifactory.options import RunOptions


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "experiment iris"),
        ({"param_files": ("a", "b.c")}, "experiment iris -p a -p b.c"),
        ({"names": ("two words", "it's")}, "experiment iris -n 'two words' -n 'it'\"'\"'s'"),
        ({"indices": ("0-3", "5")}, "experiment iris --indices 0-3 --indices 5"),
        ({"global_indices": ("1",)}, "experiment iris --global-indices 1"),
        ({"overwrite": True}, "experiment iris --overwrite"),
        (
            {"overwrite_stages": ("a", "b")},
            "experiment iris --overwrite-stage a --overwrite-stage b",
        ),
        ({"on_stale": OnStale.RERUN}, "experiment iris --on-stale rerun"),
        ({"cache": "some where"}, "experiment iris --cache 'some where'"),
        ({"dry_cache": True, "dry": True}, "experiment iris --dry-cache --dry"),
        ({"prefix": "shared"}, "experiment iris --prefix shared"),
        ({"lazy": True}, "experiment iris --lazy"),
        ({"ignore_lazy": True}, "experiment iris --ignore-lazy"),
        ({"dag": False}, "experiment iris --no-dag"),
        ({"map_only": True}, "experiment iris --map"),
        ({"hashes_only": True}, "experiment iris --hashes"),
        ({"paths_only": True}, "experiment iris --paths"),
        ({"print_params": True}, "experiment iris --print-params"),
        ({"print_params": "knn"}, "experiment iris --print-params knn"),
        ({"store_full": True, "parallel": 4}, "experiment iris --store-full --parallel 4"),
        ({"build_notebook": True, "build_docker": True}, "experiment iris --notebook --docker"),
        ({"docker_context": "made"}, "experiment iris --docker-context made"),
        ({"quiet": True, "no_color": True}, "experiment iris --quiet --no-color"),
        ({"plain": True, "progress": True}, "experiment iris --plain --progress"),
        ({"log_errors": True}, "experiment iris --log-errors"),
        ({"parallel_mode": True}, "experiment iris --parallel-mode"),
        ({"log": False, "report": False}, "experiment iris --no-log --no-report"),
        ({"verbose": True, "all_loggers": True}, "experiment iris --verbose --all-loggers"),
        ({"notes": "why"}, "experiment iris"),
    ],
    ids=str,
)
def test_the_command_asks_for_the_options(options: dict[str, Any], command: str) -> None:
    assert RunOptions(experiment="iris", **options).command() == command
    assert shlex.split(command)


def test_every_option_but_notes_and_line_has_a_flag() -> None:
    def other_than(default: object) -> Any:
        return not default if isinstance(default, bool) else ("x",) if default == () else "x"

    without = {
        name
        for name, default in RunOptions._field_defaults.items()
        if RunOptions(experiment="iris", **{name: other_than(default)}).command()
        == "experiment iris"
    }

    inside = {"parallel_lock", "run_num_override", "run_ts_override"}
    assert without == {"notes", "run_line"} | inside


@pytest.mark.parametrize("option", ["dry", "map_only", "hashes_only", "paths_only", "print_params"])
def test_only_to_tell_something_is_to_write_nothing(option: str) -> None:
    asked: dict[str, Any] = {option: True}

    assert RunOptions(experiment="iris", **asked).writes_nothing
    assert not RunOptions(experiment="iris").writes_nothing


@pytest.mark.parametrize("asked", [{"build_docker": True}, {"docker_context": "made"}])
def test_an_image_implies_what_it_is_made_of(asked: dict[str, Any]) -> None:
    options = RunOptions(experiment="iris", **asked)

    implied = options.with_implied()

    assert (implied.store_full, implied.build_notebook) == (True, True)
    assert implied.run_line == options.command()
    again = implied.reproduce_from("artifacts")
    assert again == "experiment iris --cache artifacts --dry-cache --notebook"


@pytest.mark.parametrize("option", ["map_only", "paths_only", "parallel_mode"])
def test_what_records_no_run_makes_no_image(option: str) -> None:
    asked: dict[str, Any] = {option: True}
    options = RunOptions(experiment="iris", build_docker=True, **asked)

    assert not options.exports_image
    assert options.with_implied() is options


def test_options_are_values() -> None:
    options = RunOptions(experiment="iris", names=("a",), on_stale=OnStale.WARN)

    assert pickle.loads(pickle.dumps(options)) == options
    with pytest.raises(AttributeError):
        options.names = ()  # type: ignore[misc]
