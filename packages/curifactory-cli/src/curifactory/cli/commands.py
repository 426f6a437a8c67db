"""The sub-commands of ``experiment`` and ``curifactory``, imported when they are asked for.

The module of one has two functions: ``add_arguments(parser)`` declares what the command takes, and
``perform(given, context)`` does it, with the arguments that were given, and returns an exit code.
A new command is a module and a line in one of the tables below.
"""

import argparse
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from curifactory.cli.parser import (
    CommandLineError,
    HelpFormatter,
    Parser,
    add_colour_option,
    plain_parser,
)
from curifactory.cli.terminal import Terminal, warn

if TYPE_CHECKING:
    from curifactory.config import Configuration

RUN, MAP = "run", "map"
"""Words before an experiment's name that say what happens to it."""


class Command:
    """A sub-command.

    Parameters
    ----------
    name, summary
        Its word, and what it does in a few words, for the help.
    module
        Where it is, below ``curifactory.cli``.

    """

    def __init__(self, name: str, summary: str, module: str) -> None:
        self.name, self.summary, self.module = name, summary, module


EXPERIMENT = (
    Command("ls", "list experiments and parameter files", "listing"),
    Command("reports", "show the reports in a browser", "reports"),
    Command("runs", "list, show, compare and remove recorded runs", "runs.command_line"),
)
"""Sub-commands of ``experiment``, besides ``run`` and ``map``, which take the options of a run."""

CURIFACTORY = (
    Command("init", "make a project in this folder", "init_command"),
    Command("config", "show the configuration, and where it comes from", "config_command"),
    Command("doctor", "check the project, and say what to do", "doctor"),
    Command("runs", "list, show, compare and remove recorded runs", "runs.command_line"),
    Command("cache", "look after what is cached", "caches.commands"),
    Command("completion", "complete words with the tab key", "completion.installing"),
)
"""Sub-commands of ``curifactory``."""


class Context:
    """What a command works with.

    Parameters
    ----------
    out
        Where results are shown.
    err
        Where warnings and errors are shown.

    """

    def __init__(self, out: Terminal, err: Terminal) -> None:
        self.out = out
        self.err = err
        self.verbose = False
        """Whether to show what is behind an error."""

    @cached_property
    def configuration(self) -> "Configuration":
        """The project's configuration, read when first asked for; its warnings are shown then.

        Raises
        ------
        ConfigurationError
            If it makes no sense.

        """
        import warnings

        from curifactory.config import get_configuration

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            configuration = get_configuration()
        for warning in caught:
            warn(self.err, str(warning.message))
        return configuration


class CommandModule(Protocol):
    """A module with a command."""

    @staticmethod
    def add_arguments(parser: Parser) -> None:
        """Declare what the command takes."""

    @staticmethod
    def perform(given: dict[str, Any], context: Context) -> int:
        """Do what was asked for and return an exit code.

        Parameters
        ----------
        given
            The arguments by name; those that were not given are not there.
        context
            What to work with.

        """


def find_command(commands: Sequence[Command], words: Sequence[str]) -> Command | None:
    """Return the command that ``words`` begin with, ``None`` if they begin with something else."""
    return next((command for command in commands if words[:1] == [command.name]), None)


def split_command(
    program: str, commands: Sequence[Command], words: Sequence[str]
) -> tuple[Command, list[str]] | None:
    """Return the command that ``words`` ask for and what else they say, or ``None``.

    Options of the command may come before it.
    """
    command = find_command(commands, words)
    if command is not None:
        return command, list(words[1:])
    if not words or not words[0].startswith("-"):
        return None
    for place, word in enumerate(words):
        command = find_command(commands, [word])
        others = [*words[:place], *words[place + 1 :]]
        if command is not None and _takes(program, command, others):
            return command, others
    return None


def _takes(program: str, command: Command, words: Sequence[str]) -> bool:
    try:
        command_parser(program, command).parse_words(words)
    except CommandLineError:
        return False
    return True


def run_command(program: str, command: Command, words: Sequence[str], context: Context) -> int:
    """Do what ``words`` ask of ``command`` and return an exit code.

    Parameters
    ----------
    program
        Name of the command it belongs to.
    command
        The sub-command.
    words
        What follows its name.
    context
        What it works with.

    Raises
    ------
    CommandLineError
        If the words make no sense.

    """
    parser = command_parser(program, command)
    given = parser.parse_words(words)
    if given.pop("help", False):
        context.out.line(parser.format_help().rstrip("\n"))
        return 0
    given.pop("no_color", None)  # seen to by the terminals
    if parser.actions() and given.get("action") is None:
        parser.error(f"what to do? There is {', '.join(parser.actions())}")
    return _module(command).perform(given, context)


def command_parser(program: str, command: Command) -> Parser:
    """Return the parser of ``command``, which is one of ``program``."""
    parser = plain_parser(f"{program} {command.name}", f"{command.summary.capitalize()}.")
    add_colour_option(parser)
    _module(command).add_arguments(parser)
    return parser


def _module(command: Command) -> CommandModule:
    module: Any = import_module(f"curifactory.cli.{command.module}")
    return cast("CommandModule", module)


def add_actions(parser: Parser) -> "argparse._SubParsersAction[Parser]":
    """Return where to add what can be done, each a parser; the one that is given is ``action``."""
    return parser.add_subparsers(dest="action", metavar="COMMAND", title="commands")


def add_action(
    actions: "argparse._SubParsersAction[Parser]", name: str, summary: str, description: str = ""
) -> Parser:
    """Add something that can be done, and return its parser.

    Parameters
    ----------
    actions
        From :func:`add_actions`.
    name, summary
        The word for it, and what it does in a few words.
    description
        What its help says; by default the summary.

    """
    parser = actions.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    add_colour_option(parser)
    return parser


def list_commands(commands: Sequence[Command]) -> str:
    """Return a line for each command, for the help."""
    width = max(len(command.name) for command in commands)
    return "\n".join(f"  {command.name:{width}}  {command.summary}" for command in commands)
