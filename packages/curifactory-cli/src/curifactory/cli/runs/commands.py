"""The commands about recorded runs."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from curifactory.cli.runs.facts import History
from curifactory.cli.runs.selecting import Selection, find_run, select_runs
from curifactory.cli.runs.showing import comparison_lines, detail_lines, list_lines
from curifactory.cli.terminal import Terminal, counted, warn
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.plugins import EXPORTERS, find

if TYPE_CHECKING:
    from curifactory.cli.runs.removing import Removal

Confirm = Callable[[str], bool]
"""Asks a yes-or-no question."""


def list_runs(
    selection: Selection, configuration: Configuration, out: Terminal, *, form: str = "text"
) -> int:
    """Show the selected runs as a table, or as ``json`` or ``csv``."""
    history = History(configuration.manager_cache_path)
    runs = select_runs(history, selection)
    if form == "json":
        from curifactory.cli.runs.exporting import runs_as_json

        out.line(runs_as_json(runs))
    elif form == "csv":
        from curifactory.cli.runs.exporting import runs_as_csv

        out.line(runs_as_csv(runs).rstrip("\n"))
    elif not runs:
        some = f"none of {counted(len(history.runs), 'recorded run')} fits"
        out.line(some if history.runs else "no runs are recorded here yet")
    else:
        out.lines(list_lines(runs, out))
    return ExitCode.COMPLETE


def show_run(name: str, configuration: Configuration, out: Terminal, *, form: str = "text") -> int:
    """Show everything about one run."""
    from curifactory.cli.runs.details import read_details

    history = History(configuration.manager_cache_path)
    details = read_details(history, find_run(history, name), configuration)
    if form == "json":
        from curifactory.cli.runs.exporting import as_json

        out.line(as_json(details.export()))
        return ExitCode.COMPLETE
    for line in detail_lines(details, out):
        out.line(line)
    return ExitCode.COMPLETE


def compare_runs(
    names: tuple[str, str], configuration: Configuration, out: Terminal, *, form: str = "text"
) -> int:
    """Show what differs between two runs."""
    from curifactory.cli.runs.comparing import Comparison
    from curifactory.cli.runs.details import read_details
    from curifactory.closure.code_store import CodeStore

    history = History(configuration.manager_cache_path)
    first, second = (find_run(history, name) for name in names)
    comparison = Comparison(
        read_details(history, first, configuration),
        read_details(history, second, configuration),
        CodeStore(os.path.join(configuration.manager_cache_path, "code")),
    )
    if form == "json":
        from curifactory.cli.runs.exporting import as_json

        out.line(as_json(comparison.export()))
        return ExitCode.COMPLETE
    for line in comparison_lines(comparison, out):
        out.line(line)
    return ExitCode.COMPLETE


def remove_runs(
    names: Sequence[str],
    configuration: Configuration,
    out: Terminal,
    err: Terminal,
    confirm: Confirm,
) -> int:
    """Remove runs after showing what goes with them; all are found before any is removed.

    Raises
    ------
    BadInputError
        If one is not there or is going on; nothing is removed then.

    """
    from curifactory.cli.runs.removing import plan_removal

    history = History(configuration.manager_cache_path)
    runs = {run.reference: run for run in (find_run(history, name) for name in names)}
    removals = [plan_removal(history, run, configuration) for run in runs.values()]
    for removal in removals:
        out.line(f"{removal.run.reference} ({removal.run.status})")
        for path in removal.paths:
            out.line(f"  {path}{os.sep if os.path.isdir(path) else ''}")
    if not confirm(f"Remove {counted(len(removals), 'run')}? Artifacts in the cache stay."):
        out.line("nothing was removed")
        return ExitCode.COMPLETE
    _remove_all(removals)
    _update_reports(configuration, removals, err)
    out.line(f"removed {counted(len(removals), 'run')}")
    return ExitCode.COMPLETE


def _remove_all(removals: "Sequence[Removal]") -> None:
    from curifactory.cli.runs.removing import remove

    for removal in removals:
        try:
            remove(removal)
        except OSError as error:
            raise BadInputError(
                f"run {removal.run.name} could not be removed: {error}. Mend that and try again; "
                "what is left of it is still listed."
            ) from error


def _update_reports(
    configuration: Configuration, removals: "Sequence[Removal]", err: Terminal
) -> None:
    """Bring the index of reports up to date, if one of them is gone."""
    reports = os.path.normpath(configuration.reports_path)
    gone = [path for removal in removals for path in removal.paths]
    if not any(os.path.normpath(os.path.dirname(path)) == reports for path in gone):
        return
    from curifactory.cli.runs.removing import point_latest_elsewhere

    point_latest_elsewhere(configuration.reports_path)
    source = find(EXPORTERS, "report")
    if source is None:
        warn(err, "the index of reports still lists it; 'curifactory-report' can update it.")
        return
    source().update_index(configuration.reports_path, configuration.report_css_path)
