"""Removing a run: its journal, logs, report and full store, and nothing that others use."""

import glob
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from curifactory.cli.runs.facts import History, RecordedRun
from curifactory.config import Configuration
from curifactory.environment import is_alive
from curifactory.exceptions import BadInputError
from curifactory.paths import require_inside, safe_component


@dataclass(frozen=True)
class Removal:
    """What goes when a run is removed."""

    run: RecordedRun
    paths: Sequence[str]
    """Files and folders, the journal last: until that is gone the run can be removed again."""


def plan_removal(history: History, run: RecordedRun, configuration: Configuration) -> Removal:
    """Return what belongs to ``run`` alone.

    Raises
    ------
    BadInputError
        If the run is still going on.

    """
    process = str(run.summary.get("process", "-0-0"))
    if not run.summary.get("closed") and is_alive(process):
        host = process.rsplit("-", 2)[0]
        raise BadInputError(
            f"run {run.name} is going on, on {host!r}; it cannot be removed before it ends. If it "
            f"was killed on another machine, remove {run.journal_path(history.manager_cache_path)} "
            "by hand."
        )
    name = safe_component(run.reference)
    paths = [
        *_logs(configuration.logs_path, name),
        require_inside(os.path.join(configuration.reports_path, name), configuration.reports_path),
        require_inside(os.path.join(configuration.runs_path, name), configuration.runs_path),
        run.journal_path(history.manager_cache_path),
    ]
    return Removal(run, [path for path in paths if os.path.lexists(path)])


def _logs(folder: str, name: str) -> list[str]:
    """Return the log of a run and those of its worker processes."""
    own = re.compile(rf"{re.escape(name)}(_[0-9]+-[0-9]+|_p[0-9]+)?\.log")
    found = glob.glob(f"{glob.escape(os.path.join(folder, name))}*.log")
    return sorted(path for path in found if own.fullmatch(os.path.basename(path)))


def remove(removal: Removal) -> None:
    """Remove everything that ``removal`` lists; links are removed, not what they lead to.

    Raises
    ------
    OSError
        If something cannot be removed; the journal is then still there.

    """
    for path in removal.paths:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def point_latest_elsewhere(reports: str) -> None:
    """Let ``_latest`` lead to the newest report that is left, if it led to one that is gone."""
    latest = os.path.join(reports, "_latest")
    if not os.path.islink(latest) or os.path.exists(latest):
        return
    left = [
        entry
        for entry in os.scandir(reports)
        if os.path.isfile(os.path.join(entry.path, "run_info.json"))
    ]
    os.unlink(latest)
    if left:
        newest = max(left, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))
        os.symlink(newest.name, latest, target_is_directory=True)
