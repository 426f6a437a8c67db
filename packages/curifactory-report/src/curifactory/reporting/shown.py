"""Reportables as the page shows them: rendered, each with its error if it has one."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curifactory.paths import safe_component
from curifactory.reporting.describing import record_title
from curifactory.reporting.drawing import Drawing
from curifactory.reporting.palette import record_color
from curifactory.reporting.reportable import Reportable

if TYPE_CHECKING:
    from curifactory import protocols

_log = logging.getLogger(__name__)
DISPLAY_FOLDER = "reportables"
"""Name of the folder for the files of reportables, as pages refer to it."""


@dataclass(frozen=True, slots=True)
class ShownReportable:
    """A reportable with what is shown of it."""

    title: str
    anchor: str
    """Identifies it in its page."""
    group: str | None
    record: str
    """Title of its record."""
    stage: str
    color: str
    html: str
    """HTML of its own, to be used as it is."""
    error: str | None
    """Class and message, where it could not be shown."""
    scripts: tuple[str, ...] = ()
    """What the HTML needs to be run in its page."""
    metrics: Mapping[str, float] | None = None
    """Numbers to compare, of a :class:`MetricsReporter`."""


def show_reportables(
    reportables: "Sequence[protocols.Reportable]", folder: str, earlier: Sequence[str] = ()
) -> list[ShownReportable]:
    """Render ``reportables`` into ``folder`` and return what the page shows of them, in order.

    One that fails is shown with its error; the others are not affected.

    Parameters
    ----------
    reportables
        What to show.
    folder
        Where their files go.
    earlier
        Such folders of earlier reports, from which unchanged drawings are taken.

    """
    for reportable in reportables:
        reportable.path = folder
    with Drawing(reportables, folder, earlier) as drawing:
        shown = {
            id(item): _show(item, folder, is_drawn=False)
            for item in reportables
            if item not in drawing
        }
        drawn = drawing.finish()
    return [
        shown.get(id(item)) or _show(item, folder, is_drawn=id(item) in drawn)
        for item in reportables
    ]


def _show(reportable: "protocols.Reportable", folder: str, *, is_drawn: bool) -> ShownReportable:
    html, error, scripts, metrics = "", None, (), None
    try:
        reportable.path = folder
        if not is_drawn:
            reportable.render()
        if isinstance(reportable, Reportable):
            reportable.rendered = True
        reportable.path = DISPLAY_FOLDER
        parts = reportable.html()
        html = parts if isinstance(parts, str) else "\n".join(parts)
        scripts = tuple(reportable.scripts()) if hasattr(reportable, "scripts") else ()
        metrics = getattr(reportable, "metrics", None)
    except Exception as failure:  # noqa: BLE001 - users' reportables may raise anything
        error = f"{type(failure).__name__}: {failure}"
        _log.warning("reportable %r cannot be shown: %s", reportable.qualified_name, error)
    finally:
        reportable.path = os.path.basename(folder)
    record = reportable.record
    return ShownReportable(
        reportable.name or reportable.qualified_name,
        f"reportable-{safe_component(reportable.qualified_name)}",
        reportable.group,
        "" if record is None else record_title(record),
        reportable.stage or "",
        record_color(-1 if record is None else record.get_record_index()),
        html,
        error,
        scripts,
        metrics if isinstance(metrics, Mapping) else None,
    )
