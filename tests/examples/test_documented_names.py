"""The documented names of the package where all parts are installed."""

import importlib
import inspect
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import curifactory

MODULES = (
    "caching cli dag docker experiment hashing manager notebook params procedure project record "
    "reporting staging store utils"
)
NAMES = (
    "ArtifactManager Cacheable CachersMismatchError EmptyCachersError ExperimentParameters "
    "InputSignatureError Lazy OutputSignatureError Procedure Record __version__ aggregate "
    "set_hash_functions stage"
)
SIGNATURES = {
    "notebook.write_experiment_notebook": "manager, path, directory_change_back_depth=2, "
    "use_global_cache=None, errored=False, suppress_global_warning=False, leave_script=False",
    "docker.build_docker": "experiment_name, cache_folder, version",
    "reporting.map_full_svg": "manager",
    "reporting.map_single_svg": "manager, record_index",
    "reporting.render_graph": "manager, path, record_index=None",
    "reporting.update_report_index": "reports_path, css_path",
}


@pytest.mark.parametrize("name", MODULES.split())
def test_a_module_is_an_attribute_and_can_be_imported(name: str) -> None:
    attribute = getattr(curifactory, name)

    assert importlib.import_module(f"curifactory.{name}") is attribute


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_is_there(name: str) -> None:
    found: Any = getattr(curifactory, name)

    assert (found if name == "__version__" else found.__doc__).strip()


def test_the_base_of_cachers_is_the_one_of_the_part() -> None:
    from curifactory.caching import Cacheable

    assert getattr(curifactory, "Cacheable") is Cacheable  # noqa: B009 - type checkers miss it


@pytest.mark.parametrize(("name", "documented"), SIGNATURES.items(), ids=SIGNATURES)
def test_a_function_takes_what_is_documented(name: str, documented: str) -> None:
    module, function = name.split(".")
    found = getattr(importlib.import_module(f"curifactory.{module}"), function)

    parameters = inspect.signature(found).parameters.values()

    shown = [str(each.replace(annotation=each.empty)) for each in parameters]
    assert ", ".join(shown) == documented


def test_projects_are_made_by_the_documented_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curifactory.config import Configuration
    from curifactory.project import Parts, project_files, project_folders

    monkeypatch.chdir(tmp_path)
    files = project_files(Configuration(), Parts(example=True, docker=False), "1.0")

    assert "curifactory_config.json" in files
    assert "reports/" in {f"{folder.rstrip('/')}/" for folder in project_folders(Configuration())}


def test_the_commands_are_installed() -> None:
    assert {"experiment", "curifactory"} <= entry_points(group="console_scripts").names
