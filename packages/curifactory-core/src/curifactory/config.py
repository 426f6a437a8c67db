"""The project's configuration: ``curifactory_config.json``, found upwards from a folder."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn

from curifactory.exceptions import ConfigurationError

FILE_NAME = "curifactory_config.json"


class OnStale(StrEnum):
    """What happens to a cached artifact whose inputs are computed again."""

    WARN = "warn"
    """Use it, and name it."""
    RERUN = "rerun"
    """Compute it again."""
    IGNORE = "ignore"
    """Use it."""


class Configuration:
    """Where a project keeps what, as paths that work from the current directory.

    It is what a frozen dataclass would be, whose module is slow to import. Values that are not
    given are the defaults.
    """

    experiments_module_name: str = "experiments"
    """Module with the experiment files; dots for sub-folders."""
    params_module_name: str = "params"
    """Module with the parameter files."""
    manager_cache_path: str = "data/"
    """Folder with the runs' journals."""
    cache_path: str = "data/cache"
    runs_path: str = "data/runs"
    """Folder for full stores."""
    logs_path: str = "logs/"
    notebooks_path: str = "notebooks/"
    reports_path: str = "reports/"
    report_css_path: str = "reports/style.css"
    on_stale: str = OnStale.WARN.value
    """What happens to cached artifacts whose inputs are computed again: warn, rerun or ignore."""
    executors: Mapping[str, Any] = {}
    """Named executors of parallel runs: for each its ``kind`` and what that takes."""
    root: str = "."
    """The project's folder: where the file is, or the current directory without one."""

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - type(self).__annotations__
        if unknown:
            raise TypeError(f"a configuration has no {', '.join(map(repr, sorted(unknown)))}")
        self.__dict__.update({name: getattr(self, name) for name in type(self).__annotations__})
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse to change: others may use it too."""
        raise AttributeError(f"{name!r} cannot be set; use updated()")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configuration) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(value for value in vars(self).values() if isinstance(value, str)))

    def __repr__(self) -> str:
        return (
            f"Configuration({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"
        )

    def updated(self, values: Mapping[str, str | None]) -> "Configuration":
        """Return a copy with the values that are not ``None``."""
        given: dict[str, Any] = {key: value for key, value in values.items() if value is not None}
        return Configuration(**{**vars(self), **given})

    def module_names(self) -> frozenset[str]:
        """Return the names of the modules and packages in the project's folder."""
        return frozenset(os.path.splitext(name)[0] for name in os.listdir(self.root))

    def __getitem__(self, key: str) -> Any:
        """Return the value of ``key``, as of a dictionary."""
        if key not in KEYS:
            raise KeyError(key)
        return getattr(self, key)


KEYS = tuple(name for name in Configuration.__annotations__ if name != "root")
"""Every key the file may have."""


def find_configuration_file(start: str = ".") -> str | None:
    """Return the path of the nearest configuration file in ``start`` or above it, or ``None``."""
    folder = os.path.abspath(start)
    while True:
        candidate = os.path.join(folder, FILE_NAME)
        if os.path.isfile(candidate):
            return candidate
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def get_configuration(start: str = ".") -> Configuration:
    """Return the configuration that holds in ``start``: the defaults if there is no file.

    Relative paths in a file found in a parent folder are made to work from ``start``.

    Raises
    ------
    ConfigurationError
        If the file is not a JSON object, or has an unknown key or a value of the wrong type.

    """
    path = find_configuration_file(start)
    if path is None:
        return Configuration()
    values = _checked(_read(path), path)
    root = os.path.relpath(os.path.dirname(path), os.path.abspath(start))
    plain = Configuration()
    values = {**{key: getattr(plain, key) for key in KEYS}, **values}
    if root != ".":
        for key in values:
            if key.endswith("_path"):
                values[key] = os.path.join(root, values[key])
    return Configuration(**values, root=root)


def _read(path: str) -> dict[str, Any]:
    import json  # only where there is a file

    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"configuration {path!r} cannot be read as JSON: {error}"
        ) from error
    if not isinstance(values, dict):
        raise ConfigurationError(
            f'configuration {path!r} must hold a JSON object like {{"cache_path": "data/cache"}}, '
            f"not a {type(values).__name__}."
        )
    return values


def _check_executors(value: object, path: str) -> None:
    entries = value.values() if isinstance(value, dict) else [None]
    if not all(isinstance(entry, dict) and isinstance(entry.get("kind"), str) for entry in entries):
        raise ConfigurationError(
            f"configuration {path!r}: 'executors' must be an object of named executors like "
            '{"hpc": {"kind": "slurm", "cores": 8, "memory": "32GB"}}, '
            f"not {value!r}."
        )


def _checked(values: dict[str, Any], path: str) -> dict[str, Any]:
    if "run_path" in values:
        import warnings  # only for this message

        warnings.warn(
            f"{path}: the key 'run_path' is called 'runs_path' now; please rename it.",
            DeprecationWarning,
            stacklevel=3,
        )
        values = {
            ("runs_path" if key == "run_path" else key): value for key, value in values.items()
        }
    for key, value in values.items():
        if key not in KEYS:
            import difflib  # only for this message

            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0)
            raise ConfigurationError(
                f"configuration {path!r} has the unknown key {key!r}. Did you mean {near[0]!r}? "
                f"Known keys: {', '.join(KEYS)}."
            )
        if key == "executors":
            _check_executors(value, path)
        elif not isinstance(value, str):
            raise ConfigurationError(
                f"configuration {path!r}: {key!r} must be a string, not {value!r}."
            )
    allowed = [choice.value for choice in OnStale]
    if values.get("on_stale", OnStale.WARN) not in allowed:
        raise ConfigurationError(
            f"configuration {path!r}: 'on_stale' must be one of {', '.join(allowed)}, "
            f"not {values['on_stale']!r}."
        )
    return values
