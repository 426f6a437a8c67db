"""The cache in words and columns."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curifactory.cli.table import cell_width, columns, hanging, table
from curifactory.cli.terminal import Colour, Terminal, byte_text, counted, duration
from curifactory.upkeep import CachedArtifact, Eviction

_HEADINGS = ("artifact", "stage", "set", "run", "size", "cost", "age", "state")
_SHORT_HASH = 8
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
    rows = [_row(each, stale) for each in artifacts]
    room = out.width
    if room is not None and max(sum(map(cell_width, row[:4])) for row in rows) > room // 2:
        rows = [(_shortened(each), *row[1:]) for each, row in zip(artifacts, rows, strict=True)]
    heading, *lines = table(
        _HEADINGS,
        rows,
        room,
        right=("size", "cost", "age"),
        dispensable=("age", "stage", "cost", "run", "size", "set"),
    )
    states = [state(each, stale) for each in artifacts]
    return [
        out.paint(heading, Colour.DIM),
        *(_painted(line, text, out) for line, text in zip(lines, states, strict=True)),
        f"{counted(len(artifacts), 'artifact')}, {total(artifacts)}",
    ]


def _row(artifact: CachedArtifact, stale: Mapping[str, list[str]]) -> tuple[str, ...]:
    return (
        artifact.name,
        artifact.stage or "-",
        artifact.parameter_set or "-",
        run_name(artifact.run) or "-",
        byte_text(artifact.size),
        "-" if artifact.seconds is None else duration(artifact.seconds),
        _age(artifact),
        state(artifact, stale),
    )


def _shortened(artifact: CachedArtifact) -> str:
    """Return the name with most of the hash as a star: a pattern that the commands take."""
    hash_ = artifact.hash or ""
    if len(hash_) <= _SHORT_HASH:
        return artifact.name
    return artifact.name.replace(hash_, f"{hash_[:_SHORT_HASH]}*", 1)


def run_name(reference: str | None) -> str | None:
    """Return experiment and number of a run.

    Examples
    --------
    >>> run_name("iris_knn_12_2026-03-01-T140211")
    'iris_knn/12'

    """
    parts = (reference or "").rsplit("_", 2)
    return "/".join(parts[:2]) if len(parts) == 3 and parts[1].isdigit() else reference


def _painted(line: str, text: str, out: Terminal) -> str:
    colour = {"stale": Colour.YELLOW, "damaged": Colour.RED, "set aside": Colour.RED}.get(
        text.partition(":")[0]
    )
    start = line.rfind(f"  {text[:8]}") + 2
    if colour is None or start < 2:
        return line
    return f"{line[:start]}{out.paint(line[start:], colour)}"


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
    minutes = max(0.0, time.time() - artifact.modified) // 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes // 60:.0f} h" if minutes < 2 * 24 * 60 else f"{minutes // 60 // 24:.0f} d"


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
    headings = (by, "artifacts", "size", "cost")
    return columns([headings, *cells, last], right=frozenset({1, 2, 3}))


def _cost(seconds: float) -> str:
    return duration(seconds) if seconds else "-"


def artifact_lines(
    artifact: CachedArtifact,
    metadata: Mapping[str, Any] | None,
    stale: Mapping[str, list[str]],
    needed: str | None,
    width: int | None,
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
    return hanging(facts, width)


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
