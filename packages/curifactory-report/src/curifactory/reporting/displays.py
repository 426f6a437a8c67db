"""What a notebook shows of a session: HTML that needs neither files nor a network."""

import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from curifactory.reporting.embedding import embed_files
from curifactory.reporting.run_page import by_group, describe_run, scripts_of
from curifactory.reporting.shown import DISPLAY_FOLDER, show_reportables
from curifactory.reporting.stage_map import draw_map
from curifactory.reporting.templating import render

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.protocols import Reportable
    from curifactory.record import Record


def show_info(manager: "ArtifactManager") -> str:
    """Return the top of the report: number, commit, parameter sets and status of the run."""
    return _display(**describe_run(manager))


def show_all_reportables(manager: "ArtifactManager") -> str:
    """Return everything that was reported, by group."""
    return _show(manager.reportables, "Nothing was reported yet.")


def show_record_reportables(manager: "ArtifactManager", record: "Record") -> str:
    """Return what the stages of ``record`` reported."""
    own = [item for item in manager.reportables if item.record is record]
    return _show(own, f"{record.get_reference_name()} reported nothing.")


def show_group_reportables(manager: "ArtifactManager", group_name: str) -> str:
    """Return the reportables of a group."""
    groups = manager.get_grouped_reportables()
    known = ", ".join(map(repr, groups)) or "none"
    return _show(
        groups.get(group_name, []), f"There is no group {group_name!r}; the groups are: {known}."
    )


def show_stage_reportables(manager: "ArtifactManager", stage_name: str) -> str:
    """Return what the stages of this name reported, on every record."""
    own = [item for item in manager.reportables if item.stage == stage_name]
    return _show(own, f"No stage {stage_name!r} reported anything.")


def show_reportable(_manager: "ArtifactManager", reportable: "Reportable") -> str:
    """Return one reportable."""
    return _show([reportable], "")


def show_stage_graph(manager: "ArtifactManager") -> str:
    """Return the map of all records, stages and artifacts."""
    return _display(stage_map=draw_map(manager.records))


def _show(reportables: "Sequence[Reportable]", nothing: str) -> str:
    with tempfile.TemporaryDirectory(prefix="curifactory-display-") as folder:
        own = os.path.join(folder, DISPLAY_FOLDER)
        os.mkdir(own)
        shown = show_reportables(reportables, own)
        groups, ungrouped = by_group(shown)
        page = _display(
            reportables=shown,
            groups=groups,
            ungrouped=ungrouped,
            nothing=nothing,
            scripts=scripts_of(shown),
        )
        return embed_files(page, folder)


def _display(**values: Any) -> str:
    style = (files("curifactory.reporting") / "templates" / "display.css").read_text("utf-8")
    return render("display.html", style=style, **{"scripts": [], **values})
