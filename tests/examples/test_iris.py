"""The iris example, copied to a folder of its own and run with the real command."""

import ast
import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from curifactory.journal import read_journal

_EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
_SETS = [f"simple_{model}{seed}" for seed in ("", "_seed2", "_seed3") for model in ("lr", "rf")]
_GUIDE = '''
@dataclass
class Params(cf.ExperimentParameters):
    balanced: bool = False
    """Whether class weights should be balanced or not."""
    n: int = 100
    """The number of trees for a random forest."""
    seed: int = 42
    """The random state seed for data splitting and model training."""
    model_type: ClassifierMixin = LogisticRegression
    """The sklearn model to use."""

[
    Params(name="simple_lr", balanced=True, model_type=LogisticRegression, seed=1),
    Params(name="simple_rf", model_type=RandomForestClassifier, seed=1),
]

@cf.stage(inputs=None, outputs=["training_data", "testing_data"], cachers=[PickleCacher]*2)
def load_data(record):
    ...

@cf.stage(inputs=["training_data"], outputs=["model"], cachers=[PickleCacher])
def train_model(record, training_data):
    ...

@cf.aggregate(outputs=["scores"], cachers=[JsonCacher])
def test_models(record, records):
    ...

def run(param_sets, manager):
    for param_set in param_sets:
        record = cf.Record(manager, param_set)
        train_model(load_data(record))
    test_models(cf.Record(manager, None))
'''
"""What the getting-started guide shows of this experiment."""


