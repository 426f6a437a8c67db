"""The artifacts of a recorded run, found by their metadata; no artifact is unpickled."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from curifactory.cli.runs.facts import History, RecordedRun
from curifactory.config import Configuration
from curifactory.metrics import find_metrics
from curifactory.paths import safe_component
from curifactory.plugins import UPKEEP, find

METADATA_ENDING = "_metadata.json"
_LARGEST_METRICS = 1024 * 1024


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact that a run made, or found in the cache."""

    path: str
    """Path of its metadata."""
    metadata: Mapping[str, Any]
    replaced: bool = False
    """Whether a later run wrote it, so that what this run had is gone."""

    @property
    def output(self) -> str:
        """``<stage>/<output>``."""
        return f"{self.metadata.get('stage')}/{self.metadata.get('artifact_name')}"

    @property
    def label(self) -> str:
        """``<stage>/<output> [<parameter set>]``, the same in every run."""
        owner = self.metadata.get("params_name")
        return self.output if owner is None else f"{self.output} [{owner}]"

    @property
    def made_by(self) -> str | None:
        """Reference of the run that made it."""
        made_by = (self.metadata.get("manager_run_info") or {}).get("reference")
        return None if made_by is None else str(made_by)

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Size, time and digest of each of its files, by name."""
        files = self.metadata.get("files")
        return files if isinstance(files, dict) else {}

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(int(facts.get("size", 0)) for facts in self.files.values())

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each of its files, by name, as far as they are known.

        Those that are not recorded, because their run was killed before, are computed.
        """
        found = {name: facts.get("sha256") for name, facts in self.files.items()}
        if None in found.values() and (upkeep := find(UPKEEP, "cache")) is not None:
            files = upkeep.digested(self.path, self.metadata)["files"]
            found = {name: facts.get("sha256") for name, facts in files.items()}
        return {name: str(digest) for name, digest in found.items() if digest is not None}

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The numbers in it, by dotted name, if it is a JSON file."""
        path = f"{self.path.removesuffix(METADATA_ENDING)}.json"
        if (self.metadata.get("extra") or {}).get("reportables"):
            return {}
        try:
            if os.path.getsize(path) > _LARGEST_METRICS:
                return {}
            with open(path, encoding="utf-8") as file:
                value = json.load(file)
        except (OSError, ValueError, RecursionError):  # another format, or not readable now
            return {}
        return find_metrics(value)


def find_artifacts(
    history: History, run: RecordedRun, configuration: Configuration
) -> list[StoredArtifact]:
    """Return the artifacts of a run: of its full store if there is one, else those in the cache.

    A cache holds the latest artifact under each name; one of a later run is marked as replaced.
    """
    store = os.path.join(configuration.runs_path, safe_component(run.reference), "artifacts")
    if os.path.isdir(store):
        return sorted(_read_all(store), key=lambda artifact: artifact.label)
    hashes = _hashes(history, run)
    found = [
        replace(artifact, replaced=_is_later(artifact, run))
        for artifact in _read_all(configuration.cache_path, hashes)
        if _belongs(artifact, run, hashes)
    ]
    return sorted(found, key=lambda artifact: artifact.label)


def _hashes(history: History, run: RecordedRun) -> frozenset[str]:
    """Return the hashes of the run's parameter sets and of the aggregates over them alone."""
    hashes = {hash_ for _, hash_ in run.parameter_sets}
    aggregates = {key: item for key, item in history.registry.items() if "arg_list" in item}
    while True:
        more = {
            key
            for key, entry in aggregates.items()
            if key not in hashes
            and set(entry["arg_list"]) <= hashes
            and entry["active"] in hashes | {"None"}
        }
        if not more:
            return frozenset(hashes)
        hashes |= more


def _belongs(artifact: StoredArtifact, run: RecordedRun, hashes: frozenset[str]) -> bool:
    info = artifact.metadata.get("manager_run_info") or {}
    of_experiment = info.get("experiment_name") == run.experiment
    return of_experiment and artifact.metadata.get("params_hash") in hashes


def _is_later(artifact: StoredArtifact, run: RecordedRun) -> bool:
    number = artifact.metadata["manager_run_info"].get("run_number")
    return isinstance(number, int) and number > run.number


def _read_all(folder: str, hashes: frozenset[str] | None = None) -> Iterator[StoredArtifact]:
    for where, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(METADATA_ENDING):
                continue
            if hashes is not None and hashes.isdisjoint(name.split("_")):
                continue
            path = os.path.join(where, name)
            metadata = read_metadata(path)
            if metadata is not None and "stage" in metadata:
                yield StoredArtifact(path, metadata)


def read_metadata(path: str) -> dict[str, Any] | None:
    """Return the metadata in the file ``path``, ``None`` if it is unreadable."""
    upkeep = find(UPKEEP, "cache")
    metadata: dict[str, Any] | None = None if upkeep is None else upkeep.read(path)
    return metadata
