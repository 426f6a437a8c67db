"""The end of a run: its status, report, full store, notebook and image."""

import logging
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from curifactory.exceptions import (
    BadInputError,
    CacheError,
    CurifactoryError,
    MissingPartError,
    StageFailedError,
)
from curifactory.exiting import ExitCode, Terminated
from curifactory.interrupting import uninterrupted
from curifactory.manager import ArtifactManager
from curifactory.options import RunOptions
from curifactory.plugins import EXPORTERS, require

if TYPE_CHECKING:
    from curifactory.protocols import ImageExporter, NotebookExporter

_log = logging.getLogger(__name__)
failures = logging.getLogger("curifactory.failures")
"""Gets the traceback of a failed run, for its log file; terminals show it in their own way."""


class RunResult(NamedTuple):
    """What came of a run."""

    value: Any
    """What the experiment's ``run()`` returned; ``None`` if it failed or was only mapped."""
    manager: ArtifactManager
    status: str
    """``complete``, ``error``, ``interrupted``, or ``mapped`` where nothing was to be executed."""
    error: BaseException | None = None
    report_path: str | None = None
    """The report's page, where one was written."""
    notebook_path: str | None = None
    """The notebook that loads the results, where one was written."""
    image: str | None = None
    """The name of the image that was built, or the folder with what it is to be built from."""

    @property
    def exit_code(self) -> ExitCode:
        """What a program that did this run should exit with."""
        return exit_code(self.status, self.error)


def exit_code(status: str, error: BaseException | None) -> ExitCode:
    """Return what a program that did a run should exit with."""
    if isinstance(error, Terminated):
        return ExitCode.TERMINATED
    if status == "interrupted" or isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return ExitCode.COMPLETE if error is None else ExitCode.FAILED


class Closing:
    """The end of a run: its status, report, full store, notebook and image.

    Parameters
    ----------
    options
        What was asked of the run.
    manager
        Its session.
    owns_run
        Whether the session's run is this one, and ends with it.

    """

    def __init__(self, options: RunOptions, manager: ArtifactManager, *, owns_run: bool) -> None:
        self.options = options
        self.manager = manager
        self.owns_run = owns_run
        self.image_exporter: ImageExporter | None = None
        """Makes an image of the run, where one is asked for."""

    def close(self, value: Any, status: str, error: BaseException | None) -> RunResult:
        """Record how the run ended, write what is wanted of it, and return what came of it."""
        try:
            return self._export(value, status, *self._report(status, error))
        finally:
            if self.owns_run:
                self.manager.log.close()

    def _report(
        self, status: str, error: BaseException | None
    ) -> tuple[BaseException | None, str | None]:
        """Close the run; return what went wrong first, and the path of the report."""
        manager = self.manager
        path = None
        try:
            if error is not None and manager.log_path is not None:
                failures.error("%s", _describe(error)["traceback"])
            if self.owns_run:
                manager.close_run(status, exit_code=exit_code(status, error), **_describe(error))
            else:
                manager.run.error = _describe(error).get("error")
            if self.options.report and manager.run.recorded:
                path = _write_report(manager, self.options.report_file)
        except Exception as failure:  # noqa: BLE001 - the result carries it on
            failure.add_note(f"while the report of run {manager.get_reference_name()} was written")
            error = error or failure
        return error, path

    def _export(
        self, value: Any, status: str, error: BaseException | None, report_path: str | None
    ) -> RunResult:
        """Complete the full store, and write notebook and image where they are asked for."""
        manager = self.manager
        not_kept = _close_full_store(manager, report_path)
        notebook, not_written, image = None, None, None
        if self.options.build_notebook and self.owns_run and manager.run.recorded:
            notebook, not_written = _write_notebook(manager)
        error = error or not_kept or not_written
        if self.image_exporter is not None:
            image, not_built = _make_image(self.image_exporter, manager, error)
            error = error or not_built
        return RunResult(value, manager, status, error, report_path, notebook, image)

    def break_off(self, value: Any, interrupt: KeyboardInterrupt) -> RunResult:
        """Leave what is not written yet; what is known of the run so far stays as it is."""
        manager = self.manager
        status = manager.status if self.owns_run else "interrupted"
        with uninterrupted():
            if self.owns_run and status == "incomplete":
                status = "interrupted"
                code = exit_code(status, interrupt)
                manager.close_run(status, exit_code=code, **_describe(interrupt))
            not_kept = _close_full_store(manager, None)
            if self.owns_run:
                manager.log.close()
        if not_kept is not None:
            interrupt.add_note(str(not_kept))
        return RunResult(value, manager, status, interrupt)


def require_own_store(options: RunOptions, manager: ArtifactManager | None) -> None:
    """Make sure that a run will have a full store that an image can be made of.

    Parameters
    ----------
    options
        What is asked of the run.
    manager
        The session that it is to be part of, if there is one already.

    Raises
    ------
    BadInputError
        If it will not.

    """
    is_part = manager is not None and (manager.run.recorded or manager.status == "LIVE")
    if options.dry or is_part:
        what = "a dry run" if options.dry else "a session that goes on"
        raise BadInputError(
            f"an image is built from what a run stores, and {what} has no full store of its own. "
            "Leave out --docker and --docker-context, or run the experiment without the other."
        )


def image_exporter(options: RunOptions, manager: ArtifactManager) -> "ImageExporter":
    """Return what makes an image of the run, once it is sure that it can.

    Raises
    ------
    BadInputError
        If there is nothing that can build it, or it would miss something.

    """
    source = require(EXPORTERS, "image", "images come", "curifactory-cli")
    notebook_exporter()  # an image has a notebook
    exporter: ImageExporter = source(options)
    exporter.check(manager)
    return exporter


def _make_image(
    exporter: "ImageExporter", manager: ArtifactManager, error: BaseException | None
) -> tuple[str | None, Exception | None]:
    """Return the image of the run, and why there is none if it cannot be made."""
    if error is not None:
        _log.warning("No image: something failed before.")
        return None, None
    try:
        return exporter.export(manager), None
    except (CurifactoryError, OSError) as failure:
        failure.add_note(f"while the image of run {manager.get_reference_name()} was made")
        return None, failure


def _write_notebook(manager: ArtifactManager) -> tuple[str | None, OSError | None]:
    """Return the path of the run's notebook, and why there is none if it cannot be written."""
    try:
        return notebook_exporter().export(manager), None
    except OSError as failure:
        failure.add_note(f"while the notebook of {manager.get_reference_name()} was written")
        return None, failure


def notebook_exporter() -> "NotebookExporter":
    """Return what writes notebooks.

    Raises
    ------
    MissingPartError
        If it, or what it needs, is not installed.

    """
    source = require(EXPORTERS, "notebook", "notebooks come", "curifactory-report")
    exporter: NotebookExporter = source()
    return exporter


def _close_full_store(manager: ArtifactManager, report_path: str | None) -> Exception | None:
    """Complete the run's full store, if it has one; return why that failed, or nothing."""
    try:
        if manager.full_store is not None:
            manager.full_store.close(report_path)
    except CacheError as failure:
        return failure
    return None


def _describe(error: BaseException | None) -> dict[str, str]:
    """Return ``Class - message`` and the traceback of what ended a run."""
    if error is None:
        return {}
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    if isinstance(error, StageFailedError) and error.traceback:
        lines = [error.traceback]
    return {"error": f"{type(error).__name__} - {error}", "traceback": "".join(lines)}


def _write_report(manager: ArtifactManager, single_file: str | None) -> str | None:
    try:
        return manager.generate_report(single_file)
    except MissingPartError as error:
        _log.warning("No report: %s", error)
        return None
