"""The command line of ``experiment``, from words to what is asked for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from curifactory.cli.arguments import (
    Parser,
    UnfitError,
    add_colour_option,
    describe_unknown,
    filled,
)

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


class ShowText(NamedTuple):
    """Print a text, such as the help."""

    text: str


class WithNotes(NamedTuple):
    """Run something after asking for notes about the run."""

    options: "RunOptions"


def make_parser(commands: str = "") -> Parser:
    """Return the parser of the ``experiment`` command.

    Parameters
    ----------
    commands
        The lines that list its sub-commands in the help.

    """
    parser = Parser(
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


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise UnfitError(f"{value!r} is not a number of processes, 1 or more")
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
        raise UnfitError(describe_unknown("policy", value, choices)) from None


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
    ("map", "hashes"),
    ("map", "paths"),
    ("map", "print_params"),
    ("hashes", "paths"),
    ("hashes", "print_params"),
    ("paths", "print_params"),
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
