"""The command line of ``experiment``, from words to what is asked for."""

import argparse
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from curifactory.cli.terminal import columns
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:  # the help does not wait for them
    from curifactory.config import OnStale
    from curifactory.options import RunOptions

RUN, MAP = "run", "map"
"""Words before an experiment's name that say what happens to it."""

_DESCRIPTION = """\
Run an experiment of the project in this folder, list what there is to run, or
show the reports of past runs.
"""
_EXAMPLES = """\
examples:
  experiment iris                   run experiments/iris.py, with its get_params
  experiment iris -p base -p wide   run it with the parameter sets of two files
  experiment iris -p base -n knn    only the parameter set named knn
  experiment iris --map             show what would run, and why; write nothing
  experiment iris --why train       show why the stage 'train' would run, or not
  experiment iris --overwrite-stage train
                                    compute the stage 'train' again
"""


class CommandLineError(BadInputError):
    """The words on the command line make no sense together."""


class ShowText:
    """Print a text, such as the help."""

    def __init__(self, text: str) -> None:
        self.text = text


class WithNotes:
    """Run something after asking for notes about the run."""

    def __init__(self, options: "RunOptions") -> None:
        self.options = options


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


def make_parser(commands: str = "") -> Parser:
    """Return the parser of the ``experiment`` command.

    Parameters
    ----------
    commands
        The lines that list its sub-commands in the help.

    """
    parser = plain_parser(
        "experiment",
        _DESCRIPTION + (f"\ncommands besides:\n{commands}\n" if commands else ""),
        _EXAMPLES,
        "experiment [run|map] NAME [options] | experiment COMMAND [options]",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="experiment file below experiments/, without .py, dots for sub-folders; 'experiment "
        "run NAME' also takes the name of a command",
    )
    _add_selection(parser)
    _add_caching(parser)
    _add_showing(parser)
    _add_execution(parser)
    _add_parallel(parser)
    _add_output(parser)
    return parser


def _add_selection(parser: Parser) -> None:
    group = parser.add_argument_group("which parameter sets")
    group.add_argument(
        "-p",
        "--params",
        metavar="FILE",
        action="append",
        help="parameter file below params/, or an experiment file, with a get_params(); may be "
        "repeated (default: the experiment file itself)",
    )
    group.add_argument(
        "-n",
        "--names",
        metavar="NAME",
        action="append",
        help="only the parameter set of this name; may be repeated",
    )
    group.add_argument(
        "--indices",
        metavar="I",
        action="append",
        help="only these positions of each file, from 0: '2', or '0-3' for 0, 1 and 2; may be "
        "repeated",
    )
    group.add_argument(
        "--global-indices",
        metavar="I",
        action="append",
        help="only these positions of the sets of all files, one after the other",
    )


def _add_caching(parser: Parser) -> None:
    group = parser.add_argument_group("what is computed again")
    group.add_argument(
        "--overwrite", action="store_true", help="every stage, whatever the cache holds"
    )
    group.add_argument(
        "--overwrite-stage",
        metavar="STAGE",
        action="append",
        help="this stage; may be repeated",
    )
    group.add_argument(
        "--on-stale",
        metavar="POLICY",
        type=_on_stale,
        help="results whose code or inputs have changed: 'warn' uses them and names them, 'rerun' "
        "computes them again, 'ignore' uses them (default: on_stale of the configuration)",
    )
    _add_places(parser)


def _add_places(parser: Parser) -> None:
    group = parser.add_argument_group("where results are kept")
    group.add_argument(
        "-c",
        "--cache",
        metavar="FOLDER",
        type=filled,
        help="use this folder as the cache; the folder of a full store stands for its artifacts",
    )
    group.add_argument(
        "--dry-cache", action="store_true", help="read the cache, but write nothing into it"
    )
    group.add_argument(
        "-s",
        "--store-full",
        "--full-store",
        action="store_true",
        help="keep everything of the run in a folder of its own below data/runs: artifacts, "
        "environment, log and report",
    )
    group.add_argument(
        "--prefix",
        "--name",
        metavar="PREFIX",
        type=filled,
        help="begin the names of cached files with this instead of the experiment's name",
    )
    group.add_argument(
        "--lazy", action="store_true", help="keep every output in the cache instead of in memory"
    )
    group.add_argument(
        "--ignore-lazy", action="store_true", help="keep lazy outputs in memory like others"
    )


