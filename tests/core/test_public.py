"""The public names of the package, and what importing it costs."""

import os
import subprocess
import sys
from importlib.metadata import version
from types import ModuleType

import pytest

import curifactory
from curifactory import exceptions, experiment

DOCUMENTED = {
    "ArtifactManager", "CachersMismatchError", "EmptyCachersError", "ExperimentParameters",
    "InputSignatureError", "Lazy", "OutputSignatureError", "Procedure", "Record", "aggregate",
    "set_hash_functions", "stage",
}  # fmt: skip


def test_every_documented_name_is_public() -> None:
    assert set(curifactory.__all__) >= DOCUMENTED
    assert all(hasattr(curifactory, name) for name in curifactory.__all__)


@pytest.mark.parametrize(
    "module", [curifactory, exceptions, experiment], ids=lambda module: module.__name__
)
def test_public_names_are_sorted_and_unique(module: ModuleType) -> None:
    assert list(module.__all__) == sorted(set(module.__all__))


def test_all_errors_are_listed_and_have_one_base() -> None:
    errors = {
        name: value
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }

    assert set(exceptions.__all__) == set(errors)
    assert all(issubclass(error, exceptions.CurifactoryError) for error in errors.values())


def test_the_version_is_that_of_the_distribution() -> None:
    assert curifactory.__version__ == version("curifactory-core")  # type: ignore[attr-defined]


def imported_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after ``statement``."""
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        check=True,
    )
    lines = process.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("statement", ["import curifactory", "import curifactory.experiment"])
def test_importing_loads_no_heavy_library(statement: str) -> None:
    heavy = {
        "pandas", "numpy", "matplotlib", "rich", "jinja2", "docker", "dask", "fsspec", "sklearn",
        "IPython", "subprocess", "sqlite3", "unittest",
    }  # fmt: skip
    imported = imported_by(statement)

    assert "curifactory" in imported
    assert imported & heavy == set()


def test_importing_reads_no_entry_points() -> None:
    code = "import curifactory, sys; print('importlib.metadata' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert process.stdout.strip() == b"False"
