"""Parts that are not installed: every way to ask for one says which distribution has it."""

import os
import subprocess
import sys

import pytest

import curifactory
from curifactory._parts import DISTRIBUTIONS, missing_part

# Keeps the parts' own folders from the package, as if they were not installed.
CORE_ALONE = """
import os, sys

parts = {"caching", "reporting", "cli"}
folders = [os.path.join(each, "curifactory") for each in sys.path]
there = [os.path.isdir(each) and set(os.listdir(each)) for each in folders]
if any("__init__.py" in each and parts & each for each in there if each):
    raise SystemExit("installed side by side")
sys.path = [each for each, names in zip(sys.path, there) if not (names and parts & names)]
import curifactory
"""


def run_with_core_alone(code: str) -> str:
    """Return the last line that ``code`` prints where no part is installed."""
    process = subprocess.run(
        [sys.executable, "-c", CORE_ALONE + code],
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        check=False,
    )
    text = (process.stdout + process.stderr).decode().strip()
    if text == "installed side by side":
        pytest.skip("the parts lie in one folder and cannot be hidden")
    return text.splitlines()[-1] if text else ""


@pytest.mark.parametrize(
    "statement",
    [
        "import curifactory.caching",
        "from curifactory.caching import JsonCacher",
        "from curifactory import caching",
        "import curifactory.caching.json_cacher",
    ],
)
def test_importing_a_missing_part_says_what_to_install(statement: str) -> None:
    assert run_with_core_alone(statement) == (
        "curifactory.exceptions.MissingPartError: 'curifactory.caching' is not installed; it comes "
        "with 'curifactory-cache'. Run 'pip install curifactory-cache'."
    )


@pytest.mark.parametrize("name", [name.rpartition(".")[2] for name in DISTRIBUTIONS])
def test_a_missing_part_as_attribute_says_what_to_install(name: str) -> None:
    last_line = run_with_core_alone(f"curifactory.{name}")

    assert last_line.startswith("AttributeError: ")
    assert f"pip install {DISTRIBUTIONS[f'curifactory.{name}']}" in last_line
    assert run_with_core_alone(f"print(hasattr(curifactory, {name!r}))") == "False"


def test_the_base_of_cachers_says_what_to_install() -> None:
    assert "pip install curifactory-cache" in run_with_core_alone("curifactory.Cacheable")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "import curifactory.nothing",
            "ModuleNotFoundError: No module named 'curifactory.nothing'",
        ),
        ("from curifactory import nothing", "ImportError: cannot import name 'nothing'"),
        ("curifactory.nothing", "AttributeError: module 'curifactory' has no attribute 'nothing'"),
    ],
)
def test_names_that_nobody_ships_have_pythons_own_messages(statement: str, message: str) -> None:
    assert run_with_core_alone(statement).startswith(message)


def test_the_error_is_an_import_error_without_the_submodules_name() -> None:
    error = missing_part("curifactory.cli")

    assert isinstance(error, ModuleNotFoundError)
    assert error.name is None


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        curifactory.nothing  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_the_finder_is_installed_once() -> None:
    from curifactory._parts import install_hint

    install_hint()

    assert sum(type(finder).__name__ == "_MissingPartHint" for finder in sys.meta_path) == 1