def _add_showing(parser: Parser) -> None:
    group = parser.add_argument_group("only show something of it, and write nothing")
    group.add_argument(
        "--map",
        action="store_true",
        help="every stage, what is cached and what would run, and why",
    )
    group.add_argument(
        "--why",
        metavar="STAGE",
        help="this stage of the map, why it would run or not, and what has changed",
    )
    group.add_argument("--json", action="store_true", help="with --map or --why: as JSON")
    group.add_argument("--hashes", action="store_true", help="hash and name of each parameter set")
    group.add_argument(
        "--paths",
        action="store_true",
        help="the paths of artifacts and their metadata, as for '| xargs rm'",
    )
    group.add_argument(
        "--print-params",
        metavar="SET",
        nargs="?",
        const=True,
        type=filled,
        help="the parameter sets, or the one of this name or recorded hash; with -v also how the "
        "hash comes about",
    )


def _add_execution(parser: Parser) -> None:
    group = parser.add_argument_group("how it runs")
    group.add_argument(
        "--no-dag",
        "--no-map",
        action="store_true",
        help="decide stage by stage instead of planning first; for a run() that reads results",
    )
    group.add_argument("--dry", action="store_true", help="write nothing at all")


def _add_parallel(parser: Parser) -> None:
    group = parser.add_argument_group("in several processes")
    group.add_argument(
        "--parallel",
        metavar="N",
        type=_count,
        help="execute up to N stages at a time, in processes of their own",
    )
    group.add_argument(
        "--executor",
        metavar="WHERE",
        help="execute stages there: 'local', 'dask', the address of a Dask scheduler, or a name "
        "from 'executors' of the configuration (default: local)",
    )
    group.add_argument(
        "--resources",
        metavar="LIST",
        help="what stages that run at a time share, such as cores=8,memory=32GB,gpu=2 (default: a "
        "core for each process, and the memory and GPUs of the machine)",
    )
    group.add_argument(
        "--keep-going",
        action="store_true",
        help="after a failure, do all that does not depend on it (default)",
    )
    group.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    group.add_argument(
        "--parallel-mode",
        "--parallel-safe",
        action="store_true",
        help="run and cache, but record no run and write no report; for schedulers of your own, "
        "which give each process its --global-indices",
    )


def filled(value: str) -> str:
    """Return ``value``, which must not be empty."""
    if not value:
        raise argparse.ArgumentTypeError("expected something, not an empty text")
    return value


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of processes, 1 or more")
    return int(value)


def _add_output(parser: Parser) -> None:
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="also debug messages, and for each stage why it runs or does not",
    )
    group.add_argument("--quiet", action="store_true", help="show failures, and nothing else")
    group.add_argument(
        "--progress", action="store_true", help="show a bar for each record and one for the run"
    )
    group.add_argument(
        "--plain", action="store_true", help="show the lines of the log as they are in its file"
    )
    add_colour_option(group)
    _add_records(parser)
    group.add_argument("--version", action="store_true", help="show the version and exit")


NO_COLOUR = "--no-color"


def add_colour_option(parser: "Parser | argparse._ArgumentGroup") -> None:
    """Declare what every command takes."""
    parser.add_argument(
        NO_COLOUR, action="store_true", help="no colours, as with NO_COLOR in the environment"
    )


def _add_records(parser: Parser) -> None:
    group = parser.add_argument_group("what is recorded")
    group.add_argument(
        "--notes",
        metavar="TEXT",
        nargs="?",
        const=True,
        help="notes for the report, the first line also for its index; without TEXT they are "
        "written in $VISUAL or $EDITOR",
    )
    group.add_argument("--no-report", action="store_true", help="write no report")
    group.add_argument(
        "--report-file",
        metavar="FILE",
        help="write the report into this one HTML file besides, to send to somebody",
    )
    group.add_argument(
        "--notebook",
        action="store_true",
        help="write a notebook that loads the results, into the folder of notebooks",
    )
    group.add_argument(
        "--docker",
        action="store_true",
        help="build an image with the code, everything the run stored, its environment and a "
        "notebook; implies --store-full and --notebook",
    )
    group.add_argument(
        "--docker-context",
        metavar="DIR",
        help="write what the image is built from into this new folder, to build it elsewhere; "
        "with --docker, besides building it",
    )
    group.add_argument("--no-log", action="store_true", help="write no log file")
    group.add_argument(
        "--log-errors",
        action="store_true",
        help="also write what goes to the standard error stream into the log file",
    )
    group.add_argument(
        "--all-loggers", action="store_true", help="also log messages of other libraries"
    )