@dataclass(frozen=True)
class Project:
    """A copy of the example."""

    folder: Path

    def experiment(self, *words: str) -> str:
        """Run ``experiment`` with ``words``, warnings being errors, and return what it prints."""
        process = subprocess.run(
            [Path(sysconfig.get_path("scripts"), "experiment"), *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        assert process.stderr == ""
        return process.stdout

    def journal(self, number: int) -> list[dict[str, Any]]:
        return read_journal(str(self.folder / f"data/store/iris/{number}.jsonl"))

    def calls(self, number: int) -> dict[str, int]:
        """Return how many calls of a run ended in which way, without the ways none did."""
        calls = self.journal(number)[-1]["calls"]
        return {status: count for status, count in calls.items() if count}

    def scores(self) -> dict[str, float]:
        """Return the last scores that were computed."""
        paths = (self.folder / "data/cache").glob("iris_*_test_models_scores.json")
        newest = max(paths, key=lambda path: path.stat().st_mtime_ns)
        scores: dict[str, float] = json.loads(newest.read_text("utf-8"))
        return scores

    def report(self, number: int) -> Path:
        (folder,) = (self.folder / "reports").glob(f"iris_{number}_*")
        return folder


@dataclass(frozen=True)
class TwoRuns:
    """A project in which the experiment ran twice, with what that printed."""

    project: Project
    first: str
    second: str


def copy_example(folder: Path) -> Project:
    written = shutil.ignore_patterns("data", "logs", "reports", "notebooks", "__pycache__")
    return Project(Path(shutil.copytree(_EXAMPLE, folder / "iris", ignore=written)))


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    project = copy_example(tmp_path_factory.mktemp("example"))
    return TwoRuns(project, project.experiment("iris"), project.experiment("iris"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copy_example(tmp_path)


def test_first_run_executes_every_stage(two_runs: TwoRuns) -> None:
    executed = [
        (line["stage"], line["record"], line["status"])
        for line in two_runs.project.journal(1)
        if line["event"] == "stage"
    ]

    chain = [(stage, record) for record in range(6) for stage in ("load_data", "train_model")]
    assert executed == [(*call, "executed") for call in [*chain, ("test_models", 6)]]
    assert "13 stages: 13 run" in two_runs.first


def test_scores_are_those_of_models_that_learned(two_runs: TwoRuns) -> None:
    scores = two_runs.project.scores()

    assert list(scores) == _SETS
    assert all(0.85 < score <= 1 for score in scores.values())


def test_second_run_executes_no_stage(two_runs: TwoRuns) -> None:
    assert "Nothing ran: everything came from the cache (13 stages)." in two_runs.second
    assert two_runs.project.calls(2) == {"skipped": 13}
    assert not [line for line in two_runs.project.journal(2) if line["event"] == "stage"]


def test_journal_names_the_parameter_sets_and_ends_complete(two_runs: TwoRuns) -> None:
    journal = two_runs.project.journal(2)

    lines = {line["event"]: line for line in journal}
    assert lines["opened"]["run_number"] == 2
    assert [name for name, _ in lines["parameters"]["files"]["iris"]] == _SETS
    assert (journal[-1]["event"], journal[-1]["status"]) == ("closed", "complete")


@pytest.mark.parametrize("number", [1, 2])
def test_report_shows_scores_plot_and_map(two_runs: TwoRuns, number: int) -> None:
    folder = two_runs.project.report(number)

    page = (folder / "index.html").read_text("utf-8")
    images = [path for path in re.findall(r'<img src="([^"]+)"', page) if "accuracy" in path]
    assert len(images) == 1
    assert (folder / unquote(images[0])).read_bytes().startswith(b"\x89PNG")
    assert re.search(r"<th>simple_rf_seed3</th>\s*<td>random forest, 100 trees</td>", page)
    drawing = re.findall(r"<svg.*?</svg>", page, re.DOTALL)[0]
    drawn = Counter(re.findall(r"<text[^>]*>([^<]+)</text>", drawing))
    assert (drawn["load_data"], drawn["train_model"], drawn["test_models"]) == (6, 6, 1)


def test_map_after_a_run_shows_everything_cached(two_runs: TwoRuns) -> None:
    journals = sorted((two_runs.project.folder / "data/store/iris").iterdir())

    text = two_runs.project.experiment("iris", "--map")

    assert "13 stages: 0 to run, 0 to load, 13 up to date" in text
    outputs = re.findall(
        r"^\t\t(?:training_data|testing_data|model|scores)\b.*", text, re.MULTILINE
    )
    assert len(outputs) == 6 * 4 + 1
    assert all("(cached) [iris_1_" in output for output in outputs)
    assert sorted((two_runs.project.folder / "data/store/iris").iterdir()) == journals


def test_the_guides_two_parameter_sets_run_alone(project: Project) -> None:
    printed = project.experiment("iris", "-n", "simple_lr", "-n", "simple_rf")

    assert "5 stages: 5 run" in printed
    assert list(project.scores()) == ["simple_lr", "simple_rf"]


def test_parameter_files_compose(project: Project) -> None:
    printed = project.experiment("iris", "-p", "forests", "--no-report")

    forests = project.scores()
    assert "25 stages: 25 run" in printed
    assert list(forests)[:4] == [f"forest_{trees}_seed1" for trees in (1, 3, 10, 30)]
    assert all(score > 0.7 for score in forests.values())

    printed = project.experiment("iris", "-p", "iris", "-p", "forests", "--no-report")

    assert "37 stages: 13 run, 24 loaded" in printed
    assert project.scores().items() > forests.items()
    assert list(project.scores()) == _SETS + list(forests)


def test_only_what_was_asked_for_is_computed_again(two_runs: TwoRuns, tmp_path: Path) -> None:
    project = Project(Path(shutil.copytree(two_runs.project.folder, tmp_path / "iris")))

    printed = project.experiment("iris", "--overwrite-stage", "train_model", "--no-report")

    assert "13 stages: 7 run, 6 loaded" in printed
    assert project.scores() == two_runs.project.scores()


def test_listing_shows_the_docstrings(project: Project) -> None:
    iris = "\tiris - Logistic regression against random forests on the iris flowers."
    forests = "\tforests - Random forests of one to thirty trees, each with three seeds."

    assert project.experiment("ls").splitlines() == [
        "EXPERIMENTS:",
        iris,
        "",
        "PARAMS:",
        forests,
        iris,
    ]


def _named(source: str) -> dict[str, ast.stmt]:
    statements = ast.parse(source).body
    return {
        statement.name: statement
        for statement in statements
        if isinstance(statement, ast.FunctionDef | ast.ClassDef)
    }


def _head(function: ast.stmt) -> str:
    """Return decorators and signature of a function."""
    assert isinstance(function, ast.FunctionDef)
    return ast.unparse(function).split(":\n")[0]


def test_the_code_is_what_the_guide_shows() -> None:
    guide = _named(_GUIDE)
    example = _named((_EXAMPLE / "experiments/iris.py").read_text("utf-8"))

    for name in ("load_data", "train_model", "test_models"):
        assert _head(example[name]) == _head(guide[name])
    assert ast.unparse(example["run"]) == ast.unparse(guide["run"])
    assert ast.unparse(example["Params"]).startswith(ast.unparse(guide["Params"]))
    (sets,) = (node for node in ast.parse(_GUIDE).body if isinstance(node, ast.Expr))
    assert ast.unparse(sets) in ast.unparse(example["get_params"])
