"""The cache in words and columns."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curifactory.cli.runs.showing import byte_text
from curifactory.cli.runs.table import columns, fitted
from curifactory.cli.terminal import Terminal, counted, duration
from curifactory.upkeep import CachedArtifact, Eviction

_HEADINGS = ("artifact", "stage", "set", "run", "size", "cost", "age", "state")
_FACTS = {
    "stage": "stage",
    "experiment": "experiment",
    "run": "run",
    "set": "parameter_set",
    "state": "state",
}


def list_lines(
    artifacts: Sequence[CachedArtifact], stale: Mapping[str, list[str]], out: Terminal
) -> list[str]:
    """Return a table of artifacts with a line of totals."""
    if not artifacts:
        return ["no artifacts"]
    rows = [
        (
            each.name,
            each.stage or "-",
            each.parameter_set or "-",
            each.run or "-",
            byte_text(each.size),
            "-" if each.seconds is None else duration(each.seconds),
            _age(each),
            state(each, stale),
        )
        for each in artifacts
    ]
    lines = columns([_HEADINGS, *rows], right=frozenset({4, 5, 6}))
    return [
        *(fitted(line, out.width) for line in lines),
        f"{counted(len(artifacts), 'artifact')}, {total(artifacts)}",
    ]


def state(artifact: CachedArtifact, stale: Mapping[str, list[str]]) -> str:
    """Return whether an artifact is sound, and where that is known, whether it is stale."""
    if artifact.state != "complete":
        return artifact.state
    reasons = stale.get(artifact.name)
    if reasons is None:
        return "complete"
    return reasons[0] if reasons else "fresh"


def total(artifacts: Iterable[CachedArtifact]) -> str:
    """Return the size of all artifacts."""
    return byte_text(sum(artifact.size for artifact in artifacts))


def _age(artifact: CachedArtifact) -> str:
    hours = max(0.0, time.time() - artifact.modified) / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def usage_rows(artifacts: Iterable[CachedArtifact], by: str) -> list[dict[str, Any]]:
    """Return what takes how much space, the largest first."""
    groups: dict[str | None, list[CachedArtifact]] = {}
    for artifact in artifacts:
        groups.setdefault(getattr(artifact, _FACTS[by]), []).append(artifact)
    rows = [
        {
            by: name,
            "artifacts": len(group),
            "size": sum(each.size for each in group),
            "seconds": _seconds(group),
        }
        for name, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["size"])), str(row[by])))


def _seconds(artifacts: Iterable[CachedArtifact]) -> float:
    """Return how long it took to compute artifacts; outputs of one execution count once."""
    took = {each.execution or each.name: each.seconds or 0.0 for each in artifacts}
    return sum(took.values())


def usage_lines(rows: Sequence[Mapping[str, Any]], by: str) -> list[str]:
    """Return a table of what takes how much space, with the sum."""
    cells = [
        (str(row[by] or "-"), str(row["artifacts"]), byte_text(row["size"]), _cost(row["seconds"]))
        for row in rows
    ]
    count = sum(row["artifacts"] for row in rows)
    size, seconds = sum(row["size"] for row in rows), sum(row["seconds"] for row in rows)
    last = ("total", str(count), byte_text(size), _cost(seconds))
    table = [(by, "artifacts", "size", "cost"), *cells, last]
    return columns(table, right=frozenset({1, 2, 3}))


def _cost(seconds: float) -> str:
    return duration(seconds) if seconds else "-"


def artifact_lines(
    artifact: CachedArtifact,
    metadata: Mapping[str, Any] | None,
    stale: Mapping[str, list[str]],
    needed: str | None,
) -> list[str]:
    """Return everything about one artifact."""
    facts: list[tuple[str, str]] = [
        ("artifact", artifact.name),
        ("state", artifact.state if artifact.state != "complete" else state(artifact, stale)),
        *(("", reason) for reason in (stale.get(artifact.name) or [])[1:]),
    ]
    if artifact.problem is not None:
        facts.append(("problem", artifact.problem))
    for label, value in (
        ("stage", artifact.stage),
        ("output", artifact.output),
        ("parameter set", artifact.parameter_set),
        ("hash", artifact.hash),
        ("made by", artifact.run),
        ("cost", None if artifact.seconds is None else duration(artifact.seconds)),
        ("needed", needed),
    ):
        if value is not None:
            facts.append((label, value))
    facts.append(("size", byte_text(artifact.size)))
    facts += [("files" if not index else "", path) for index, path in enumerate(artifact.paths)]
    for key in ("artifact_generated", "cacher_type", "preview"):
        if metadata is not None and metadata.get(key):
            facts.append((key.replace("_", " "), str(metadata[key])))
    parameters = (metadata or {}).get("params") or {}
    names = [name for name in parameters if name not in {"IGNORED_PARAMS", "_DRY_REPS", "name"}]
    facts += [
        ("parameters" if not index else "", f"{name} = {parameters[name]}")
        for index, name in enumerate(names)
    ]
    return columns(facts)


def eviction_lines(plan: Eviction) -> list[str]:
    """Return what is to leave the cache, and what stays although it would have gone."""
    lines = [
        *(f"goes   {each.name} ({byte_text(each.size)})" for each in plan.evicted),
        *(
            f"stays  {counted(count, 'artifact')} {reason}"
            for reason, count in Counter(plan.kept.values()).items()
        ),
    ]
    before, after = byte_text(plan.size_before), byte_text(plan.size_after)
    gain = f"{counted(len(plan.evicted), 'artifact')}: {before} become {after}"
    if not plan.evicted:
        gain = f"nothing goes: the cache has {before}"
    cost = f"; {duration(plan.seconds_lost)} to compute again" if plan.seconds_lost else ""
    return [*lines, f"{gain}{cost}"]
