"""The example commands of the guide to the command line, in its order and with what it promises.

What stands in brackets there is replaced: the experiment is ``compare_models`` with the stages
``model_train`` and ``model_test``, its parameter file ``sklearn_algs``.
"""

import errno
import os
import re
import shlex
import shutil
import signal
import stat
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Outcome, Project

EXPERIMENT = '''"""Some experiment
description"""
from pathlib import Path

import curifactory as cf
from curifactory.caching import JsonCacher


def note(record, stage):
    with Path("executed.txt").open("a") as file:
        file.write(f"{stage} {record.params.name}\\n")


@cf.stage(None, ["model"], [JsonCacher])
def TRAIN(record):
    note(record, "TRAIN")
    return {"name": record.params.name}


@cf.stage(["model"], [LAZY], [JsonCacher])
def TEST(record, model):
    note(record, "TEST")
    return len(model["name"])


def run(param_sets, manager):
    for param_set in param_sets:
        TEST(TRAIN(cf.Record(manager, param_set)))
'''
OWN_PARAMS = """

def get_params():
    return [cf.ExperimentParameters(name="own")]
"""
PARAMS = '''"""Basic set of parameters"""
from dataclasses import dataclass

import curifactory as cf


@dataclass
class Params(cf.ExperimentParameters):
    algorithm: str = ""


def get_params():
    return [Params(name=name, algorithm=name) for name in NAMES]
'''
BASELINES = ["baseline_knn", "baseline_svm", "baseline_mlp"]
EIGHT = [f"set_{index}" for index in range(8)]


def experiment(train: str, test: str) -> str:
    text = EXPERIMENT.replace("TRAIN", train).replace("TEST", test)
    return text.replace("LAZY", 'cf.Lazy("score")')


@pytest.fixture
def guide(project: "Project") -> "Project":
    """The projects that the guide's examples speak of."""
    shutil.rmtree(project.root / "experiments")
    shutil.rmtree(project.root / "params")
    project.write("experiments/compare_models.py", experiment("model_train", "model_test"))
    project.write("experiments/with_params.py", experiment("a", "b") + OWN_PARAMS)
    project.write("experiments/some_experiment_name.py", experiment("train_model", "test_model"))
    files = {
        "sklearn_algs": BASELINES,
        "other_algs": ["forest", "tree"],
        "eight": EIGHT,
        "my_params": ["base_knn", "base_randomforest", "base_svm"],
        "my_other_params": ["other"],
    }
    for file, names in files.items():
        project.write(f"params/{file}.py", PARAMS.replace("NAMES", repr(names)))
    return project


def run(project: "Project", line: str) -> "Outcome":
    """Run a line as it is typed, which must succeed."""
    program, *words = shlex.split(line)
    outcome = project.run(*words, command=program)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome


def trained(project: "Project") -> list[str]:
    """Return the parameter sets of the first stage of what was executed since."""
    return [line.split()[1] for line in project.executed()[::2]]


MY = "experiment some_experiment_name -p my_params"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("experiment compare_models -p sklearn_algs", BASELINES),
        (
            "experiment compare_models -p sklearn_algs -p other_algs",
            [*BASELINES, "forest", "tree"],
        ),
        ("experiment with_params", ["own"]),
        ("experiment with_params -p with_params", ["own"]),
        ("experiment compare_models -p with_params", ["own"]),
        (
            "experiment compare_models -p sklearn_algs -n baseline_knn -n baseline_svm",
            BASELINES[:2],
        ),
        ("experiment compare_models -p sklearn_algs --indices 0 --indices 1", BASELINES[:2]),
        ("experiment compare_models -p sklearn_algs --indices 0-2", BASELINES[:2]),
        (
            "experiment compare_models -p sklearn_algs -p other_algs --indices 0 --indices 1",
            [*BASELINES[:2], "forest", "tree"],
        ),
        (
            "experiment compare_models -p sklearn_algs -p other_algs --global-indices 2-4",
            ["baseline_mlp", "forest"],
        ),
        (
            "experiment compare_models -p other_algs -p sklearn_algs --global-indices 2-4",
            ["baseline_knn", "baseline_svm"],
        ),
        (f"{MY} -p my_other_params", ["base_knn", "base_randomforest", "base_svm", "other"]),
        (f"{MY} -n base_knn -n base_randomforest", ["base_knn", "base_randomforest"]),
        (f"{MY} --indices 0-2 --indices 2", ["base_knn", "base_randomforest", "base_svm"]),
        (
            f"{MY} --global-indices 0-2 --global-indices 2",
            ["base_knn", "base_randomforest", "base_svm"],
        ),
        (f"{MY} -n base_knn -n base_svm --indices 1-3", ["base_svm"]),
    ],
)
def test_parameter_sets_are_chosen(line: str, expected: list[str], guide: "Project") -> None:
    run(guide, line)

    assert trained(guide) == expected


