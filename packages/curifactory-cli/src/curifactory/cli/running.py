"""Running and mapping an experiment, with all that is shown of it."""

import atexit
import gc
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from curifactory.calls import CallStatus
from curifactory.cli.console import LogMessages, PlainLog, RunLines, Silence
from curifactory.cli.summary import summarise_run
from curifactory.cli.terminal import Colour, Terminal
from curifactory.closing import RunResult
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError, CurifactoryError
from curifactory.exiting import ExitCode
from curifactory.hooks import RunHook
from curifactory.importing import unknown
from curifactory.manager import ArtifactManager
from curifactory.mapping import RunPlan
from curifactory.options import RunOptions
from curifactory.running import run


class BrokenOffError(CurifactoryError):
    """A run came to an end that is neither success nor failure of its experiment."""


def run_experiment(
    options: RunOptions, configuration: Configuration, out: Terminal, err: Terminal
) -> int:
    """Run an experiment, show how it goes and return the exit code."""
    started = time.monotonic()
    lines = _choose_lines(options, out)
    if options.log_errors:
        from curifactory.cli.error_log import logged_errors

        with logged_errors() as hook:
            result = _run(options, configuration, lines, hook)
    else:
        result = _run(options, configuration, lines)
    _show_error(result, options, err)
    _end_quickly(result.manager)
    if result.manager.scratch is not None:
        result.manager.scratch.remove()
    if options.quiet:
        return result.exit_code
    colour = Colour.GREEN if result.error is None else Colour.YELLOW
    out.line(out.paint(summarise_run(result.manager, time.monotonic() - started), colour))
    if result.report_path is not None:
        out.line(f"report: {result.report_path}")
        if options.report_file is not None:
            out.line(f"report to send: {options.report_file}")
    if result.notebook_path is not None:
        out.line(f"notebook: {result.notebook_path}")
    if result.image is not None:
        out.line(_about_image(result.image, options))
    return result.exit_code


def _end_quickly(manager: ArtifactManager) -> None:
    """Let the interpreter look for no garbage when it ends, in a process that executed nothing.

    That would take as long as mapping does. What stages leave in reference cycles, however, is
    closed that way.
    """
    calls = [call for record in manager.all_records for call in record.calls]
    if all(call.status in _NOT_EXECUTED for call in calls):
        atexit.register(gc.freeze)


_NOT_EXECUTED = frozenset({CallStatus.PENDING, CallStatus.SKIPPED, CallStatus.LOADED})


def _about_image(image: str, options: RunOptions) -> str:
    if options.build_docker:
        return f"image: {image}, for 'docker run --rm -p 8000:8000 {image}'"
    import shlex  # only for this message

    return f"build context: {image}, for 'sh {shlex.quote(image)}/docker/run/build.sh'"


def _choose_lines(options: RunOptions, out: Terminal) -> LogMessages:
    """Return what shows the run as it goes on."""
    if options.progress and options.dag and out.width is not None:
        from curifactory.cli.progress import ProgressBars

        return ProgressBars(out, quiet=options.quiet)
    if options.quiet:
        return Silence(out)
    return PlainLog(out) if options.plain else RunLines(out, verbose=options.verbose)


def print_instead(options: RunOptions, out: Terminal) -> int:
    """Print hashes or parameters of the experiment's parameter sets, and return the exit code."""
    from curifactory.cli.printing import hash_lines, parameter_lines

    lines = hash_lines if options.hashes_only else parameter_lines
    with _no_byte_code():
        for line in list(lines(options)):
            out.line(line)
    return ExitCode.COMPLETE


def map_experiment(
    options: RunOptions, configuration: Configuration, out: Terminal, err: Terminal
) -> int:
    """Show what a run would do, writing nothing, and return the exit code."""
    with _no_byte_code():
        result = _run(options, configuration, Silence(err) if options.quiet else LogMessages(err))
    _show_error(result, options, err)
    if result.error is not None:
        return result.exit_code
    _end_quickly(result.manager)
    plan = result.manager.plan
    if plan is None:
        raise BrokenOffError(
            f"there is no map of {options.experiment!r}: its run() reads results between stages, "
            "so only a run can tell what comes next. Read results inside stages to have one."
        )
    if options.why is not None:
        known = list(dict.fromkeys(call.name for call in plan.mapped.calls))
        if options.why not in known:
            raise BadInputError(unknown("stage", options.why, known))
    lines = _map_lines(plan, result.manager, options)
    if out.width is not None and not (options.json or options.paths_only):
        lines = _folded(lines, out.width)
    out.lines(lines)
    return ExitCode.COMPLETE


def _folded(texts: Iterable[str], width: int) -> Iterator[str]:
    """Yield the lines of texts, broken between words where a terminal would break them anywhere."""
    from curifactory.cli.table import wrapped

    for line in (line for text in texts for line in text.split("\n")):
        shown = line.expandtabs()
        yield from wrapped(line, width, len(shown) - len(shown.lstrip()) + 4)


def _map_lines(plan: RunPlan, manager: ArtifactManager, options: RunOptions) -> Iterator[str]:
    if options.paths_only:
        from curifactory.experiment import artifact_paths

        yield from artifact_paths(manager)
    elif options.json:
        from curifactory.cli.map_data import map_as_data

        yield json.dumps(map_as_data(plan, manager, options.why), indent=2)
    else:
        from curifactory.cli.map_view import MapView

        view = MapView(plan)
        if options.why is not None:
            yield from view.lines_about(options.why)
        else:
            yield from view.lines(manager.all_records, verbose=options.verbose)


def _run(
    options: RunOptions, configuration: Configuration, lines: LogMessages, *hooks: RunHook
) -> RunResult:
    try:
        return run(options, configuration=configuration, hooks=[lines, *hooks])
    except OSError as error:
        from curifactory.cli.failures import describe_os_error

        raise BrokenOffError(
            f"the run could not write its files: {describe_os_error(error)} 'curifactory doctor' "
            "looks at every folder, and --dry runs without writing any."
        ) from error
    finally:
        lines.close()


def _show_error(result: RunResult, options: RunOptions, err: Terminal) -> None:
    if result.error is None:
        return
    from curifactory.cli.failures import show_failure, show_interruption

    if isinstance(result.error, KeyboardInterrupt):
        show_interruption(err, result)
    else:
        show_failure(err, result, verbose=options.verbose)


@contextmanager
def _no_byte_code() -> Iterator[None]:
    """Import modules inside the block without leaving ``__pycache__`` folders behind."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
