"""Where what was asked for, mapped and run is not the same."""

import logging
from collections.abc import Sequence

from curifactory.exceptions import BadInputError
from curifactory.importing import unknown
from curifactory.manager import ArtifactManager
from curifactory.mapping import Map, RunPlan

_log = logging.getLogger(__name__)


class UnusableError(BadInputError):
    """What is asked for cannot be, as is known once the experiment is mapped.

    A stage to overwrite is not there, or an executor cannot be used.
    """


def require_stages(mapped: Map, names: Sequence[str]) -> None:
    """Make sure that the map has the stages that are to be overwritten.

    Raises
    ------
    UnusableError
        If it does not.

    """
    if not names:
        return
    known = list(dict.fromkeys(call.name for call in mapped.calls))
    for name in names:
        if name not in known:
            raise UnusableError(unknown("stage", name, known))


def report_unknown_stages(names: Sequence[str], manager: ArtifactManager) -> None:
    """Name the stages that were to be overwritten and were never called."""
    known = {call.name for record in manager.all_records for call in record.calls}
    for name in names:
        if name not in known:
            message = unknown("stage", name, sorted(known))
            _log.warning("--overwrite-stage %s had no effect: %s", name, message)


def report_differences(plan: RunPlan, manager: ArtifactManager) -> None:
    """Name the calls that only the map had, or only the run."""
    for call in plan.unplanned:
        _log.warning(
            "the map did not have stage %r of %s; it was decided on the spot.",
            call.name,
            call.record.get_reference_name(),
        )
    for call in plan.missing_calls(manager):
        _log.warning(
            "the map had stage %r of %s, which run() did not call this time.",
            call.name,
            call.record.get_reference_name(),
        )