@pytest.mark.parametrize(
    ("line", "stages"),
    [
        (
            "experiment compare_models -p sklearn_algs -n baseline_knn "
            "--overwrite-stage model_train --overwrite-stage model_test",
            ["model_train baseline_knn", "model_test baseline_knn"],
        ),
        (
            "experiment compare_models -p sklearn_algs -n baseline_knn "
            "--overwrite-stage model_train",
            ["model_train baseline_knn"],
        ),
        (
            "experiment compare_models -p sklearn_algs -n baseline_knn --overwrite",
            ["model_train baseline_knn", "model_test baseline_knn"],
        ),
        (
            f"{MY} -n base_knn --overwrite-stage train_model --overwrite-stage test_model",
            ["train_model base_knn", "test_model base_knn"],
        ),
    ],
)
def test_stages_are_overwritten(line: str, stages: list[str], guide: "Project") -> None:
    run(guide, line.partition(" --overwrite")[0])
    guide.executed()

    run(guide, line)

    assert guide.executed() == stages


@pytest.mark.parametrize("flag", ["--store-full", "-s"])
def test_a_full_store_is_kept_and_reproduced(flag: str, guide: "Project") -> None:
    run(guide, f"experiment compare_models -p sklearn_algs {flag}")
    (store,) = (guide.root / "data/runs").iterdir()
    kept_besides = {"run_info.json", "requirements.txt", f"{store.name}.log", "report/index.html"}
    assert store.name == RunStore("data").runs()[-1]["reference"]
    assert all((store / name).is_file() for name in kept_besides)
    shutil.rmtree(guide.root / "data/cache")
    guide.executed()
    kept = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}

    run(
        guide,
        f"experiment compare_models -p sklearn_algs --cache data/runs/{store.name} --dry-cache",
    )

    assert guide.executed() == []
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == kept
    assert list((guide.root / "data").glob("cache/*")) == []


def test_dry_cache_overwrites_no_file_of_the_cache(guide: "Project") -> None:
    run(guide, MY)
    folder = guide.root / "data/cache"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    guide.executed()

    run(guide, f"{MY} --cache data/cache --dry-cache --overwrite-stage train_model")

    assert len(guide.executed()) == 3
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("flag", ["--lazy", "--ignore-lazy"])
def test_outputs_are_kept_lazy_or_in_memory(flag: str, guide: "Project") -> None:
    kind = """

    for record in manager.records:
        kinds = {key: type(value).__name__ for key, value in record.state.items()}
        Path("kinds.txt").write_text(str(kinds))
"""
    source = experiment("model_train", "model_test").rstrip()
    guide.write("experiments/compare_models.py", source + kind)

    run(guide, f"experiment compare_models -p sklearn_algs --no-dag {flag}")

    kinds = (guide.root / "kinds.txt").read_text()
    assert ("Lazy" in kinds) is (flag == "--lazy")


FOR_EIGHT = "experiment compare_models -p eight"


def cached(project: "Project") -> dict[str, bytes]:
    """Return the artifacts in the cache by their names."""
    found = (project.root / "data/cache").glob("*.json")
    return {
        path.name: path.read_bytes() for path in found if not path.name.endswith("_metadata.json")
    }


@pytest.mark.parametrize("line", [f"{FOR_EIGHT} --parallel 4", f"{MY} --parallel 2"])
def test_parameter_sets_run_in_parallel_once_each(line: str, guide: "Project") -> None:
    outcome = run(guide, line)

    executed = guide.executed()
    serial = line.partition(" --parallel")[0]
    in_parallel = cached(guide)
    shutil.rmtree(guide.root / "data/cache")
    run(guide, serial)
    assert sorted(executed) == sorted(guide.executed())
    assert cached(guide) == in_parallel
    assert [each["status"] for each in RunStore("data").runs()] == ["complete", "complete"]
    assert outcome.lines[-1].startswith("report: ")


