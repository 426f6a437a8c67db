"""The runs of a ``store.json`` that another version left, turned into journals."""

import json
import os
import warnings
from typing import Any

from curifactory.journal import STORE, SUFFIX, claim_number
from curifactory.paths import safe_component, write_atomically

OLD_STORE = "store.json"
_IMPORTED = "imported"
_REQUIRED = {"reference", "experiment_name", "run_number", "timestamp", "status"}


def import_old_store(manager_cache_path: str) -> None:
    """Turn the runs of a ``store.json`` into journals, once; the file stays as it is."""
    old = os.path.join(manager_cache_path, OLD_STORE)
    store = os.path.join(manager_cache_path, STORE)
    marker = os.path.join(store, _IMPORTED)
    if not os.path.isfile(old) or os.path.exists(marker):
        return
    try:
        with open(old, encoding="utf-8") as file:
            runs = json.load(file)
        if not all(run.keys() >= _REQUIRED for run in runs):
            raise ValueError(f"not every run in it has {', '.join(sorted(_REQUIRED))}")
    except (ValueError, TypeError, AttributeError) as error:
        warnings.warn(f"{old} is not a store of runs and is not imported: {error}", stacklevel=2)
        return
    os.makedirs(store, exist_ok=True)
    for run in runs:
        _import_run(store, run)
    write_atomically(marker, b"")


def _import_run(store: str, run: dict[str, Any]) -> None:
    folder = os.path.join(store, safe_component(str(run["experiment_name"])))
    os.makedirs(folder, exist_ok=True)
    left_out = ("params", "param_files", "status", "error")
    opened = {
        "format": 1,
        "process": "-0-0",
        **{key: run[key] for key in run if key not in left_out},
    }
    files = {str(name): pairs for name, pairs in (run.get("params") or {}).items()}
    lines = [
        {"event": "opened", "time": 0.0, "status": "incomplete", **opened},
        {"event": "parameters", "time": 0.0, "files": files},
        {
            "event": "closed",
            "time": 0.0,
            "status": run["status"],
            "error": run.get("error"),
            "calls": {},
        },
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path = os.path.join(folder, f"{run['run_number']}{SUFFIX}")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:  # another process imports too
        return
    claim_number(folder, run["run_number"])
