"""The page of a run."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from curifactory.explaining import describe
from curifactory.hashing import describe_parameters
from curifactory.reporting.describing import (
    describe_bytes,
    describe_seconds,
    describe_status,
    fate,
    record_title,
)
from curifactory.reporting.failures import collect_failures
from curifactory.reporting.metrics import collect_metrics, compare_metrics
from curifactory.reporting.palette import record_color
from curifactory.reporting.parameters import ParameterMatrix, compare_sets
from curifactory.reporting.shown import ShownReportable
from curifactory.reporting.stage_map import draw_record
from curifactory.reporting.stage_map.model import read_map
from curifactory.reporting.templating import digest_for_policy, render
from curifactory.reporting.timeline import draw_timeline

if TYPE_CHECKING:
    from curifactory.artifact import Artifact
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record

MOST_GRAPHS = 40
"""Up to how many records each is drawn in detail."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A stage call in the detail of its record."""

    stage: str
    status: str
    status_words: str
    causes: tuple[str, ...]
    took: str
    resources: tuple[str, ...]
    """CPU time and memory, in words."""
    outputs: tuple["OutputRow", ...]
    error: str


@dataclass(frozen=True, slots=True)
class OutputRow:
    """An artifact in the detail of its stage."""

    name: str
    type: str
    preview: str
    path: str
    size: str


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """A record with its calls."""

    title: str
    hash: str
    color: str
    calls: tuple[CallRow, ...]
    failed: bool
    """Whether one of them did."""
    graph: str
    """The record in detail as SVG; empty where there are too many to draw."""


def render_page(
    manager: "ArtifactManager", shown: Sequence[ShownReportable], stage_map: str, *, has_log: bool
) -> str:
    """Return the HTML page of the manager's run.

    Parameters
    ----------
    manager
        The session.
    shown
        Its reportables, rendered.
    stage_map
        The map as SVG, which is put into the page as it is.
    has_log
        Whether ``log.txt`` lies beside the page.

    """
    groups, ungrouped = by_group(shown)
    map_script = (files("curifactory.reporting") / "templates" / "map.js").read_text("utf-8")
    scripts = [map_script, *scripts_of(shown)]
    run = describe_run(manager)
    sets = run["all_sets"]
    return render(
        "run.html",
        **run,
        summary=_summarise(manager.records),
        scripts=scripts,
        script_digests=[digest_for_policy(script) for script in scripts],
        failures=collect_failures(manager),
        has_log=has_log,
        reportables=shown,
        groups=groups,
        ungrouped=ungrouped,
        metrics=compare_metrics(collect_metrics(shown)),
        stage_map=stage_map,
        timeline=draw_timeline(manager.records),
        records=_details(manager.records),
        matrix=_matrix(sets),
        environment=manager.run.environment,
    )


def _matrix(sets: Sequence[dict[str, Any]]) -> ParameterMatrix | None:
    """Return what differs between parameter sets, where there are several."""
    return compare_sets([(each["name"], each["fields"]) for each in sets]) if sets[1:] else None


def _summarise(records: "Sequence[Record]") -> str:
    """Return how many stages went which way, and how long those took that ran."""
    calls = [call for record in records for call in record.calls]
    if not calls:
        return ""
    counts = Counter(describe_status(fate(call)) for call in calls)
    parts = ", ".join(f"{count} {words}" for words, count in counts.most_common())
    seconds = sum(call.seconds or 0.0 for call in calls)
    total = f"{len(calls)} stage{'' if len(calls) == 1 else 's'} on {len(records)} "
    total += f"record{'' if len(records) == 1 else 's'}: {parts}"
    return f"{total}; {describe_seconds(seconds)} in stages" if seconds else total


def describe_run(manager: "ArtifactManager") -> dict[str, Any]:
    """Return what the top of a page says of the run."""
    of_files = {(name, hash_) for pairs in manager.run.parameters.values() for name, hash_ in pairs}
    sets = parameter_sets(manager)
    from_files = [each for each in sets if (each["name"], str(each["hash"])) in of_files]
    return {
        "info": manager.run_info,
        "started": manager.run_timestamp.strftime("%m/%d/%Y %H:%M:%S"),
        "in_repository": manager.in_git_repository,
        "all_sets": sets,
        "parameter_sets": from_files,
        "live_sets": [each for each in sets if each not in from_files],
    }


def by_group(
    shown: Sequence[ShownReportable],
) -> tuple[dict[str, list[ShownReportable]], list[ShownReportable]]:
    """Return the reportables that have a group, by group as first seen, and the others."""
    groups: dict[str, list[ShownReportable]] = {}
    for each in shown:
        if each.group is not None:
            groups.setdefault(each.group, []).append(each)
    return groups, [each for each in shown if each.group is None]


def scripts_of(shown: Sequence[ShownReportable]) -> list[str]:
    """Return the scripts that reportables need, each once."""
    return list(dict.fromkeys(script for each in shown for script in each.scripts))


def parameter_sets(manager: "ArtifactManager") -> list[dict[str, Any]]:
    """Return name, hash, fields and JSON of every parameter set of the records, each once."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for record in manager.records:
        if record.params is None:
            continue
        key = record.params.name, str(record.params.hash)  # the name is not in the hash
        if key not in found:
            fields = describe_parameters(record.params)
            found[key] = {
                "name": record.params.name,
                "hash": record.params.hash,
                "fields": fields,
                "json": json.dumps(fields, indent=4, ensure_ascii=False),
            }
    return list(found.values())


def _details(records: "Sequence[Record]") -> list[RecordDetail]:
    graphs = [""] * len(records)
    if len(records) <= MOST_GRAPHS:
        graphs = [draw_record(each) if each.stages else "" for each in read_map(records)]
    return [
        RecordDetail(
            record_title(record),
            record.get_hash(),
            record_color(record.get_record_index()),
            tuple(_row(call) for call in record.calls),
            any(call.status == "failed" for call in record.calls),
            graph,
        )
        for record, graph in zip(records, graphs, strict=True)
    ]


def _row(call: "StageCall") -> CallRow:
    causes = () if call.decision is None else tuple(map(describe, call.decision.causes))
    return CallRow(
        call.name,
        fate(call),
        describe_status(fate(call)),
        causes,
        describe_seconds(call.seconds),
        tuple(_resources(call)),
        tuple(_output_row(artifact) for artifact in call.outputs),
        "" if call.error is None else f"{type(call.error).__name__}: {call.error}",
    )


def _resources(call: "StageCall") -> Iterator[str]:
    if call.cpu_seconds is not None:
        yield f"CPU {describe_seconds(call.cpu_seconds)}"
    if call.peak_memory is not None:
        yield f"memory {describe_bytes(call.peak_memory)}"


def _output_row(artifact: "Artifact") -> OutputRow:
    path = artifact.path or ""
    return OutputRow(
        artifact.name,
        artifact.type_name,
        artifact.preview,
        path,
        describe_bytes(_size(path)) if path else "",
    )


def _size(path: str) -> int | None:
    """Return the bytes of a file, or of all files in a folder; ``None`` where there is none."""
    try:
        if not os.path.isdir(path):
            return os.stat(path).st_size
        return sum(
            os.lstat(os.path.join(folder, name)).st_size
            for folder, _, names in os.walk(path)
            for name in names
        )
    except OSError:
        return None
