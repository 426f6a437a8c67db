"""What differs between two runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curifactory.cli.runs.artifacts import StoredArtifact
from curifactory.cli.runs.details import RunDetails
from curifactory.closure.code_store import CodeStore

_COMPARED_FACTS = ("experiment", "status", "started", "seconds", "host", "command", "error")
_ABSENT = object()
Pairs = dict[str, tuple[Any, Any]]
"""``{name: (value in the first, value in the second)}``, ``None`` where one has none."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs; each part holds the differences alone."""

    first: RunDetails
    second: RunDetails
    kept: CodeStore
    """Where the code of stages is kept."""

    @property
    def facts(self) -> Pairs:
        """Facts about the runs themselves."""
        first, second = (details.run.facts for details in (self.first, self.second))
        return _differing(
            {key: first[key] for key in _COMPARED_FACTS},
            {key: second[key] for key in _COMPARED_FACTS},
        )

    @property
    def parameters(self) -> Pairs:
        """Parameters, as ``<set>.<field>``; a set that only one run has counts as a whole."""
        first, second = self.first.parameters, self.second.parameters
        found: Pairs = {}
        for name in _union(first, second):
            if name in first and name in second:
                differing = _differing(first[name], second[name])
                if differing.keys() != {"hash"}:  # the hash follows from what differs
                    differing.pop("hash", None)
                found |= {f"{name}.{key}": pair for key, pair in differing.items()}
            else:
                found[name] = ("there", None) if name in first else (None, "there")
        return found

    @property
    def code(self) -> Pairs:
        """The commit, and whether the working directory was clean."""
        first, second = (
            {
                "commit": details.run.facts["commit"],
                "dirty": details.run.facts["dirty"],
            }
            for details in (self.first, self.second)
        )
        return _differing(first, second)

    @property
    def patch(self) -> list[str]:
        """How what differed from the commit is another, as lines of a diff."""
        if self.first.difference == self.second.difference:
            return []
        return list(self._diff("uncommitted", self.first.difference, self.second.difference))

    @property
    def stage_code(self) -> list[str]:
        """How the code that stages of both runs reach is another, as lines of a diff.

        What several stages reach is there once. Of code that was not kept it is only said that it
        has changed.
        """
        both = _differing(self.first.code, self.second.code)
        changed: dict[str, list[str]] = {}
        unknown = []
        for stage, (before, after) in both.items():
            if before is None or after is None:
                continue
            old, new = self.kept.load(before), self.kept.load(after)
            if old is None or new is None:
                unknown.append(f"{stage} has changed")
                continue
            digests = ({name: part.digest for name, part in each.items()} for each in (old, new))
            for name in _differing(*digests):
                changed[name] = [each[name].text if name in each else "" for each in (old, new)]
        lines = [line for name, texts in changed.items() for line in self._diff(name, *texts)]
        return [*unknown, *lines]

    def _diff(self, what: str, before: str, after: str) -> Iterator[str]:
        from difflib import unified_diff

        first, second = (f"{what} in {each.run.name}" for each in (self.first, self.second))
        return unified_diff(before.splitlines(), after.splitlines(), first, second, lineterm="")

    @property
    def environment(self) -> Pairs:
        """Python, platform and the versions of packages."""
        first, second = (_environment(details) for details in (self.first, self.second))
        return _differing(first, second)

    @property
    def stages(self) -> Pairs:
        """Seconds that each stage took, if it was executed in one of the runs."""
        first, second = (
            {name: times.seconds for name, times in details.stages.items() if times.executed}
            for details in (self.first, self.second)
        )
        return {name: (first.get(name), second.get(name)) for name in _union(first, second)}

    @property
    def artifacts(self) -> Pairs:
        """Artifacts whose content differs, or that only one run has: their digests.

        Left out is what a later run has replaced in the cache: nobody can tell what it was.
        """
        both = [self.first.labelled_artifacts, self.second.labelled_artifacts]
        replaced = {label for found in both for label, item in found.items() if item.replaced}
        first, second = (
            {label: _digest(item) for label, item in found.items() if label not in replaced}
            for found in both
        )
        return _differing(first, second)

    @property
    def metrics(self) -> Pairs:
        """The numbers in results."""
        return _differing(self.first.metrics, self.second.metrics)

    @property
    def replaced(self) -> int:
        """How many artifacts later runs have replaced, so that they cannot be compared."""
        both = (*self.first.artifacts, *self.second.artifacts)
        return sum(artifact.replaced for artifact in both)

    def export(self) -> dict[str, Any]:
        """Return everything as plain data."""
        parts = {
            "facts": self.facts,
            "parameters": self.parameters,
            "code": self.code,
            "environment": self.environment,
            "stages": self.stages,
            "artifacts": self.artifacts,
            "metrics": self.metrics,
        }
        return {
            "runs": [self.first.run.reference, self.second.run.reference],
            **{
                name: {key: list(pair) for key, pair in part.items()}
                for name, part in parts.items()
            },
            "stage_code": self.stage_code,
            "uncommitted": self.patch,
        }


def _environment(details: RunDetails) -> dict[str, Any]:
    left_out = {"packages", "difference", "seeds"}
    facts = {key: value for key, value in details.environment.items() if key not in left_out}
    for group in ("seeds", "packages"):
        facts |= details.environment.get(group) or {}
    return facts


def _digest(artifact: StoredArtifact) -> str:
    digests = [f"sha256 {digest[:12]}" for _, digest in sorted(artifact.digests.items())]
    return ", ".join(digests) or "no digest"


def _union(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> Pairs:
    return {
        key: (first.get(key), second.get(key))
        for key in _union(first, second)
        if first.get(key, _ABSENT) != second.get(key, _ABSENT)
    }
