import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Project

from curifactory.environment import hostname

GONE = f"{hostname()}-{os.getpid()}-1"


def examine(project: Project) -> tuple[int, str]:
    outcome = project.run("doctor", command="curifactory")
    assert outcome.err == ""
    return outcome.code, outcome.out


def test_a_project_in_order_passes(project: Project) -> None:
    project.run("chain", "--no-report")

    code, shown = examine(project)

    assert code == 0
    assert "1 experiment in experiments, 2 files with parameter sets" in shown
    assert "cache data/cache, 5 artifacts" in shown
    assert shown.endswith("nothing is wrong\n")


def test_outside_of_git_one_is_told(project: Project) -> None:
    assert "no git repository" in examine(project)[1]


def test_before_the_first_commit_one_is_told(project: Project) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)

    assert " note  git has no commit yet" in examine(project)[1]


def test_checking_writes_nothing(project: Project) -> None:
    before = project.files()

    examine(project)

    assert project.files() == before


def break_configuration(root: Path) -> None:
    (root / "curifactory_config.json").write_text('{"chache_path": "x"}')


def break_file(root: Path) -> None:
    (root / "experiments/broken.py").write_text("def run(:\n")


def remove_experiments(root: Path) -> None:
    (root / "experiments").rename(root / "tries")


def block_logs(root: Path) -> None:
    (root / "curifactory_config.json").write_text('{"logs_path": "taken/logs"}')
    (root / "taken").touch()


def tear_metadata(root: Path) -> None:
    next((root / "data/cache").glob("*_metadata.json")).write_text('{"format"')


def cut_artifact(root: Path) -> None:
    next((root / "data/cache").glob("*_model.json")).write_text("")


def lose_artifact(root: Path) -> None:
    next((root / "data/cache").glob("*_model.json")).unlink()


def leave_corrupt(root: Path) -> None:
    (root / "data/cache/chain_x_train_model.json.corrupt").touch()


def leave_staging(root: Path) -> None:
    (root / "data/.curifactory-staging" / GONE).mkdir(parents=True)


def kill_run(root: Path) -> None:
    path = root / "data/store/chain/1.jsonl"
    opened = json.loads(path.read_text().splitlines()[0]) | {"process": GONE}
    path.write_text(json.dumps(opened) + "\n")


@pytest.mark.parametrize(
    ("damage", "message", "advice"),
    [
        (break_configuration, "Did you mean 'cache_path'?", "mend the file"),
        (break_file, "broken.py cannot be read: SyntaxError", "mend that line"),
        (remove_experiments, "there is no folder 'experiments'", "change experiments_module_name"),
        (block_logs, "logs_path 'taken/logs' cannot be a folder", "move it"),
        (tear_metadata, "_metadata.json is damaged", "remove the metadata file"),
        (cut_artifact, "has 0 bytes instead of", "remove the metadata file"),
        (lose_artifact, "_model.json is missing", "remove the metadata file"),
        (leave_corrupt, "1 damaged file set aside", "remove them"),
        (leave_staging, "1 killed process left half-written artifacts", "by hand"),
        (kill_run, "run chain/1 was killed before it ended", "curifactory runs rm chain/1"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_named_with_what_to_do(
    damage: Callable[[Path], None], message: str, advice: str, project: Project
) -> None:
    project.run("chain", "--no-report")
    damage(project.root)

    code, shown = examine(project)

    assert code == 1
    assert message in shown
    assert advice in shown
    assert "1 thing to mend" in shown
