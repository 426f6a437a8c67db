"""Declaring what a command takes, and reading words by it.

What ``argparse`` does, as far as it is wanted here, without its import, which takes as long as the
interpreter's start. Options are never abbreviated, nothing is printed, and nothing exits.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from curifactory.exceptions import BadInputError

NO_COLOUR = "--no-color"


class CommandLineError(BadInputError):
    """The words on the command line make no sense together."""


class UnfitError(ValueError):
    """A word is no value of an argument; raised by what converts values."""


class Argument:
    """An option, or something that is known by its place.

    Parameters
    ----------
    names
        The spellings of an option, or the one name of something else.
    action
        ``store_true`` for an option without value, ``append`` for one that may be repeated.
    nargs
        How many words it takes: ``?`` none or one, ``*`` any number, ``+`` one or more; by default
        one.
    const
        What an option with ``?`` is without a value.
    default
        What it is if it is not given; without it, it is left out then.
    type
        Converts a word; raises :class:`UnfitError` if that is impossible.
    choices
        The only words there are.
    dest
        The name of its value, by default made from its longest spelling.
    metavar, help
        What the help shows of it.

    """

    def __init__(
        self,
        *names: str,
        action: str = "store",
        nargs: str | None = None,
        const: object = None,
        default: object = None,
        type: Callable[[str], object] = str,  # noqa: A002 - as argparse has it
        choices: Sequence[str] = (),
        dest: str | None = None,
        metavar: str | None = None,
        help: str = "",  # noqa: A002 - as argparse has it
    ) -> None:
        self.spellings = names if names[0].startswith("-") else ()
        self.takes_value = action != "store_true"
        self.repeats = action == "append"
        self.nargs, self.const, self.default = nargs, const, default
        self.type, self.choices, self.help = type, choices, help
        longest = next((name for name in names if name.startswith("--")), names[0])
        self.dest = dest or longest.lstrip("-").replace("-", "_")
        chosen = f"{{{','.join(choices)}}}" if choices else self.dest.upper()
        self.metavar = metavar or chosen

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return "/".join(self.spellings) or self.metavar

    def convert(self, word: str) -> object:
        """Return the value of ``word``.

        Raises
        ------
        UnfitError
            If it has none.

        """
        if self.choices and word not in self.choices:
            raise UnfitError(describe_unknown("value", word, self.choices))
        return self.type(word)


class Group:
    """Arguments that stand together in the help.

    Parameters
    ----------
    parser
        Whose arguments they are.
    title
        Stands above them.
    is_exclusive
        Whether only one of them may be given.

    """

    def __init__(self, parser: "Parser", title: str, *, is_exclusive: bool = False) -> None:
        self.title = title
        self.is_exclusive = is_exclusive
        self.arguments: list[Argument] = []
        self._parser = parser

    def add_argument(self, *names: str, **declared: Any) -> None:
        """Declare an argument, as :class:`Argument` describes."""
        argument = Argument(*names, **declared)
        self.arguments.append(argument)
        self._parser.declare(argument)


class Parser:
    """What a command takes.

    Parameters
    ----------
    program
        The words that lead to it, such as ``experiment ls``.
    description, epilog
        What its help shows before and after the arguments, as it is.
    usage
        How to call it; ``None`` for what follows from its arguments.
    above
        The parser of the command that this one is a part of.

    """

    def __init__(
        self,
        program: str,
        description: str,
        epilog: str = "",
        usage: str | None = None,
        above: "Parser | None" = None,
    ) -> None:
        self.program, self.usage = program, usage
        self.description, self.epilog = description, epilog
        self.positionals: list[Argument] = []
        self.groups: list[Group] = []
        self.summaries: dict[str, str] = {}
        """What each command below this one does, in a few words."""
        self._options: dict[str, Argument] = {}
        self._commands: dict[str, Parser] = {}
        self._above = above
        self._own = self.add_argument_group("options")
        self._own.add_argument("-h", "--help", action="store_true", help="show this help and exit")

    # -- declaring -----------------------------------------------------------------------------

    def add_argument(self, *names: str, **declared: Any) -> None:
        """Declare an argument, as :class:`Argument` describes."""
        self._own.add_argument(*names, **declared)

    def add_argument_group(self, title: str) -> Group:
        """Return a new group of arguments."""
        self.groups.append(Group(self, title))
        return self.groups[-1]

    def add_mutually_exclusive_group(self) -> Group:
        """Return a group of which only one may be given."""
        self.groups.append(Group(self, "", is_exclusive=True))
        return self.groups[-1]

    def declare(self, argument: Argument) -> None:
        """Take ``argument``."""
        if not argument.spellings:
            self.positionals.append(argument)
        self._options.update(dict.fromkeys(argument.spellings, argument))

    def add_command(self, name: str, summary: str, description: str) -> "Parser":
        """Return the parser of a new command below this one; it is called ``action``."""
        self.summaries[name] = summary
        parser = Parser(f"{self.program} {name}", description, above=self)
        self._commands[name] = parser
        return parser

    # -- asking --------------------------------------------------------------------------------

    def knows(self, option: str) -> bool:
        """Tell whether there is an option of this spelling."""
        return option in self._options

    def options(self) -> dict[str, Argument]:
        """Return what each option does, by its spelling."""
        return dict(self._options)

    def actions(self) -> dict[str, "Parser"]:
        """Return the parsers of what can be done, by the words for it; empty for most commands."""
        return dict(self._commands)

    def format_help(self) -> str:
        """Return the help, as wide as the terminal."""
        from curifactory.cli.help_text import help_text

        return help_text(self)

    def error(self, message: str) -> NoReturn:
        """Raise ``message``, and where to read on."""
        stop = "" if message.endswith("?") else "."
        raise CommandLineError(f"{message}{stop} See '{self.program} --help'.")

    # -- reading -------------------------------------------------------------------------------

    def parse_words(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the arguments that ``words`` give by name, and those that have a default.

        Where they ask for help, nothing else is required, and nothing behind it is read.

        Raises
        ------
        CommandLineError
            If an option or a word is too many or missing, or a value does not fit.

        """
        return _Reading(self, words).result()

    def unknown_option(self, option: str) -> NoReturn:
        """Raise that there is no such option, and what may have been meant."""
        near_commands = self._commands or (self._above._commands if self._above else {})
        owners = [name for name, parser in near_commands.items() if parser.knows(option)]
        if owners:
            self.error(f"option {option!r} belongs to {' and '.join(map(repr, owners))}")
        import difflib

        near = [name for name in self._options if name.startswith(option)][:2]
        near = near or difflib.get_close_matches(option, self._options, n=2)
        hint = f". Did you mean {' or '.join(map(repr, near))}?" if near else ""
        self.error(f"unknown option {option!r}{hint}")


