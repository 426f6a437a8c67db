"""``curifactory cache``: commands about what is cached."""

from typing import Any

from curifactory.cli.commands import Context, add_action, add_actions
from curifactory.cli.parser import Parser
from curifactory.cli.terminal import counted
from curifactory.experiment import ExitCode

_ACCEPT = """\
Record that the cached results of STAGE are what its present code and inputs give,
so that they are no longer stale: for an edit that is known to be harmless. Nothing
is computed, and only metadata is written.
"""


def add_arguments(parser: Parser) -> None:
    """Declare what can be done with the cache."""
    actions = add_actions(parser)
    accept = add_action(actions, "accept", "keep stale results after a harmless edit", _ACCEPT)
    accept.add_argument("stage", metavar="STAGE", help="name of the stage")


def perform(given: dict[str, Any], context: Context) -> int:
    """Do what was asked for and return the exit code.

    Raises
    ------
    BadInputError
        If the cache has nothing of the stage, or its code cannot be found.

    """
    from curifactory.accepting import accept  # imports what reads code

    stage = given["stage"]
    count = accept(context.configuration, stage)
    if count:
        context.out.line(f"{counted(count, 'result')} accepted as what {stage!r} computes now")
    else:
        context.out.line(f"there is nothing to accept: no result of {stage!r} is stale")
    return ExitCode.COMPLETE
