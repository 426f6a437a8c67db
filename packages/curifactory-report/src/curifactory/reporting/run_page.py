"""The page of a run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curifactory.explaining import describe
from curifactory.hashing import describe_parameters
from curifactory.reporting.describing import describe_seconds, describe_status, record_title
from curifactory.reporting.palette import record_color
from curifactory.reporting.shown import ShownReportable
from curifactory.reporting.templating import digest_for_policy, render

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record


@dataclass(frozen=True, slots=True)
class CallRow:
    """A stage call in the detail of its record."""

    stage: str
    status: str
    status_words: str
    causes: tuple[str, ...]
    took: str
    outputs: tuple[tuple[str, str, str, str], ...]
    """Name, type, preview and cache path of each output."""
    error: str


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """A record with its calls."""

    title: str
    hash: str
    color: str
    calls: tuple[CallRow, ...]


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
    scripts = scripts_of(shown)
    return render(
        "run.html",
        **describe_run(manager),
        scripts=scripts,
        script_digests=[digest_for_policy(script) for script in scripts],
        failure=_failure(manager),
        has_log=has_log,
        reportables=shown,
        groups=groups,
        ungrouped=ungrouped,
        stage_map=stage_map,
        records=[_detail(record) for record in manager.records],
    )


def describe_run(manager: "ArtifactManager") -> dict[str, Any]:
    """Return what the top of a page says of the run."""
    of_files = {(name, hash_) for pairs in manager.run.parameters.values() for name, hash_ in pairs}
    sets = _parameter_sets(manager)
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


def _parameter_sets(manager: "ArtifactManager") -> list[dict[str, Any]]:
    """Return name, hash and JSON of every parameter set of the records, each once."""
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


def _failure(manager: "ArtifactManager") -> dict[str, str] | None:
    info = manager.run_info
    if "error" not in info:
        return None
    failed = [
        f"stage {call.name!r} of {record_title(record)}"
        for record in manager.records
        for call in record.calls
        if call.status == "failed"
    ]
    return {
        "error": info["error"],
        "where": ", ".join(failed),
        "traceback": info.get("traceback") or "",
    }


def _detail(record: "Record") -> RecordDetail:
    return RecordDetail(
        record_title(record),
        record.get_hash(),
        record_color(record.get_record_index()),
        tuple(_row(call) for call in record.calls),
    )


def _row(call: "StageCall") -> CallRow:
    causes = () if call.decision is None else tuple(map(describe, call.decision.causes))
    return CallRow(
        call.name,
        str(call.status),
        describe_status(call.status),
        causes,
        describe_seconds(call.seconds),
        tuple(
            (artifact.name, artifact.type_name, artifact.preview, artifact.path or "")
            for artifact in call.outputs
        ),
        "" if call.error is None else f"{type(call.error).__name__}: {call.error}",
    )
