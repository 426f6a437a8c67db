"""Whether artifacts are what the project's present code and inputs would give."""

import importlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from curifactory.artifact import content_of
from curifactory.caching.digesting import undigested
from curifactory.caching.pending_digests import complete_metadata
from curifactory.caching.upkeep.inventory import read_metadata
from curifactory.calls import StageSpec
from curifactory.closure.code_store import CodeStore
from curifactory.config import Configuration
from curifactory.explaining import describe
from curifactory.freshness import Freshness, compare_code
from curifactory.importing import project_imports
from curifactory.upkeep import CachedArtifact

_Place = tuple[str, str, str]


class Staleness:
    """Compares artifacts with the code of the project, which is imported for it.

    Parameters
    ----------
    configuration
        The project's.
    artifacts
        Everything in its cache.

    """

    def __init__(self, configuration: Configuration, artifacts: Iterable[CachedArtifact]) -> None:
        store = CodeStore(os.path.join(configuration.manager_cache_path, "code"))
        self._configuration = configuration
        self._freshness = Freshness(configuration.root, store)
        self._specs: dict[str, StageSpec | None] = {}
        self._metadata = {
            each.name: _complete(each.paths[-1]) for each in artifacts if each.state == "complete"
        }
        self._contents = {
            _place(
                metadata["artifact_name"], metadata["stage"], metadata.get("params_hash")
            ): content_of(metadata)
            for metadata in self._metadata.values()
            if metadata.get("stage") and metadata.get("artifact_name")
        }

    def reasons(self) -> dict[str, list[str]]:
        """Return by name why artifacts are stale: nothing if fresh, left out if unknown."""
        with project_imports(self._configuration):
            found = {name: self._reasons(metadata) for name, metadata in self._metadata.items()}
        return {name: reasons for name, reasons in found.items() if reasons is not None}

    def _reasons(self, metadata: Mapping[str, Any]) -> list[str] | None:
        code = metadata.get("code")
        if not isinstance(code, Mapping):
            return None
        spec = self._spec(str(code["stage"]))
        if spec is None:
            return None
        closure = self._freshness.closure(spec)
        causes = [describe(each) for each in compare_code(code, closure, str(code["stage"]))]
        return causes + [
            f"input {name!r} has changed"
            for name, stage, hash_, before in metadata.get("inputs") or ()
            if before is not None
            and self._contents.get(_place(name, stage, hash_)) not in {before, None}
        ]

    def _spec(self, key: str) -> StageSpec | None:
        if key not in self._specs:
            self._specs[key] = _find_stage(key)
        return self._specs[key]


def _complete(path: str) -> dict[str, Any]:
    """Return metadata with all digests."""
    metadata = read_metadata(path)[0]
    with suppress(OSError, ValueError):  # removed just now
        return complete_metadata(path) if undigested(metadata) else metadata
    return metadata


def _place(name: Any, stage: Any, hash_: Any) -> _Place:
    return str(name), str(stage), str(hash_)


def _find_stage(key: str) -> StageSpec | None:
    """Return the stage whose function has this module and name; ``None`` if it is not there."""
    module, _, name = key.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception:  # noqa: BLE001 - a module of the project may fail in any way
        return None
    spec = getattr(found, "spec", None)
    return spec if isinstance(spec, StageSpec) else None
