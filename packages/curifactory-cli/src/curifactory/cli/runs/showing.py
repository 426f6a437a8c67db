"""Runs as lines of text."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curifactory.cli.runs.facts import RecordedRun
from curifactory.cli.table import cell_width, columns, hanging, one_line, table, wrapped
from curifactory.cli.terminal import Colour, Terminal, byte_text, counted, duration

if TYPE_CHECKING:
    from curifactory.cli.runs.artifacts import StoredArtifact
    from curifactory.cli.runs.comparing import Comparison, Pairs
    from curifactory.cli.runs.details import RunDetails, StageTimes

_HEADINGS = ("run", "status", "started", "time", "sets", "executed", "loaded", "commit", "notes")
_STATUS_COLOURS = {
    "complete": Colour.GREEN,
    "error": Colour.RED,
    "interrupted": Colour.YELLOW,
    "incomplete": Colour.YELLOW,
}
_MOST_LINES = 60


def list_lines(runs: Sequence[RecordedRun], terminal: Terminal) -> Iterator[str]:
    """Yield a table with a line for each run."""
    heading, *lines = table(
        _HEADINGS,
        [_row(run) for run in runs],
        terminal.width,
        right=("time", "sets", "executed", "loaded"),
        optional=("commit", "notes"),
        dispensable=("loaded", "executed", "sets", "commit", "time"),
    )
    yield terminal.paint(heading, Colour.DIM)
    for run, line in zip(runs, lines, strict=True):
        painted = terminal.paint(run.status, *_colours(run.status))
        yield line.replace(f"  {run.status}  ", f"  {painted}  ", 1)


def _row(run: RecordedRun) -> tuple[str, ...]:
    facts = run.facts
    counts = (facts["sets"], facts["executed"], facts["loaded"])
    notes = str(facts["notes"] or "").strip().splitlines()
    return (
        run.name,
        run.status,
        str(facts["started"]),
        _seconds(run.seconds),
        *("-" if count is None else str(count) for count in counts),
        short_commit(facts["commit"], facts["dirty"]),
        notes[0] if notes else "",
    )


def _colours(status: str) -> tuple[Colour, ...]:
    colour = _STATUS_COLOURS.get(status)
    return () if colour is None else (colour,)


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def short_commit(commit: Any, dirty: Any) -> str:
    """Return the beginning of a commit's hash, a star behind it if something differed from it.

    Examples
    --------
    >>> short_commit("4f5a0c3d9e1b7a2c", True), short_commit("No git repository found", True)
    ('4f5a0c3d*', '-')

    """
    text = str(commit or "")
    if not text or " " in text:
        return "-"
    return f"{text[:8]}*" if dirty else text[:8]


def detail_lines(details: "RunDetails", terminal: Terminal) -> Iterator[str]:
    """Yield everything about one run, in sections."""
    run = details.run
    status = terminal.paint(run.status, *_colours(run.status))
    yield f"{terminal.paint(run.reference, Colour.BOLD)}  {status}"
    yield from _indented(hanging(_about(details), _room(terminal)))
    if run.facts["notes"]:
        yield from _section("notes", str(run.facts["notes"]).strip().splitlines(), terminal)
    yield from _section("parameter sets", _cut(_parameter_lines(details.parameters)), terminal)
    yield from _section("stages", _stage_lines(details.stages, _room(terminal)), terminal)
    yield from _section("artifacts", _artifact_lines(details), terminal)
    yield from _section("metrics", _cut(_metric_lines(details, _room(terminal))), terminal)
    if details.difference:
        yield from _section("differs from the commit", _patch_summary(details.difference), terminal)
    trace = run.summary.get("traceback")
    if trace:
        yield from _section("traceback", str(trace).rstrip().splitlines(), terminal, wrap=False)


def _about(details: "RunDetails") -> list[tuple[str, str]]:
    facts, environment = details.run.facts, details.environment
    commit = str(facts["commit"] or "-")
    python = environment.get("python")
    system = f"Python {python}, {environment.get('platform')}" if python else ""
    packages = environment.get("packages") or {}
    pairs = [
        ("started", f"{facts['started']} on {facts['host']}"),
        ("took", _seconds(facts["seconds"])),
        ("command", str(facts["command"] or "-")),
        ("commit", f"{commit}, with changes" if facts["dirty"] and " " not in commit else commit),
        ("environment", f"{system}, {counted(len(packages), 'package')}" if system else "-"),
        ("full store", "yes" if facts["full_store"] else "no"),
    ]
    seeds = environment.get("seeds") or {}
    if seeds:
        pairs.insert(5, ("seeds", ", ".join(f"{name}={seed}" for name, seed in seeds.items())))
    if facts["error"]:
        pairs.append(("error", str(facts["error"])))
    return pairs


def _parameter_lines(parameters: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a line for each set with what is not the same in all, and one with what is."""
    sets = list(parameters.values())
    same = {
        key: value
        for key, value in (sets[0] if len(sets) > 1 else {}).items()
        if key not in _NAMES and all(key in each and each[key] == value for each in sets)
    }
    rows = [
        (name, str(fields["hash"])[:12], _assignments(fields, same.keys()))
        for name, fields in parameters.items()
    ]
    lines = columns(rows) if rows else []
    return [*lines, f"in all: {_assignments(same, ())}"] if same else lines


def _assignments(fields: Mapping[str, Any], left_out: Collection[str]) -> str:
    return ", ".join(
        f"{key}={_text(value)}"
        for key, value in fields.items()
        if key not in _NAMES and key not in left_out
    )


_NAMES = frozenset({"name", "hash"})


