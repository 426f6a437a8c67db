"""What is told of what happens in a run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager


class RunHook:
    """Is told what happens in a run; override what you need.

    Hooks come from the entry point group ``curifactory.run_hooks`` (a callable without arguments
    that returns one) or from the ``hooks`` argument of a run.
    """

    def run_opening(self, manager: "ArtifactManager") -> None:
        """Take note that the run is about to get its number; its log takes handlers already."""

    def run_started(self, manager: "ArtifactManager") -> None:
        """Take note that the run is open and its parameter sets are known."""

    def stage_started(self, call: "StageCall") -> None:
        """Take note that a stage's function is about to be called."""

    def stage_finished(self, call: "StageCall") -> None:
        """Take note that a call was executed, loaded or skipped, or failed."""

    def run_finished(self, manager: "ArtifactManager") -> None:
        """Take note that the run's status is final; its report is not written yet."""

    def image_progressed(self, step: str) -> None:
        """Take note of the next step of making an image of the run."""
