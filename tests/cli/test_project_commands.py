import json

from tests.cli.conftest import Project


def test_init_asks_nothing_with_yes(project: Project) -> None:
    outcome = project.run("init", "--yes", "--set", "docker=no", command="curifactory")

    assert (outcome.code, outcome.err) == (0, "")
    assert (project.root / "experiments/example.py").exists()
    assert not (project.root / "docker").exists()
    assert project.run("example").code == 0


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
