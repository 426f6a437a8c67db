"""What went wrong, in words, with the user's part of the traceback."""

import os
import re
import traceback
from typing import TYPE_CHECKING

import curifactory
from curifactory.cli.terminal import Colour, Terminal
from curifactory.exceptions import CurifactoryError, ExecutorLostError, StageFailedError

if TYPE_CHECKING:
    from curifactory.experiment import RunResult


def show_error(terminal: Terminal, message: str) -> None:
    """Write ``message`` as one line, however many it has."""
    terminal.line(
        f"{terminal.paint('error:', Colour.RED, Colour.BOLD)} {' '.join(message.split())}"
    )


def describe_os_error(error: OSError) -> str:
    """Return what the system did not let us do, and with which file."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the current folder is not there any more. Change into one that is, and try again."
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"the system says: {reason}."
    hint = " Check who may read and write it." if isinstance(error, PermissionError) else ""
    return f"{os.fspath(error.filename)!r} cannot be used: {reason}.{hint}"


def show_traceback(terminal: Terminal, error: BaseException) -> None:
    """Write the whole traceback of ``error``."""
    terminal.line("".join(traceback.format_exception(error)).rstrip("\n"))


def show_failure(terminal: Terminal, result: "RunResult", *, verbose: bool) -> None:
    """Write where the experiment failed, and the traceback.

    Frames of curifactory itself are left out, unless ``verbose`` or there are no others.
    """
    if result.error is None:
        return
    if isinstance(result.error, ExecutorLostError):
        show_error(terminal, str(result.error))
        return
    note = _own_note(result)
    show_error(terminal, f"{_place(result, note)}:")
    if isinstance(result.error, StageFailedError):
        error = result.error
        text = (error.traceback if verbose else error.own_traceback) or f"{_name(error)}: {error}"
        others = [note_ for note_ in getattr(error, "__notes__", ()) if note_ != note]
        terminal.line("\n".join([text.rstrip("\n"), *others]))
        return
    if result.status == "complete" and isinstance(result.error, CurifactoryError) and not verbose:
        terminal.line(str(result.error))
        return
    trace = traceback.TracebackException.from_exception(result.error)
    if note:
        trace.__notes__ = [other for other in trace.__notes__ or [] if other != note]
    if not verbose:
        if isinstance(result.error, CurifactoryError) and not _passes(
            trace.__cause__, result.manager.config.root
        ):
            trace.__cause__ = None  # the message tells it in words
        _keep_user_frames(trace)
    terminal.line("".join(trace.format()).rstrip("\n"))


def _name(error: BaseException) -> str:
    return type(error).__name__


def _place(result: "RunResult", note: str | None) -> str:
    """Return what failed."""
    name = result.manager.experiment_name
    if note:
        return f"{note.removeprefix('in ')} failed"
    if result.status == "error":
        return f"run() of experiment {name!r} failed, outside its stages"
    notes = " ".join(getattr(result.error, "__notes__", ()))
    found = re.search(r"while the (report|notebook|image) of ", notes)
    what = found[1] if found else "full store"
    return f"experiment {name!r} is {result.status}, but its {what} could not be written"


def show_interruption(terminal: Terminal, result: "RunResult") -> None:
    """Write that the run was interrupted, and in which stage or after what."""
    note = _own_note(result)
    if result.status == "complete":
        note = "after all stages; they are complete, and report and what follows it were left out"
    word = terminal.paint("interrupted", Colour.RED, Colour.BOLD)
    terminal.line(f"{word} {note}" if note else word)


def _own_note(result: "RunResult") -> str | None:
    """Return the note that names the stage in which the error was raised first."""
    manager, error = result.manager, result.error
    calls = (call for record in manager.all_records for call in record.calls)
    ours = {f"in {manager.describe_call(call)}" for call in calls if call.error is error}
    return next((note for note in getattr(error, "__notes__", ()) if note in ours), None)


def _passes(trace: traceback.TracebackException | None, folder: str) -> bool:
    """Tell whether code below ``folder``, other than curifactory's, had a part in ``trace``."""
    root = f"{os.path.abspath(folder)}{os.sep}"
    frames = [] if trace is None else trace.stack
    return any(
        os.path.abspath(frame.filename).startswith(root) and not _is_ours(frame.filename)
        for frame in frames
    )


def _keep_user_frames(trace: traceback.TracebackException) -> None:
    """Drop curifactory's frames from ``trace`` and from all that it was raised from."""
    own = [frame for frame in trace.stack if not _is_ours(frame.filename)]
    if own:
        trace.stack = traceback.StackSummary.from_list(own)
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _keep_user_frames(other)


def _is_ours(path: str) -> bool:
    return path.startswith(
        tuple(f"{os.path.abspath(root)}{os.sep}" for root in curifactory.__path__)
    )
