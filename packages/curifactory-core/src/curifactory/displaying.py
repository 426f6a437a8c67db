"""Showing a session: what was reported, its report, and the ``display_*`` methods for notebooks.

What these show comes from the part that reports, by the entry point group ``curifactory.displays``:
functions that take the manager and what is to be shown, and return HTML.
"""

from typing import TYPE_CHECKING, Any, cast

from curifactory.plugins import DISPLAYS, EXPORTERS, require

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.logs import RunLog
    from curifactory.manager import ArtifactManager
    from curifactory.mapping import Map
    from curifactory.protocols import (
        Exporter,
        FullStore,
        Reportable,
    )
    from curifactory.record import Record
    from curifactory.reportables import Reportables
    from curifactory.scratch import Scratch

_NO_IPYTHON = (
    "This is shown in notebooks, which need IPython. Run 'pip install ipython', or write a report "
    "with manager.generate_report()."
)


class SessionReports:
    """The part of a manager that keeps what its stages report, and writes the report."""

    if TYPE_CHECKING:
        reported: Reportables
        scratch: Scratch | None
        mapping: Map | None
        log: RunLog
        dry: bool
        parallel_mode: bool

        @property
        def status(self) -> str:
            """``LIVE``, ``incomplete``, ``complete``, ``error`` or ``interrupted``."""

        @property
        def full_store(self) -> FullStore | None:
            """The folder with everything of the run; ``None`` if it has none."""

    @property
    def reportables(self) -> "list[Reportable]":
        """Everything reported so far, in report order."""
        return self.reported.all

    def add_reportable(self, reportable: "Reportable", call: "StageCall") -> None:
        """Show ``reportable`` in the report, under the stage of ``call``."""
        self.reported.add(reportable, call)

    def restore_reportables(self, call: "StageCall") -> None:
        """Show again what ``call`` reported when it was executed."""
        kept = None if self.scratch is None else self.scratch.load_reportables(call)
        if kept is None:
            self.reported.restore(call)
        for reportable in kept or ():
            self.reported.add(reportable, call)

    def get_grouped_reportables(self) -> "dict[str, list[Reportable]]":
        """Return the reportables that have a group, by group in the order they were first seen."""
        return self.reported.groups()

    def get_reportable_groups(self) -> list[str | None]:
        """Return the groups in the order they were first seen; ``None`` for reportables without."""
        return list(dict.fromkeys(reportable.group for reportable in self.reportables))

    def get_ungrouped_reportables(self) -> "list[Reportable]":
        """Return the reportables without a group, in the order they were reported."""
        return [reportable for reportable in self.reportables if reportable.group is None]

    def generate_report(self, single_file: str | None = None) -> str | None:
        """Write the run's HTML report and the index of all reports; nothing without a run.

        Parameters
        ----------
        single_file
            Where to write the report as one HTML file besides, to send to somebody.

        Returns
        -------
        str or None
            Path of the report's page.

        Raises
        ------
        MissingPartError
            Without curifactory-report.

        """
        if self.dry or self.parallel_mode or self.mapping is not None:
            return None
        exporter: Exporter = require(EXPORTERS, "report", "reports come", "curifactory-report")()
        with self.log:
            page = exporter.export(cast("ArtifactManager", self))
        if single_file is not None:
            exporter.export_single_file(page, single_file)
        if self.status == "LIVE" and self.full_store is not None:
            self.full_store.close(page)
        return page


class NotebookDisplays:
    """What :class:`~curifactory.ArtifactManager` shows in notebooks.

    Each method returns an ``IPython.display.HTML`` that needs neither files nor a network, or,
    where IPython is not installed, a text that says so. All raise :class:`MissingPartError`
    without curifactory-report.
    """

    def display_info(self) -> Any:
        """Show the top of the report: number, commit, parameter sets and status of the run."""
        return self._display("info")

    def display_all_reportables(self) -> Any:
        """Show everything that was reported, by group."""
        return self._display("all_reportables")

    def display_record_reportables(self, record: "Record") -> Any:
        """Show what the stages of ``record`` reported."""
        return self._display("record_reportables", record)

    def display_group_reportables(self, group_name: str) -> Any:
        """Show the reportables of a group."""
        return self._display("group_reportables", group_name)

    def display_stage_reportables(self, stage_name: str) -> Any:
        """Show what the stages of this name reported, on every record."""
        return self._display("stage_reportables", stage_name)

    def display_reportable(self, reportable: "Reportable") -> Any:
        """Show one reportable."""
        return self._display("reportable", reportable)

    def display_stage_graph(self) -> Any:
        """Show the map of all records, stages and artifacts."""
        return self._display("stage_graph")

    def _display(self, name: str, *shown: Any) -> Any:
        show = require(DISPLAYS, name, "displays come", "curifactory-report")
        try:
            import IPython.display as ipython
        except ImportError:
            return _NO_IPYTHON
        cast("ArtifactManager", self).store()
        html: Any = ipython.HTML  # publishes no types
        return html(show(self, *shown))
