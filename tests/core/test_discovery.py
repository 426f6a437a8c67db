"""Finding files without running them."""

from pathlib import Path

import pytest

from curifactory.config import Configuration
from curifactory.discovery import (
    find_file,
    list_all,
    list_experiments,
    list_params,
    module_folder,
)


@pytest.fixture
def tree(folder: Path) -> Path:
    """A project whose files would fail if anything imported them."""
    files = {
        "experiments/iris.py": '"""Flowers\n   and leaves."""\ndef run(a, b): ...\n1 / 0',
        "experiments/both.py": "def run(a,\n        b): ...\ndef get_params(): ...",
        "experiments/library.py": "def other(): ...",
        "experiments/inner.py": "class A:\n    def run(self): ...",
        "experiments/broken.py": "\ndef run(:",
        "experiments/sub/deep/one.py": "async def run(a, b): ...",
        "experiments/package/__init__.py": '"""A package."""\ndef run(a, b): ...',
        "experiments/.hidden/x.py": "def run(a, b): ...",
        "experiments/__pycache__/y.py": "def run(a, b): ...",
        "experiments/notes.txt": "def run(a, b): ...",
        "params/more.py": '"""More sets."""\ndef get_params(): ...',
        "params/wrong.py": "def get_params(",
        "params/empty.py": "",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_experiments_are_files_with_a_run_function(tree: Path) -> None:
    names = [file.name for file in list_experiments(Configuration())]

    assert names == ["both", "broken", "iris", "package", "sub.deep.one"]


def test_parameter_files_are_those_with_get_params_in_both_folders(tree: Path) -> None:
    assert [file.name for file in list_params(Configuration())] == ["both", "more", "wrong"]


def test_both_are_listed_together(tree: Path) -> None:
    expected = list_experiments(Configuration()), list_params(Configuration())

    assert list_all(Configuration()) == expected


def test_docstrings_are_put_on_one_line(tree: Path) -> None:
    descriptions = {file.name: file.description for file in list_experiments(Configuration())}

    assert descriptions["iris"] == "Flowers and leaves."
    assert descriptions["both"] == ""


def test_a_file_that_cannot_be_parsed_is_listed_with_its_error(tree: Path) -> None:
    (broken,) = (file for file in list_experiments(Configuration()) if file.error)

    assert broken.name == "broken"
    assert (broken.error or "").startswith("SyntaxError: ")
    assert (broken.error or "").endswith("(line 2)")


def test_missing_folders_have_no_files(folder: Path) -> None:
    assert list_experiments(Configuration()) == list_params(Configuration()) == []


def test_module_names_with_dots_are_folders(folder: Path) -> None:
    configuration = Configuration(experiments_module_name="lab.tries", root="..")

    assert module_folder(configuration, "lab.tries") == "../lab/tries"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("iris", "experiments/iris.py"),
        ("sub.deep.one", "experiments/sub/deep/one.py"),
        ("package", "experiments/package/__init__.py"),
        ("sub", None),
        ("absent", None),
    ],
)
def test_files_are_found_by_dotted_name(tree: Path, name: str, found: str | None) -> None:
    assert find_file(Configuration(), "experiments", name) == found
