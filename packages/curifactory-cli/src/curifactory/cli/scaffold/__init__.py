"""The files of a new project: a pure function from its configuration to their contents."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from curifactory.config import FILE_NAME, KEYS, Configuration

_PLACEHOLDER = re.compile(r"\{\{ *([a-z_]+) *\}\}")


@dataclass(frozen=True)
class Parts:
    """What of a project is wanted beside its configuration and folders."""

    example: bool = True
    """A first experiment and a parameter file."""
    docker: bool = True
    """The folder ``docker``."""


def project_files(configuration: Configuration, parts: Parts, version: str) -> dict[str, str]:
    """Return ``{path: content}`` of the files of a project.

    Parameters
    ----------
    configuration
        Its paths are relative to the project's folder, or absolute.
    parts
        Which files there are beside the configuration and ``debug.py``.
    version
        Version of curifactory that the project is made for.

    Returns
    -------
    dict
        Paths with forward slashes, relative to the project's folder.

    """
    values = {
        "version": version,
        "experiments_module": configuration.experiments_module_name,
        "params_module": configuration.params_module_name,
        "cache_path": _as_posix(configuration.cache_path),
        "logs_path": _as_posix(configuration.logs_path),
        "reports_path": _as_posix(configuration.reports_path),
        "notebooks_path": _as_posix(configuration.notebooks_path),
        "runs_path": _as_posix(configuration.runs_path),
    }
    templates = {"debug.py": "debug.py.txt"}
    if parts.example:
        experiments = _module_folder(configuration.experiments_module_name)
        params = _module_folder(configuration.params_module_name)
        templates[f"{experiments}/example.py"] = "example.py.txt"
        templates[f"{params}/more_rates.py"] = "more_rates.py.txt"
    made = {path: fill(_read(template), values) for path, template in templates.items()}
    if parts.docker:
        made |= docker_files(version)
        made["docker/.dockerignore"] = fill(_read("docker/dockerignore.txt"), values)
    return {FILE_NAME: configuration_text(configuration), **made}


def docker_files(version: str) -> dict[str, str]:
    """Return ``{path: content}`` of what an image of a run is built and started with.

    Parameters
    ----------
    version
        Version of curifactory that they are made for.

    """
    python_version = f"{sys.version_info.major}.{sys.version_info.minor}"
    values = {"version": version, "python_version": python_version}
    names = ("dockerfile", "startup.sh")
    return {f"docker/{name}": fill(_read(f"docker/{name}.txt"), values) for name in names}


def project_folders(configuration: Configuration) -> list[str]:
    """Return the folders of a project, those above before those below."""
    notebooks = configuration.notebooks_path
    return [
        _module_folder(configuration.experiments_module_name),
        _module_folder(configuration.params_module_name),
        configuration.manager_cache_path,
        configuration.cache_path,
        configuration.runs_path,
        configuration.logs_path,
        notebooks,
        f"{notebooks.rstrip('/')}/experiments",
        configuration.reports_path,
    ]


def configuration_text(configuration: Configuration) -> str:
    """Return what ``curifactory_config.json`` holds."""
    return json.dumps({key: configuration[key] for key in KEYS}, indent=4) + "\n"


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with each ``{{name}}`` replaced.

    Raises
    ------
    KeyError
        If it asks for a value that there is not.

    Examples
    --------
    >>> fill("logs are in {{logs_path}}", {"logs_path": "logs/"})
    'logs are in logs/'

    """
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _read(template: str) -> str:
    return (files("curifactory.cli.scaffold") / "templates" / template).read_text("utf-8")


def _module_folder(module_name: str) -> str:
    return module_name.replace(".", "/")


def _as_posix(path: str) -> str:
    return path.replace("\\", "/").rstrip("/")
