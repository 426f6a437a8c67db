"""``curifactory cache``: commands about what is cached."""

import argparse
from typing import TYPE_CHECKING, Any

from curifactory.cli.terminal import Terminal, counted
from curifactory.config import Configuration
from curifactory.experiment import ExitCode

if TYPE_CHECKING:
    from curifactory.cli.parser import Parser

CACHE = "cache"
_ACCEPT = """\
Record that the cached results of STAGE are what its present code and inputs give,
so that they are no longer stale: for an edit that is known to be harmless. Nothing
is computed, and only metadata is written.
"""


def add_cache_commands(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add ``cache`` and what comes after it to the commands of ``curifactory``."""
    options: dict[str, Any] = {
        "allow_abbrev": False,
        "argument_default": argparse.SUPPRESS,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
    cache = commands.add_parser(CACHE, help="what is cached", **options)
    inner = cache.add_subparsers(
        dest="cache_command", metavar="COMMAND", title="commands", required=True
    )
    accept = inner.add_parser(
        "accept", help="keep stale results after a harmless edit", description=_ACCEPT, **options
    )
    accept.add_argument("stage", metavar="STAGE", help="name of the stage")


def do_cache_command(given: dict[str, Any], configuration: Configuration, out: Terminal) -> int:
    """Do what the words after ``curifactory cache`` ask for and return the exit code.

    Raises
    ------
    BadInputError
        If the cache has nothing of the stage, or its code cannot be found.

    """
    from curifactory.accepting import accept  # imports what reads code

    stage = given["stage"]
    count = accept(configuration, stage)
    if count:
        out.line(f"{counted(count, 'result')} accepted as what {stage!r} computes now")
    else:
        out.line(f"there is nothing to accept: no result of {stage!r} is stale")
    return ExitCode.COMPLETE
