"""The options of ``experiment NAME``, as its help shows them."""

import argparse
from typing import TYPE_CHECKING

from curifactory.cli.parser import (
    Parser,
    add_colour_option,
    describe_unknown,
    filled,
    plain_parser,
)

if TYPE_CHECKING:  # the help does not wait for it
    from curifactory.config import OnStale

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
