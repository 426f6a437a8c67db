"""A parser on top of argparse: what is wrong with a command line in one line, with a hint."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from curifactory.cli.terminal import columns
from curifactory.exceptions import BadInputError


class CommandLineError(BadInputError):
    """The words on the command line make no sense together."""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Lays out help; argparse makes one for each argument, which must not take long."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **{"width": columns() - 2, **keywords})


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong as one line, with the nearest valid spelling."""

    def error(self, message: str) -> NoReturn:
        """Raise ``message``, and where to read on."""
        message = message.replace("ignored explicit argument", "takes no value, but was given")
        stop = "" if message.endswith("?") else "."
        raise CommandLineError(f"{message}{stop} See '{self.prog} --help'.")

    def parse_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the options that ``words`` give, and no others.

        Raises
        ------
        CommandLineError
            If an option or a word is too many, or a value does not fit.

        """
        namespace, unknown = self.parse_known_args(words)
        given = vars(namespace)
        parser = self.actions().get(given.get("action", ""), self)
        for word in unknown:
            if word.startswith("-"):
                option = word.partition("=")[0]
                parser.error(self._unknown_option(option, list(parser.options())))
        if unknown:
            parser.error(f"unexpected argument {unknown[0]!r}")
        return given

    def knows(self, option: str) -> bool:
        """Tell whether there is an option of this spelling."""
        return option in self._option_string_actions

    def actions(self) -> dict[str, "Parser"]:
        """Return the parsers of what can be done, by the words for it; empty for most commands."""
        found = (each for each in self._actions if isinstance(each, argparse._SubParsersAction))
        return {name: parser for each in found for name, parser in each.choices.items()}

    def options(self) -> dict[str, argparse.Action]:
        """Return what each option does, by its spelling."""
        return dict(self._option_string_actions)

    def _unknown_option(self, option: str, known: Sequence[str]) -> str:
        import difflib

        owners = [name for name, parser in self.actions().items() if parser.knows(option)]
        if owners:
            return f"option {option!r} belongs to {' and '.join(map(repr, owners))}"
        near = [name for name in known if name.startswith(option)][:2]
        near = near or difflib.get_close_matches(option, known, n=2)
        hint = f". Did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"unknown option {option!r}{hint}"

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices of ``action``, naming the nearest one."""
        if action.choices is not None and value not in action.choices:
            what = "command" if isinstance(action, argparse._SubParsersAction) else "value"
            raise argparse.ArgumentError(
                None if what == "command" else action,
                describe_unknown(what, str(value), list(action.choices)),
            )


def describe_unknown(what: str, word: str, known: Sequence[str]) -> str:
    """Return that there is no such thing, what may have been meant, and what there is."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {word!r}. {hint}There is {', '.join(known)}"


def plain_parser(
    program: str, description: str, epilog: str = "", usage: str | None = None
) -> Parser:
    """Return a parser that knows ``--help`` and abbreviates no option.

    Parameters
    ----------
    program
        The words that lead to it, such as ``experiment ls``.
    description, epilog
        What its help shows before and after the options, as it is.
    usage
        How to call it; ``None`` for what follows from its arguments.

    """
    parser = Parser(
        prog=program,
        usage=usage,
        description=description,
        epilog=epilog,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        add_help=False,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this help and exit")
    return parser


NO_COLOUR = "--no-color"


def add_colour_option(parser: "Parser | argparse._ArgumentGroup") -> None:
    """Declare what every command takes."""
    parser.add_argument(
        NO_COLOUR, action="store_true", help="no colours, as with NO_COLOR in the environment"
    )


def filled(value: str) -> str:
    """Return ``value``, which must not be empty."""
    if not value:
        raise argparse.ArgumentTypeError("expected something, not an empty text")
    return value
