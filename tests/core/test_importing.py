"""Importing a project's files: its own before all others, and nothing of another project."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.config import Configuration, get_configuration
from curifactory.exceptions import BadInputError
from curifactory.importing import import_experiment, import_parameters, project_imports

if TYPE_CHECKING:
    from tests.core.conftest import Project


def test_the_project_comes_before_installed_modules(project: "Project") -> None:
    project.write("json_of_mine.py", "WHOSE = 'project'")
    project.write("experiments/iris.py", "from json_of_mine import WHOSE\ndef run(a, b): ...")

    with project_imports(Configuration()):
        assert import_experiment(Configuration(), "iris").WHOSE == "project"
        assert sys.path[0] == str(project.folder)
    assert str(project.folder) not in sys.path


def test_experiments_in_subfolders_have_dotted_names(project: "Project") -> None:
    project.write("experiments/flowers/iris.py", "def run(param_sets, manager): return 5")
    project.write("experiments/package/__init__.py", "def run(param_sets, manager): return 6")

    with project_imports(Configuration()):
        modules = [import_experiment(Configuration(), name) for name in ("flowers.iris", "package")]

    assert [module.run([], None) for module in modules] == [5, 6]


def test_a_project_found_in_a_parent_folder_is_imported(
    project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("curifactory_config.json", '{"experiments_module_name": "work.tries"}')
    project.write("work/tries/iris.py", "def run(param_sets, manager): return 5")
    project.write("below/file.txt", "")
    monkeypatch.chdir(project.folder / "below")

    configuration = get_configuration()
    with project_imports(configuration):
        assert import_experiment(configuration, "iris").run([], None) == 5


def test_parameter_files_are_looked_up_in_their_folder_first(project: "Project") -> None:
    project.write("params/iris.py", "WHERE = 'params'")
    project.write("experiments/iris.py", "WHERE = 'experiments'")
    project.write("experiments/only_here.py", "WHERE = 'experiments'")

    with project_imports(Configuration()):
        found = [import_parameters(Configuration(), name).WHERE for name in ("iris", "only_here")]

    assert found == ["params", "experiments"]


@pytest.mark.parametrize("module", ["experiments.iris", "params.iris", "library", "package.inner"])
def test_modules_of_another_project_are_not_taken_for_ones_own(
    project: "Project", monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    importing = f"from {module} import WHOSE\ndef run(param_sets, manager): ..."
    for name in ("first", "second"):
        project.write(f"{name}/experiments/main.py", importing)
        project.write(f"{name}/{module.replace('.', '/')}.py", f"WHOSE = {name!r}")

    seen = []
    for name in ("first", "second", "first"):
        monkeypatch.chdir(project.folder / name)
        with project_imports(Configuration()):
            seen.append(import_experiment(Configuration(), "main").WHOSE)

    assert seen == ["first", "second", "first"]


def test_a_module_is_imported_once_in_its_project(project: "Project") -> None:
    project.write("experiments/iris.py", "def run(param_sets, manager): ...")

    modules = []
    for _ in range(2):
        with project_imports(Configuration()):
            modules.append(import_experiment(Configuration(), "iris"))

    assert modules[0] is modules[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def run(:", r"cannot be imported: SyntaxError: .*iris\.py, line 1\)"),
        ("\nimport absent_module", r"ModuleNotFoundError: .*absent_module.*iris\.py, line 2\)"),
        ("1 / 0", r"ZeroDivisionError: division by zero .*iris\.py, line 1\)"),
        ("import json\njson.loads('{')", r"JSONDecodeError: .*iris\.py, line 2\)"),
        (
            "from dataclasses import dataclass\nimport curifactory\n@dataclass\n"
            "class P(curifactory.ExperimentParameters):\n    x: int",
            r"TypeError: .*iris\.py, line 3\)\. .* so all its fields need a default$",
        ),
        ("run = 5", r"no function run\(param_sets, manager\)"),
        ("def run(param_sets): ...", r"make it run\(param_sets, manager\)"),
        ("def run(a, b, c): ...", r"make it run\(param_sets, manager\)"),
    ],
)
def test_an_experiment_that_cannot_be_used_is_named_with_the_place(
    project: "Project", text: str, message: str
) -> None:
    project.write("experiments/iris.py", text)

    with (
        project_imports(Configuration()),
        pytest.raises(BadInputError, match=f"'iris'.*{message}"),
    ):
        import_experiment(Configuration(), "iris")


def test_an_unknown_experiment_names_the_nearest(project: "Project") -> None:
    for name in ("iris", "digits"):
        project.write(f"experiments/{name}.py", "def run(param_sets, manager): ...")

    with pytest.raises(BadInputError, match=r"'irsi' not found\. Did you mean 'iris'"):
        import_experiment(Configuration(), "irsi")
    with pytest.raises(BadInputError, match="There is: 'digits', 'iris'"):
        import_experiment(Configuration(), "zzzzz")


@pytest.mark.parametrize("name", ["../outside", "/outside", "..outside", ".", ""])
def test_a_name_that_is_no_dotted_name_is_not_found(project: "Project", name: str) -> None:
    project.write("experiments/file.py", "def run(param_sets, manager): ...")
    project.write("outside.py", "def run(param_sets, manager): ...")

    with project_imports(Configuration()), pytest.raises(BadInputError, match="not found"):
        import_experiment(Configuration(), name)


def test_importing_leaves_the_search_path_as_it_was_after_a_failure(project: "Project") -> None:
    project.write("experiments/iris.py", "1 / 0")
    before = list(sys.path)

    with pytest.raises(BadInputError), project_imports(Configuration()):
        import_experiment(Configuration(), "iris")

    assert sys.path == before


def test_a_project_without_experiments_says_so(folder: Path) -> None:
    with pytest.raises(BadInputError, match="There is none at all"):
        import_experiment(Configuration(), "iris")
