"""Everything that is known of one run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curifactory.cli.runs.artifacts import StoredArtifact, find_artifacts
from curifactory.cli.runs.facts import History, RecordedRun
from curifactory.config import Configuration
from curifactory.journal import read_journal


@dataclass
class StageTimes:
    """What the calls of one stage took together."""

    executed: int = 0
    loaded: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int | None = None
    """The most bytes the process had held by the end of one of them."""

    def add(self, line: Mapping[str, Any]) -> None:
        """Count one line of a journal."""
        status = str(line.get("status"))
        if status in {"executed", "loaded", "failed"}:
            setattr(self, status, getattr(self, status) + 1)
        self.seconds += line.get("seconds") or 0.0
        self.cpu_seconds += line.get("cpu_seconds") or 0.0
        peak = line.get("peak_memory")
        if peak is not None:
            self.peak_memory = max(self.peak_memory or 0, peak)

    def facts(self) -> dict[str, Any]:
        """Return them for an export."""
        return {
            **vars(self),
            "seconds": round(self.seconds, 6),
            "cpu_seconds": round(self.cpu_seconds, 6),
        }


@dataclass(frozen=True)
class RunDetails:
    """A run with all that its journal and the cache tell of it."""

    run: RecordedRun
    environment: Mapping[str, Any]
    """What its journal notes of Python, packages and the difference to the commit."""
    parameters: Mapping[str, Mapping[str, Any]]
    """``{set: {dotted field: value}}``; sets of one name have their hash behind it."""
    stages: Mapping[str, StageTimes]
    """By name, in the order in which they ran first."""
    artifacts: list[StoredArtifact] = field(default_factory=list)
    returned: Mapping[str, float] = field(default_factory=dict)
    """The numbers that its stages returned, by artifact and name."""
    code: Mapping[str, str] = field(default_factory=dict)
    """The fingerprint of the code of each stage, by its function."""

    @property
    def difference(self) -> str:
        """What differed from the commit, as a patch."""
        return str(self.environment.get("difference") or "")

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers in its results, by artifact and name.

        What its stages returned; for those it did not call, what lies in JSON artifacts, unless a
        later run replaced them.
        """
        cached = {
            f"{label} {name}".rstrip(): number
            for label, artifact in self.labelled_artifacts.items()
            if not artifact.replaced
            for name, number in artifact.metrics.items()
        }
        return {**cached, **self.returned}

    @property
    def labelled_artifacts(self) -> dict[str, StoredArtifact]:
        """Its artifacts by label; those of one label have their hash behind it."""
        labels = Counter(artifact.label for artifact in self.artifacts)
        return {
            artifact.label
            if labels[artifact.label] == 1
            else f"{artifact.label} ({str(artifact.metadata['params_hash'])[:8]})": artifact
            for artifact in self.artifacts
        }

    def export(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            **self.run.facts,
            "traceback": self.run.summary.get("traceback"),
            "parameters": self.parameters,
            "environment": self.environment,
            "code": self.code,
            "stages": {name: times.facts() for name, times in self.stages.items()},
            "artifacts": [
                {
                    "artifact": label,
                    "metadata": artifact.path,
                    "bytes": artifact.size,
                    "sha256": artifact.digests,
                    "made_by": artifact.made_by,
                    "replaced": artifact.replaced,
                }
                for label, artifact in self.labelled_artifacts.items()
            ],
            "metrics": self.metrics,
        }


def read_details(history: History, run: RecordedRun, configuration: Configuration) -> RunDetails:
    """Return everything about ``run``."""
    stages: dict[str, StageTimes] = {}
    environment: dict[str, Any] = {}
    returned: dict[str, float] = {}
    code: dict[str, str] = {}
    names = {hash_: name for name, hash_ in run.parameter_sets}
    for line in read_journal(run.journal_path(history.manager_cache_path)):
        if line.get("event") == "stage":
            stages.setdefault(str(line.get("stage")), StageTimes()).add(line)
            returned |= _returned(line, names)
        elif line.get("event") == "code":
            code = line["stages"]
        elif line.get("event") == "environment":
            environment = {key: line[key] for key in line if key not in {"event", "time"}}
    return RunDetails(
        run,
        environment,
        _parameters(history, run),
        stages,
        find_artifacts(history, run, configuration),
        returned,
        code,
    )


def _returned(line: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, float]:
    """Return the numbers in a stage's line of the journal, named as in the artifacts."""
    name = names.get(str(line.get("hash")))
    owner = "" if name is None else f" [{name}]"
    return {
        f"{line['stage']}/{output}{owner} {metric}".rstrip(): number
        for output, numbers in (line.get("metrics") or {}).items()
        for metric, number in numbers.items()
    }


def _parameters(history: History, run: RecordedRun) -> dict[str, dict[str, Any]]:
    names = [name for name, _ in run.parameter_sets]
    found = {}
    for name, hash_ in run.parameter_sets:
        key = name if names.count(name) == 1 else f"{name} ({hash_[:8]})"
        found[key] = {**history.parameters(name, hash_), "hash": hash_}
    return found