@pytest.mark.parametrize("flag", ["--parallel-mode", "--parallel-safe"])
def test_what_parallel_does_can_be_done_by_hand(flag: str, guide: "Project") -> None:
    for part in ("0-2", "2-4", "4-6", "6-8"):
        run(guide, f"{FOR_EIGHT} {flag} --global-indices {part}")
        first, last = map(int, part.split("-"))
        assert trained(guide) == EIGHT[first:last]

    assert RunStore("data").runs() == []
    assert not (guide.root / "reports").exists()

    outcome = run(guide, FOR_EIGHT)

    assert guide.executed() == []
    (run_info,) = RunStore("data").runs()
    assert [name for name, _ in run_info["params"]["eight"]] == EIGHT
    assert (guide.root / outcome.lines[-1].removeprefix("report: ")).is_file()


def test_files_are_listed_with_their_descriptions(guide: "Project") -> None:
    outcome = run(guide, "experiment ls")

    experiments, _, params = outcome.out.partition("\nPARAMS:\n")
    assert experiments.startswith("EXPERIMENTS:\n\tcompare_models - Some experiment description\n")
    assert "\tsklearn_algs - Basic set of parameters\n" in params


NOTE = "This is a note for this experiment run"


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        (f'experiment compare_models -p sklearn_algs --notes "{NOTE}"', NOTE),
        (f'{MY} --notes "A simple test run."', "A simple test run."),
        ("experiment compare_models -p sklearn_algs --notes", "short\n\nlong < of it"),
        (f"{MY} --notes", "short\n\nlong < of it"),
    ],
)
def test_notes_are_in_index_and_report(
    line: str, notes: str, guide: "Project", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'short\\n\\nlong < of it\\n# left out\\n' > \"$1\"\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(editor))

    outcome = run(guide, line)

    run_info = RunStore("data").runs()[-1]
    assert run_info["notes"] == notes
    assert "notes" not in run_info["cli"]
    first, *others = notes.splitlines()
    assert first in (guide.root / "reports/index.html").read_text()
    page = (guide.root / outcome.lines[-1].removeprefix("report: ")).read_text()
    assert all(text.replace("<", "&lt;") in page for text in [first, *others])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("experiment reports --port 0", r"http://127\.0\.0\.1:\d+/"),
        ("experiment reports --host 0.0.0.0 --port 0", r"http://\S+:\d+/\S*"),
    ],
)
def test_reports_are_served(line: str, url: str, guide: "Project") -> None:
    run(guide, MY)

    with guide.start(*line.split()[1:]) as process:
        assert process.stdout is not None
        shown = process.stdout.readline()
        address = re.search(url, shown)
        assert address is not None, shown
        with urllib.request.urlopen(address[0], timeout=10) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert "some_experiment_name" in page
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("experiment reports", "port 8080 of 127.0.0.1"),
        ("experiment reports --port 6789", "port 6789 of 127.0.0.1"),
        ("experiment reports --host 0.0.0.0", "port 8080 of 0.0.0.0"),
    ],
)
def test_reports_are_at_the_address_that_was_asked_for(
    line: str, address: str, guide: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen(*_words: object) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    guide.write("reports/index.html", "")
    monkeypatch.setattr("curifactory.cli.reports_server.ReportsServer", listen)

    outcome = guide.run(*line.split()[1:])

    assert outcome.code == 2
    assert address in outcome.err


def test_the_index_is_written_again(guide: "Project") -> None:
    run(guide, MY)
    (guide.root / "reports/index.html").unlink()

    run(guide, "experiment reports --update")

    assert "some_experiment_name" in (guide.root / "reports/index.html").read_text()


def test_a_prefix_takes_the_place_of_the_name(guide: "Project") -> None:
    run(guide, f"{MY} --name final_run")

    names = [path.name for path in (guide.root / "data/cache").iterdir()]
    assert names
    assert all(re.match(r"final_run_[0-9a-f]+_", name) for name in names)


@pytest.mark.parametrize("flag", ["--no-log", "--dry"])
def test_no_log_is_written(flag: str, guide: "Project") -> None:
    run(guide, f"{MY} {flag}")

    assert not (guide.root / "logs").exists()


def test_dry_writes_nothing(guide: "Project") -> None:
    before = guide.files()

    run(guide, f"{MY} --dry")

    assert len(guide.executed()) == 6
    assert guide.files() == before


def test_a_map_shows_what_is_cached_and_runs_nothing(guide: "Project") -> None:
    run(guide, f"{MY} --overwrite")
    guide.executed()

    outcome = run(guide, f"{MY} --map --verbose --overwrite-stage test_model -n base_knn")

    assert guide.executed() == []
    assert re.search(r"model \(cached\) \[some_experiment_name_1_", outcome.out)
    assert "Would run, in this order:\n\ttest_model (base_knn)" in outcome.out


def test_paths_clear_a_run(guide: "Project") -> None:
    run(guide, MY)

    outcome = run(guide, f"{MY} --paths")  # | xargs rm
    for line in outcome.lines:
        (guide.root / line).unlink()

    assert list((guide.root / "data/cache").iterdir()) == []
    assert len(outcome.lines) == 12


def test_errors_are_logged(guide: "Project") -> None:
    spoken = EXPERIMENT.replace("import curifactory", "import sys\n\nimport curifactory", 1)
    spoken = spoken.replace("    note(record", "    sys.stderr.write('oh no\\n')\n    note(record")
    spoken = spoken.replace("LAZY", '"score"')
    guide.write("experiments/compare_models.py", spoken)

    outcome = guide.run("compare_models", "-p", "sklearn_algs", "--log-errors")

    (log,) = (guide.root / "logs").iterdir()
    assert outcome.code == 0
    assert log.read_text().count("oh no\n") == outcome.err.count("oh no\n") == 6


def test_quiet_shows_nothing_and_logs_all_the_same(guide: "Project") -> None:
    outcome = run(guide, f"{MY} --quiet")

    (log,) = (guide.root / "logs").iterdir()
    assert outcome.out == ""
    assert "train_model" in log.read_text()


def test_plain_shows_what_the_log_has(guide: "Project") -> None:
    outcome = run(guide, f"{MY} --plain")

    (log,) = (guide.root / "logs").iterdir()
    logged = log.read_text().splitlines()
    assert logged
    assert outcome.lines[: len(logged)] == logged


def test_verbose_logs_debug_messages(guide: "Project") -> None:
    run(guide, f"{MY} -v -n base_knn")
    run(guide, f"{MY} --verbose -n base_svm")
    run(guide, f"{MY} -n base_randomforest")

    logs = sorted((guide.root / "logs").iterdir(), key=lambda log: int(log.stem.split("_")[3]))
    assert ["[DEBUG]" in log.read_text() for log in logs] == [True, True, False]


def test_a_notebook_is_written(guide: "Project") -> None:
    run(guide, f"{MY} --notebook")

    (notebook,) = (guide.root / "notebooks/experiments").iterdir()
    assert notebook.name == f"{RunStore('data').runs()[-1]['reference']}.ipynb"


# -- on a terminal -----------------------------------------------------------------------------


def on_terminal(project: "Project", line: str) -> str:
    """Return what a terminal is given when a line is typed."""
    code = "from curifactory.cli.main import experiment; raise SystemExit(experiment())"
    environment = {name: os.environ[name] for name in os.environ if name != "NO_COLOR"}
    environment |= {"TERM": "xterm", "COLUMNS": "80"}
    outcome = project.run_on_terminal(code, *shlex.split(line)[1:], environment=environment)
    assert outcome.code == 0, outcome.out
    return outcome.out


@pytest.mark.slow
def test_colours_are_suppressed(guide: "Project") -> None:
    assert "\x1b[" in on_terminal(guide, MY)
    assert "\x1b[" not in on_terminal(guide, f"{MY} --no-color")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "bars"),
    [
        ("--progress", True),
        ("--progress --quiet", True),
        ("--progress --no-dag", False),
        ("--progress --quiet --no-dag", False),
    ],
)
def test_bars_are_drawn_unless_there_is_no_map(flags: str, bars: bool, guide: "Project") -> None:
    shown = on_terminal(guide, f"{MY} {flags}")

    assert ("Record 0, args: base_knn" in shown) is bars