class _Reading:
    """One reading of words."""

    def __init__(self, parser: Parser, words: Sequence[str]) -> None:
        self._parser = parser
        self._words = list(words)
        self._given: dict[str, Any] = {}
        self._places: list[str] = []

    def result(self) -> dict[str, Any]:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                self._places += self._words
                break
            if _is_option(word):
                self._read_option(word)
            elif self._parser.actions():
                return self._of_command(word)
            else:
                self._places.append(word)
            if self._given.get("help"):
                return self._given
        self._assign_places()
        for argument in (*self._parser.options().values(), *self._parser.positionals):
            if argument.default is not None:
                self._given.setdefault(argument.dest, argument.default)
        return self._given

    def _of_command(self, word: str) -> dict[str, Any]:
        commands = self._parser.actions()
        if word not in commands:
            self._parser.error(describe_unknown("command", word, list(commands)))
        return {**self._given, "action": word, **commands[word].parse_words(self._words)}

    def _read_option(self, word: str) -> None:
        spelling, equals, value = word.partition("=")
        options = self._parser.options()
        if spelling not in options and not word.startswith("--"):  # -nNAME, or several flags
            spelling, value = word[:2], word[2:].removeprefix("=")
            equals = "="
            if spelling in options and not options[spelling].takes_value:
                self._words.insert(0, f"-{value}")
                equals, value = "", ""
        argument = options.get(spelling)
        if argument is None:
            self._parser.unknown_option(word.partition("=")[0])
        if not argument.takes_value:
            if equals:
                self._refuse(argument, f"takes no value, but was given {value!r}")
            self._put(argument, True)
        elif equals:
            self._put(argument, self._converted(argument, value))
        elif self._words and not _is_option(self._words[0]) and self._words[0] != "--":
            self._put(argument, self._converted(argument, self._words.pop(0)))
        elif argument.nargs == "?":
            self._put(argument, argument.const)
        else:
            self._refuse(argument, "expected one argument")

    def _put(self, argument: Argument, value: object) -> None:
        for group in self._parser.groups:
            if group.is_exclusive and argument in group.arguments:
                self._exclude(argument, group)
        if argument.repeats:
            self._given.setdefault(argument.dest, []).append(value)
        else:
            self._given[argument.dest] = value

    def _exclude(self, argument: Argument, group: Group) -> None:
        for other in group.arguments:
            if other is not argument and other.dest in self._given:
                self._refuse(argument, f"not allowed with argument {other.label}")

    def _converted(self, argument: Argument, word: str) -> object:
        try:
            return argument.convert(word)
        except UnfitError as error:
            self._refuse(argument, str(error))

    def _refuse(self, argument: Argument, problem: str) -> NoReturn:
        self._parser.error(f"argument {argument.label}: {problem}")

    def _assign_places(self) -> None:
        missing = []
        for argument in self._parser.positionals:
            if argument.nargs in {"*", "+"}:
                words, self._places = self._places, []
                if words:
                    self._given[argument.dest] = [self._converted(argument, each) for each in words]
                elif argument.nargs == "+":
                    missing.append(argument)
            elif self._places:
                self._given[argument.dest] = self._converted(argument, self._places.pop(0))
            elif argument.nargs is None:
                missing.append(argument)
        if missing:
            names = ", ".join(argument.metavar for argument in missing)
            self._parser.error(f"the following arguments are required: {names}")
        if self._places:
            self._parser.error(f"unexpected argument {self._places[0]!r}")


def _is_option(word: str) -> bool:
    """Tell whether ``word`` is an option; a negative number or a text with spaces is a value."""
    return (
        len(word) > 1
        and word[0] == "-"
        and word != "--"
        and " " not in word
        and not word[1:].replace(".", "", 1).isdecimal()
    )


def arguments_of(parser: Parser) -> Iterator[Argument]:
    """Yield every argument of ``parser`` and of the commands below it."""
    for group in parser.groups:
        yield from group.arguments
    for below in parser.actions().values():
        yield from arguments_of(below)


def describe_unknown(what: str, word: str, known: Sequence[str]) -> str:
    """Return that there is no such thing, what may have been meant, and what there is."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {word!r}. {hint}There is {', '.join(known)}"


def filled(value: str) -> str:
    """Return ``value``, which must not be empty."""
    if not value:
        raise UnfitError("expected something, not an empty text")
    return value


def add_colour_option(parser: Parser | Group) -> None:
    """Declare what every command takes."""
    parser.add_argument(
        NO_COLOUR, action="store_true", help="no colours, as with NO_COLOR in the environment"
    )