def _metric_lines(details: "RunDetails", room: int | None) -> list[str]:
    """Return a line for each metric; where names are too long, numbers come first."""
    rows = [(name, number_text(value)) for name, value in details.metrics.items()]
    if not rows:
        return []
    outputs = list(dict.fromkeys(name.partition(" ")[0] for name, _ in rows))
    rows.sort(key=lambda row: outputs.index(row[0].partition(" ")[0]))
    lines = columns(rows)
    if room is None or max(map(cell_width, lines)) <= room:
        return lines
    return columns([(value, name) for name, value in rows], right=frozenset({0}))


def _stage_lines(stages: "Mapping[str, StageTimes]", room: int | None) -> list[str]:
    if not stages:
        return []
    headings = ("stage", "executed", "loaded", "failed", "seconds", "cpu", "peak memory")
    rows = []
    for name, times in stages.items():
        peak = "-" if times.peak_memory is None else byte_text(times.peak_memory)
        counts = (str(times.executed), str(times.loaded), str(times.failed))
        rows.append((name, *counts, f"{times.seconds:.3f}", f"{times.cpu_seconds:.3f}", peak))
    dispensable = ("cpu", "peak memory", "failed", "loaded")
    return table(headings, rows, room, right=headings[1:], dispensable=dispensable)


def _artifact_lines(details: "RunDetails") -> list[str]:
    """Return a line for each output of a stage, over all records."""
    groups: dict[str, list[StoredArtifact]] = {}
    for artifact in details.artifacts:
        groups.setdefault(artifact.output, []).append(artifact)
    rows = []
    for output, artifacts in groups.items():
        counts = Counter(
            "replaced since"
            if artifact.replaced
            else f"made by {artifact.made_by or 'another run'}"
            for artifact in artifacts
            if artifact.made_by != details.run.reference
        )
        origins = [f"{count} {origin}" for origin, count in counts.items()]
        size = byte_text(sum(artifact.size for artifact in artifacts))
        rows.append((output, str(len(artifacts)), size, ", ".join(origins)))
    return columns(rows, right=frozenset({1, 2})) if rows else []


def _patch_summary(patch: str) -> list[str]:
    """Return the names of the files that a patch changes, and by how many lines."""
    found: dict[str, list[int]] = {}
    counts = [0, 0]
    in_header = True
    for line in patch.splitlines():
        if line.startswith("diff --git "):
            counts = found.setdefault(line.rpartition(" b/")[2], [0, 0])
            in_header = True
        elif line.startswith("@@"):
            in_header = False
        elif not in_header:
            counts[0] += line.startswith("+")
            counts[1] += line.startswith("-")
    return columns([(name, f"+{added}", f"-{gone}") for name, (added, gone) in found.items()])


def comparison_lines(comparison: "Comparison", terminal: Terminal) -> Iterator[str]:
    """Yield what differs between two runs, in sections; a section without differences is left out.

    In each line the first run's value comes first.
    """
    first, second = comparison.first.run, comparison.second.run
    yield terminal.paint(f"{first.name} → {second.name}", Colour.BOLD)
    sections = [
        ("run", comparison.facts),
        ("parameters", comparison.parameters),
        ("code", comparison.code),
        ("environment", comparison.environment),
        ("metrics", comparison.metrics),
        ("artifacts", comparison.artifacts),
    ]
    for title, pairs in sections:
        yield from _section(title, _cut(_pair_lines(pairs)), terminal)
    yield from _section("seconds of stages", _time_lines(comparison.stages), terminal)
    yield from _section("code of stages", _cut(comparison.stage_code), terminal, wrap=False)
    yield from _section("uncommitted changes", _cut(comparison.patch), terminal, wrap=False)
    if comparison.replaced:
        yield ""
        yield (
            f"{counted(comparison.replaced, 'artifact')} cannot be compared: later runs have "
            "replaced what was in the cache. A full store keeps what a run had."
        )
    elif not (any(pairs for _, pairs in sections[1:]) or comparison.patch or comparison.stage_code):
        yield ""
        yield "Parameters, code, environment, artifacts and metrics are the same."


def _pair_lines(pairs: "Pairs") -> list[str]:
    rows = [
        (name, _text(before), "→", _change(before, after))
        for name, (before, after) in pairs.items()
    ]
    return columns(rows) if rows else []


def _change(before: Any, after: Any) -> str:
    text = _text(after)
    numbers = (int, float)
    if isinstance(before, numbers) and isinstance(after, numbers) and not isinstance(after, bool):
        return f"{text} ({after - before:+.4g})"
    return text


def _time_lines(pairs: "Pairs") -> list[str]:
    rows = [
        (name, *("-" if each is None else f"{each:.3f}" for each in pair))
        for name, pair in pairs.items()
    ]
    return columns(rows, right=frozenset({1, 2})) if rows else []


def _cut(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return list(lines)
    return [*lines[:_MOST_LINES], f"[{len(lines) - _MOST_LINES} more lines; see --json]"]


def _room(terminal: Terminal) -> int | None:
    """Return how many characters fit on a line of a section."""
    return None if terminal.width is None else max(20, terminal.width - 2)


def _section(
    title: str, lines: Sequence[str], terminal: Terminal, *, wrap: bool = True
) -> Iterator[str]:
    if lines:
        room = _room(terminal) if wrap else None
        yield ""
        yield terminal.paint(title, Colour.BOLD)
        yield from _indented([part for line in lines for part in wrapped(line, room, 4)])


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return one_line(value if isinstance(value, str) else number_text(value))


def number_text(value: Any) -> str:
    """Return a number with at most six digits that count, anything else as it is written.

    Examples
    --------
    >>> number_text(0.933333333), number_text(1250000), number_text([1])
    ('0.933333', '1250000', '[1]')

    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)
