"""The commands: what was asked for is done, and its outcome becomes an exit code.

What a command needs is imported once it is known which one it is: the help, and completion with
the tab key, do not wait for what runs experiments.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from curifactory.cli.commands import (
    CURIFACTORY,
    EXPERIMENT,
    MAP,
    RUN,
    Context,
    list_commands,
    run_command,
    split_command,
)
from curifactory.cli.parser import (
    NO_COLOUR,
    CommandLineError,
    Parser,
    add_colour_option,
    describe_unknown,
    plain_parser,
)
from curifactory.cli.terminal import Colour, Terminal
from curifactory.exceptions import BadInputError, CurifactoryError, MissingPartError
from curifactory.exiting import ExitCode, Terminated

if TYPE_CHECKING:
    from curifactory.cli.request import WithNotes
    from curifactory.options import RunOptions


def experiment() -> int:
    """Do what the command line of ``experiment`` asks for and return the exit code."""
    return _guarded("experiment", _experiment)


def curifactory() -> int:
    """Do what the command line of ``curifactory`` asks for and return the exit code."""
    return _guarded("curifactory", _curifactory)


def _guarded(program: str, perform: Callable[[Sequence[str], Context], int]) -> int:
    """Let ``perform`` do what was asked, and turn what goes wrong into words and a code."""
    gc.freeze()  # what is imported stays
    if "_ARGCOMPLETE" in os.environ:
        from curifactory.cli.completion.answering import answer

        return answer(program)
    context = Context(Terminal(sys.stdout), Terminal(sys.stderr))
    err = context.err
    if NO_COLOUR in sys.argv[1:]:
        context.out.colours = err.colours = False
    try:
        return perform(sys.argv[1:], context)
    except CurifactoryError as error:
        from curifactory.cli.failures import show_error, show_traceback

        show_error(err, str(error))
        if context.verbose and error.__cause__ is not None:
            show_traceback(err, error.__cause__)
        bad_input = isinstance(error, BadInputError | MissingPartError)
        return ExitCode.BAD_INPUT if bad_input else ExitCode.FAILED
    except OSError as error:
        from curifactory.cli.failures import describe_os_error, show_error, show_traceback

        show_error(err, describe_os_error(error))
        if context.verbose:
            show_traceback(err, error)
        return ExitCode.FAILED
    except KeyboardInterrupt as interrupt:
        err.line(err.paint("interrupted", Colour.RED, Colour.BOLD))
        terminated = isinstance(interrupt, Terminated)
        return ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED


def _experiment(words: Sequence[str], context: Context) -> int:
    found = split_command("experiment", EXPERIMENT, words)
    if found is not None:
        return run_command("experiment", *found, context)
    from curifactory.cli.request import ShowText, parse

    try:
        request = parse(words, list_commands(EXPERIMENT))
    except CommandLineError as error:
        if words[0:1] in ([RUN], [MAP]):
            raise
        from curifactory.cli.hinting import hint_at_command

        raise CommandLineError(f"{error}{hint_at_command(words)}") from error.__cause__
    if isinstance(request, ShowText):
        context.out.line(request.text.rstrip("\n"))
        return ExitCode.COMPLETE
    return _run(request, words, context)


def _require_experiment(name: str, words: Sequence[str], context: Context) -> None:
    """Make sure that the experiment's file is there, or say which command may be meant."""
    from curifactory.importing import require_experiment

    try:
        require_experiment(context.configuration, name)
    except BadInputError as error:
        from curifactory.cli.hinting import hint_at_command

        hint = "" if words[0] in {RUN, MAP} else hint_at_command(words, name)
        raise BadInputError(f"{error}{hint}") from error.__cause__


@contextmanager
def _imported_for_good() -> Iterator[None]:
    """Keep what the block imports away from the collection of garbage.

    It stays to the end of the process. Looking through it again and again, at the end too, was a
    tenth of a small run.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def _run(request: "RunOptions | WithNotes", words: Sequence[str], context: Context) -> int:
    from curifactory.cli.request import WithNotes

    options = request.options if isinstance(request, WithNotes) else request
    context.verbose = options.verbose
    configuration = context.configuration
    _require_experiment(options.experiment, words, context)
    with _imported_for_good():
        from curifactory.cli.running import map_experiment, print_instead, run_experiment

    if options.hashes_only or options.print_params:
        return print_instead(options, context.out)
    if options.only_maps:
        return map_experiment(options, configuration, context.out, context.err)
    if isinstance(request, WithNotes):
        from curifactory.cli.notes import ask_for_notes

        options = options._replace(notes=ask_for_notes(options.experiment))
    return run_experiment(options, configuration, context.out, context.err)


def _curifactory(words: Sequence[str], context: Context) -> int:
    found = split_command("curifactory", CURIFACTORY, words)
    if found is not None:
        return run_command("curifactory", *found, context)
    from curifactory.cli.request import version_text

    parser = _curifactory_parser()
    if words and not words[0].startswith("-"):
        names = [each.name for each in CURIFACTORY]
        parser.error(describe_unknown("command", words[0], names))
    given = parser.parse_words(words)
    context.out.line((version_text() if "version" in given else parser.format_help()).rstrip("\n"))
    return ExitCode.COMPLETE


def _curifactory_parser() -> Parser:
    commands = f"\n\ncommands:\n{list_commands(CURIFACTORY)}" if CURIFACTORY else ""
    parser = plain_parser(
        "curifactory",
        "Curifactory, an experiment manager for researchers. Experiments are run with\n"
        f"the 'experiment' command.{commands}",
        "See 'experiment --help' for running experiments.",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    add_colour_option(parser)
    return parser