def _on_stale(value: str) -> "OnStale":
    from curifactory.config import OnStale

    try:
        return OnStale(value)
    except ValueError:
        choices = [choice.value for choice in OnStale]
        raise argparse.ArgumentTypeError(describe_unknown("policy", value, choices)) from None


def parse(words: Sequence[str], commands: str = "") -> "RunOptions | WithNotes | ShowText":
    """Return what the words after ``experiment`` ask for, unless they ask for a sub-command.

    Parameters
    ----------
    words
        ``[run|map] NAME`` with options before and behind the name.
    commands
        The lines that list the sub-commands in the help.

    Raises
    ------
    CommandLineError
        If they make no sense; the message names the nearest words that do.

    """
    parser = make_parser(commands)
    verb = words[0] if words and words[0] in {RUN, MAP} else None
    given = parser.parse_words(words[1:] if verb else words)
    if given.pop("help", False):
        return ShowText(parser.format_help())
    if given.pop("version", False):
        return ShowText(version_text())
    name = given.pop("name", "") or _swallowed(given)
    if not name:
        parser.error("which experiment? Give its name; 'experiment ls' lists what there is")
    if verb == MAP:
        given["map"] = True
    return _run_options(parser, name, given)


def _swallowed(given: dict[str, Any]) -> str:
    """Return an experiment's name that was taken for the value of the option before it."""
    for option in ("notes", "print_params"):
        if isinstance(given.get(option), str):
            name = str(given[option])
            given[option] = True
            return name
    return ""


_EXCLUSIVE = (
    ("map", "no_dag"),
    ("why", "no_dag"),
    ("paths", "no_dag"),
    *itertools.combinations(("map", "hashes", "paths", "print_params"), 2),
    ("why", "hashes"),
    ("why", "paths"),
    ("why", "print_params"),
    ("lazy", "ignore_lazy"),
    ("quiet", "plain"),
    ("report_file", "no_report"),
    ("keep_going", "fail_fast"),
    ("docker", "dry"),
    ("docker", "parallel_mode"),
    ("docker_context", "dry"),
    ("docker_context", "parallel_mode"),
    ("dry", "store_full"),
    ("dry", "report_file"),
    ("dry", "notebook"),
)
"""Options that make no sense together."""
_FIELDS = {
    "params": "param_files",
    "overwrite_stage": "overwrite_stages",
    "map": "map_only",
    "hashes": "hashes_only",
    "paths": "paths_only",
    "notebook": "build_notebook",
    "docker": "build_docker",
}
"""Options whose field of ``RunOptions`` has another name."""
_NEGATED = {"no_dag": "dag", "no_log": "log", "no_report": "report"}
"""Options that turn a field off."""


def _run_options(parser: Parser, name: str, given: dict[str, Any]) -> "RunOptions | WithNotes":
    for one, other in _EXCLUSIVE:
        if one in given and other in given:
            parser.error(f"{_flag(one)} and {_flag(other)} exclude each other; give one of them")
    if "json" in given and not given.keys() & {"map", "why"}:
        parser.error("--json is for --map and --why; give one of them")
    if "resources" in given and not given.keys() & {"parallel", "executor"}:
        parser.error("--resources is for --parallel and --executor; give one of them")
    if "why" in given:
        given["map"] = True
    given.pop("keep_going", None)  # that is what happens anyway
    values: dict[str, Any] = {}
    for option, value in given.items():
        if option in _NEGATED:
            values[_NEGATED[option]] = False
        elif (option, value) != ("notes", True):
            field = _FIELDS.get(option, option)
            values[field] = tuple(value) if isinstance(value, list) else value
    from curifactory.options import RunOptions

    options = RunOptions(experiment=name, **values)
    return WithNotes(options) if given.get("notes") is True else options


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def version_text() -> str:
    """Return name and version, as ``--version`` shows them."""
    from importlib.metadata import version  # slow to import

    return f"curifactory {version('curifactory-cli')}\n"
