import json

import pytest
from tests.cli.conftest import Project


def test_init_asks_nothing_with_yes(project: Project) -> None:
    outcome = project.run("init", "--yes", "--set", "docker=no", command="curifactory")

    assert (outcome.code, outcome.err) == (0, "")
    assert (project.root / "experiments/example.py").exists()
    assert not (project.root / "docker").exists()
    assert project.run("example").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["init", "--set", "docker"], "write it as KEY=VALUE"),
        (["init", "--yes", "--set", "lgos_path=x"], "Did you mean 'logs_path'?"),
        (["init", "--yess"], "Did you mean '--yes'?"),
        (["inti"], "did you mean 'init'?"),
        (["config", "more"], "unexpected argument 'more'"),
        (["completion", "--bash", "--zsh"], "not allowed with"),
        (["completion", "--tcsh"], "unknown option '--tcsh'"),
    ],
    ids=str,
)
def test_bad_input_is_one_message_and_changes_nothing(
    words: list[str], message: str, project: Project
) -> None:
    before = project.files()

    outcome = project.run(*words, command="curifactory")

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert message in outcome.err
    assert project.files() == before


def test_config_tells_where_each_value_comes_from(project: Project) -> None:
    project.write("curifactory_config.json", '{"logs_path": "log", "run_path": "runs"}')

    outcome = project.run("config", command="curifactory")

    lines = [line.split(maxsplit=2) for line in outcome.lines]
    assert ["logs_path", "log", "(file)"] in lines
    assert ["runs_path", "runs", "(file, as run_path)"] in lines
    assert ["cache_path", "data/cache", "(default)"] in lines
    assert "'run_path' is called 'runs_path' now" in outcome.err


def test_config_is_data_as_well(project: Project) -> None:
    shown = json.loads(project.run("config", "--json", command="curifactory").out)

    assert shown["file"] is None
    assert shown["values"]["logs_path"] == {"value": "logs/", "source": "default"}
