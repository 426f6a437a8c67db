"""What must stay in a cache, and when runs last used what."""

import json
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from curifactory.caching.locating import METADATA
from curifactory.config import Configuration
from curifactory.files import ARTIFACTS
from curifactory.journal import STORE, SUFFIX
from curifactory.paths import safe_component
from curifactory.store import RunStore
from curifactory.upkeep import CachedArtifact
from curifactory.usage import names_used

_PINS = "pins.txt"


class Needs:
    """What runs and pins of a project need of its cache.

    Parameters
    ----------
    configuration
        Where the project keeps journals, full stores and pins.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._pins = os.path.join(configuration.manager_cache_path, _PINS)

    def pins(self) -> list[str]:
        """Return the names and patterns of what is never evicted."""
        try:
            with open(self._pins, encoding="utf-8") as file:
                return [line for line in file.read().splitlines() if line]
        except FileNotFoundError:
            return []

    def set_pins(self, patterns: Iterable[str]) -> None:
        """Replace the names and patterns of what is never evicted."""
        os.makedirs(os.path.dirname(self._pins) or ".", exist_ok=True)
        with open(self._pins, "w", encoding="utf-8") as file:
            file.writelines(f"{pattern}\n" for pattern in dict.fromkeys(patterns))

    def reasons(self, artifacts: Iterable[CachedArtifact]) -> dict[str, str]:
        """Return why artifacts must stay, by name."""
        pins = self.pins()
        latest, stores = self._used_by_latest(), self._used_by_stores()
        found: dict[str, str] = {}
        for artifact in artifacts:
            pin = next((each for each in pins if fnmatchcase(artifact.name, each)), None)
            if pin is not None:
                found[artifact.name] = f"pinned by {pin!r}"
            elif artifact.name in latest or artifact.run in latest.values():
                found[artifact.name] = (
                    f"needed by {latest.get(artifact.name, artifact.run)}, the latest complete run"
                )
            elif artifact.name in stores:
                found[artifact.name] = f"needed by full store {stores[artifact.name]}"
        return found

    def last_used(self) -> dict[str, float]:
        """Return when a run last used each artifact, in seconds since 1970."""
        found: dict[str, float] = {}
        for run in self._runs():
            for name in self._used(run):
                found[name] = max(found.get(name, 0.0), run.get("ended") or run["started"])
        return found

    def _runs(self) -> list[dict[str, Any]]:
        return RunStore(self._configuration.manager_cache_path).runs()

    def _used_by_latest(self) -> dict[str, str]:
        """Return which experiment's latest complete run used what."""
        latest = {
            run["experiment_name"]: run for run in self._runs() if run["status"] == "complete"
        }
        return {name: run["reference"] for run in latest.values() for name in self._used(run)}

    def _used_by_stores(self) -> dict[str, str]:
        """Return which full store that is there lacks what its run used."""
        found = {}
        for run in self._runs():
            folder = os.path.join(self._configuration.runs_path, safe_component(run["reference"]))
            if run.get("full_store") and os.path.isdir(folder):
                for name in self._used(run):
                    if not os.path.exists(os.path.join(folder, ARTIFACTS, f"{name}{METADATA}")):
                        found[name] = folder
        return found

    def _used(self, run: dict[str, Any]) -> Iterator[str]:
        path = os.path.join(
            self._configuration.manager_cache_path,
            STORE,
            safe_component(str(run["experiment_name"])),
            f"{run['run_number']}{SUFFIX}",
        )
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.startswith('{"event": "used"'):
                        yield from names_used(json.loads(line)["artifacts"])
        except (FileNotFoundError, ValueError):  # removed, or cut off by a crash
            return
