"""Recorded runs with the facts that listings show, sort and filter by."""

import ast
import os
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from curifactory.cli.runs.expressions import MISSING
from curifactory.journal import STORE, SUFFIX, TIMESTAMP_FORMAT
from curifactory.paths import safe_component
from curifactory.store import RunStore

_NOT_PARAMETERS = frozenset({"IGNORED_PARAMS", "_DRY_REPS"})
FACTS = (
    "experiment",
    "number",
    "reference",
    "status",
    "started",
    "seconds",
    "sets",
    "executed",
    "loaded",
    "skipped",
    "failed",
    "commit",
    "dirty",
    "host",
    "full_store",
    "command",
    "notes",
    "error",
)
"""What every run has, in the order of an export's columns."""


class RecordedRun:
    """A run as its journal tells it.

    Parameters
    ----------
    summary
        What :class:`~curifactory.store.RunStore` returns for it.

    """

    def __init__(self, summary: Mapping[str, Any]) -> None:
        self.summary = summary
        self.experiment = str(summary["experiment_name"])
        self.number = int(summary["run_number"])
        self.reference = str(summary["reference"])
        self.status = str(summary["status"])

    @property
    def name(self) -> str:
        """``<experiment>/<number>``, the shortest name that is never ambiguous."""
        return f"{self.experiment}/{self.number}"

    @cached_property
    def started(self) -> datetime:
        """When the run began, in the local time of its machine."""
        return datetime.strptime(str(self.summary["timestamp"]), TIMESTAMP_FORMAT)

    @property
    def seconds(self) -> float | None:
        """How long it took; ``None`` if it was never closed, or nobody noted it."""
        ended, started = self.summary.get("ended"), self.summary.get("started")
        return round(ended - started, 3) if ended and started else None

    @property
    def parameter_sets(self) -> list[tuple[str, str]]:
        """Name and hash of each parameter set, in the order of the run."""
        files = self.summary.get("params") or {}
        return [(str(name), str(hash_)) for pairs in files.values() for name, hash_ in pairs]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Everything listings know of it, by the names in :data:`FACTS`."""
        summary, calls = self.summary, self.summary.get("calls") or {}
        return {
            "experiment": self.experiment,
            "number": self.number,
            "reference": self.reference,
            "status": self.status,
            "started": self.started.isoformat(sep=" "),
            "seconds": self.seconds,
            "sets": sum(len(pairs) for pairs in (summary.get("params") or {}).values()),
            **{kind: calls.get(kind) for kind in ("executed", "loaded", "skipped", "failed")},
            "commit": summary.get("commit"),
            "dirty": summary.get("workdir_dirty"),
            "host": summary.get("hostname"),
            "full_store": bool(summary.get("full_store")),
            "command": summary.get("cli"),
            "notes": summary.get("notes"),
            "error": summary.get("error"),
        }

    def journal_path(self, manager_cache_path: str) -> str:
        """Return the path of its journal."""
        folder = os.path.join(manager_cache_path, STORE, safe_component(self.experiment))
        return os.path.join(folder, f"{self.number}{SUFFIX}")


class History:
    """The recorded runs of a project and the parameters behind their hashes."""

    def __init__(self, manager_cache_path: str) -> None:
        self.manager_cache_path = manager_cache_path

    @cached_property
    def runs(self) -> list[RecordedRun]:
        """Every run, the oldest first."""
        return [RecordedRun(facts) for facts in RunStore(self.manager_cache_path).runs()]

    @cached_property
    def registry(self) -> dict[str, dict[str, Any]]:
        """The entry of each hash in the registry of parameters."""
        from curifactory.registry import ParameterRegistry  # hashes, and few ask for it

        return ParameterRegistry(self.manager_cache_path).find()

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Any]]:
        return {}

    def parameters(self, name: str, hash_: str) -> dict[str, Any]:
        """Return ``{dotted field: value}`` of a parameter set, its name among them.

        Values are those that count for the hash; one that is a plain literal has its type again,
        all others are text. Only the name is known of a set whose hash nobody noted.
        """
        if hash_ not in self._parameters:
            self._parameters[hash_] = flatten(self.registry.get(hash_, {}))
        return {**self._parameters[hash_], "name": name}


def flatten(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return ``{dotted field: value}`` of a registry entry, text read as literals where it is one.

    Examples
    --------
    >>> flatten({"name": "a", "seed": "1", "model": {"kind": "'svm'"}})
    {'name': 'a', 'seed': 1, 'model.kind': 'svm'}

    """
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if not prefix and key in _NOT_PARAMETERS:
            continue
        if isinstance(value, dict):
            found |= flatten(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value if key == "name" and not prefix else _literal(value)
    return found


def _literal(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def look_up(run: RecordedRun, parameters: Mapping[str, Any], name: str) -> Any:
    """Return the value of a name in a condition: a fact of the run, or ``params.<field>``."""
    if name.startswith("params."):
        return parameters.get(name.removeprefix("params."), MISSING)
    value = run.facts.get(name, MISSING)
    return MISSING if value is None and name != "error" else value
