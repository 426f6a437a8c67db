import ast
import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from curifactory.cli.scaffold import Parts, docker_files, fill, project_files, project_folders
from curifactory.config import FILE_NAME, KEYS, Configuration

DEFAULT = Configuration()
OTHER = Configuration(
    experiments_module_name="src.tries",
    params_module_name="src.sets",
    manager_cache_path="stuff",
    cache_path="stuff/cached",
    logs_path="log files",
    reports_path="/srv/reports/",
)


def made(configuration: Configuration = DEFAULT, **parts: bool) -> dict[str, str]:
    return project_files(configuration, Parts(**parts), "1.2.3")


def test_everything_has_its_place() -> None:
    assert list(made()) == [
        "curifactory_config.json",
        "debug.py",
        "experiments/example.py",
        "params/more_rates.py",
        "docker/dockerfile",
        "docker/startup.sh",
        "docker/.dockerignore",
    ]


def test_example_and_docker_are_left_out_where_nobody_wants_them() -> None:
    assert list(made(example=False, docker=False)) == ["curifactory_config.json", "debug.py"]


@pytest.mark.parametrize("configuration", [DEFAULT, OTHER], ids=["default", "other"])
def test_no_placeholder_is_left(configuration: Configuration) -> None:
    for path, text in made(configuration).items():
        assert not re.search(r"\{\{|\}\}", text), path
        assert text.endswith("\n"), path


def test_every_template_is_used() -> None:
    folder = files("curifactory.cli.scaffold") / "templates"
    templates = [entry for entry in folder.iterdir() if entry.is_file()]
    templates += list((folder / "docker").iterdir())

    texts = list(made().values())

    for template in templates:
        first = template.read_text("utf-8").splitlines()[0]
        assert any(text.startswith(first) for text in texts), template.name


def test_a_placeholder_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{{unknown}}", {})


def test_the_configuration_has_every_key() -> None:
    values = json.loads(made(OTHER)[FILE_NAME])

    assert list(values) == list(KEYS)
    assert values["cache_path"] == "stuff/cached"


@pytest.mark.parametrize("path", ["debug.py", "experiments/example.py", "params/more_rates.py"])
def test_python_files_are_python_with_a_description(path: str) -> None:
    assert ast.get_docstring(ast.parse(made()[path]))


def test_parameters_are_imported_from_the_experiment_wherever_it_is() -> None:
    assert "from src.tries.example import Params" in made(OTHER)["src/sets/more_rates.py"]


def test_the_dockerfile_names_the_version_and_both_ports() -> None:
    text = made()["docker/dockerfile"]

    assert "1.2.3" in text
    assert "ARG run_folder" in text
    assert "EXPOSE 8000 8888" in text
    assert f"ARG python_version={sys.version_info.major}.{sys.version_info.minor}\n" in text


def test_images_without_a_folder_docker_are_made_with_the_same_files() -> None:
    files = made()

    assert docker_files("1.2.3") == {
        name: files[name] for name in ("docker/dockerfile", "docker/startup.sh")
    }


@pytest.mark.skipif(os.name != "posix", reason="there is no sh")
@pytest.mark.parametrize(
    ("words", "started"),
    [
        ([], "experiment reports --folder run --host 0.0.0.0 --port 8000"),
        (["files"], "experiment reports --folder run --host 0.0.0.0 --port 8000"),
        (
            ["jupyter"],
            "jupyter lab --ip 0.0.0.0 --port 8888 --no-browser run/run_notebook.ipynb",
        ),
        (["experiment", "ls"], "experiment ls"),
    ],
)
def test_containers_show_files_and_start_jupyter_only_when_asked(
    words: list[str], started: str, tmp_path: Path
) -> None:
    script = made()["docker/startup.sh"].replace("cd /app\n", "")
    (tmp_path / "startup.sh").write_text(script)
    for name in ("experiment", "jupyter"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$(basename "$0") $*"\n')
        program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN_FOLDER": "run"}
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run_notebook.ipynb").touch()

    answer = subprocess.run(
        ["sh", "startup.sh", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == f"{started}\n"


def test_images_have_no_fixed_token() -> None:
    assert not re.search(
        "token *=|password", "".join(docker_files("1.2.3").values()), re.IGNORECASE
    )


@pytest.mark.skipif(os.name != "posix", reason="there is no sh")
def test_the_start_script_is_a_shell_script(tmp_path: Path) -> None:
    script = tmp_path / "startup.sh"
    script.write_text(made()["docker/startup.sh"])

    subprocess.run(["sh", "-n", script], check=True)


def test_what_is_generated_stays_out_of_images() -> None:
    lines = made(OTHER)["docker/.dockerignore"].splitlines()

    assert {".git", "stuff/cached", "log files"} <= set(lines)


def test_folders_come_after_those_that_they_are_in() -> None:
    assert project_folders(OTHER) == [
        "src/tries",
        "src/sets",
        "stuff",
        "stuff/cached",
        "data/runs",
        "log files",
        "notebooks/",
        "notebooks/experiments",
        "/srv/reports/",
    ]
