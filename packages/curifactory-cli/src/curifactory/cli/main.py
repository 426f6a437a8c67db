"""The commands: what was asked for is done, and its outcome becomes an exit code."""

import argparse
import sys
import warnings

from curifactory.cli.cache_commands import CACHE, add_cache_commands, do_cache_command
from curifactory.cli.failures import show_error, show_traceback
from curifactory.cli.parser import (
    ListProject,
    Parser,
    Request,
    ServeReports,
    ShowText,
    parse,
    version_text,
)
from curifactory.cli.terminal import Colour, Terminal, warn
from curifactory.config import Configuration, get_configuration
from curifactory.exceptions import BadInputError, CurifactoryError, MissingPartError
from curifactory.experiment import ExitCode, Terminated
from curifactory.options import RunOptions


def experiment() -> int:
    """Do what the command line of ``experiment`` asks for and return the exit code."""
    out, err = Terminal(sys.stdout), Terminal(sys.stderr)
    request: Request | None = None
    try:
        request = parse(sys.argv[1:])
        return _do(request, out, err)
    except CurifactoryError as error:
        show_error(err, str(error))
        verbose = isinstance(request, RunOptions) and request.verbose
        if verbose and error.__cause__ is not None:
            show_traceback(err, error.__cause__)
        bad_input = isinstance(error, BadInputError | MissingPartError)
        return ExitCode.BAD_INPUT if bad_input else ExitCode.FAILED
    except KeyboardInterrupt as interrupt:
        err.line(err.paint("interrupted", Colour.RED, Colour.BOLD))
        terminated = isinstance(interrupt, Terminated)
        return ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED


def _do(request: Request, out: Terminal, err: Terminal) -> int:
    if isinstance(request, ShowText):
        out.line(request.text.rstrip("\n"))
        return ExitCode.COMPLETE
    configuration = _configuration(err)
    if isinstance(request, ListProject):
        from curifactory.cli.listing import list_project

        for line in list_project(configuration):
            out.line(line)
        return ExitCode.COMPLETE
    if isinstance(request, ServeReports):
        from curifactory.cli.reports import show_reports

        return show_reports(request, configuration, out, err)
    from curifactory.cli.running import map_experiment, run_experiment

    perform = map_experiment if request.map_only else run_experiment
    return perform(request, configuration, out, err)


def _configuration(err: Terminal) -> Configuration:
    """Return the project's configuration, showing what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        configuration = get_configuration()
    for warning in caught:
        warn(err, str(warning.message))
    return configuration


def _curifactory_parser() -> Parser:
    parser = Parser(
        prog="curifactory",
        description="Curifactory, an experiment manager for researchers. Experiments are run with "
        "the 'experiment' command.",
        epilog="See 'experiment --help' for running experiments.",
        allow_abbrev=False,
        add_help=False,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.add_argument("-h", "--help", action="store_true", help="show this help and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    add_cache_commands(commands)
    return parser


def curifactory() -> int:
    """Do what the command line of ``curifactory`` asks for and return the exit code."""
    out, err = Terminal(sys.stdout), Terminal(sys.stderr)
    parser = _curifactory_parser()
    try:
        given = parser.parse_words(sys.argv[1:])
        if given.get("command") == CACHE and "help" not in given:
            return do_cache_command(given, _configuration(err), out)
    except CurifactoryError as error:
        show_error(err, str(error))
        bad_input = isinstance(error, BadInputError)
        return ExitCode.BAD_INPUT if bad_input else ExitCode.FAILED
    out.line((version_text() if "version" in given else parser.format_help()).rstrip("\n"))
    return ExitCode.COMPLETE
