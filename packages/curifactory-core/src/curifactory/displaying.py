"""Showing a session in a notebook: the ``display_*`` methods of the manager.

What they show comes from the part that reports, by the entry point group ``curifactory.displays``:
functions that take the manager and what is to be shown, and return HTML.
"""

from typing import TYPE_CHECKING, Any, cast

from curifactory.exceptions import MissingPartError
from curifactory.plugins import DISPLAYS, find

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.protocols import Reportable
    from curifactory.record import Record

_NO_IPYTHON = (
    "This is shown in notebooks, which need IPython. Run 'pip install ipython', or write a report "
    "with manager.generate_report()."
)


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
        show = find(DISPLAYS, name)
        if show is None:
            raise MissingPartError(
                "displays come with 'curifactory-report'. Run 'pip install curifactory-report'."
            )
        try:
            import IPython.display as ipython
        except ImportError:
            return _NO_IPYTHON
        cast("ArtifactManager", self).store()
        html: Any = ipython.HTML  # publishes no types
        return html(show(self, *shown))
