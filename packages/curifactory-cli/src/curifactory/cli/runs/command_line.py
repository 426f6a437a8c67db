"""The command line of ``runs``."""

from collections.abc import Callable, Mapping
from typing import Any

from curifactory.cli.asking import Questions
from curifactory.cli.commands import Context, add_action, add_actions
from curifactory.cli.parser import Parser
from curifactory.cli.runs import LATEST, STATUSES
from curifactory.exceptions import BadInputError

_DESCRIPTION = """\
Recorded runs: what ran, with which parameters and code, and what came of it.
A RUN is a number, EXPERIMENT/NUMBER, a reference, an experiment (its latest run), or 'latest'."""
_EXAMPLES = """\
examples:
  runs ls iris --limit 10
  runs ls --status error --since 7d
  runs ls --where "params.seed == 1 and seconds > 60" --sort seconds
  runs diff iris/3 latest
"""


def add_arguments(parser: Parser) -> None:
    """Declare what can be done with runs."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    actions = add_actions(parser)
    _add_list(add_action(actions, "ls", "list them, the latest last"))
    show = add_action(actions, "show", "show everything about one")
    show.add_argument("run", metavar="RUN", nargs="?", help="which one (default: the latest)")
    show.add_argument("--json", action="store_true", help="as JSON")
    diff = add_action(actions, "diff", "show what differs between two")
    diff.add_argument("first", metavar="RUN")
    diff.add_argument("second", metavar="RUN")
    diff.add_argument("--json", action="store_true", help="as JSON")
    remove = add_action(
        actions,
        "rm",
        "remove some, with their logs and reports",
        "Remove runs: their journals, logs, reports and full stores. Artifacts in the cache stay,\n"
        "and so does a run that is going on.",
    )
    remove.add_argument("runs", metavar="RUN", nargs="+")
    remove.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _add_list(parser: Parser) -> None:
    parser.add_argument(
        "experiments", metavar="EXPERIMENT", nargs="*", help="only runs of these experiments"
    )
    parser.add_argument(
        "--status",
        action="append",
        help=f"only runs with this status: {', '.join(STATUSES)}; may be repeated",
    )
    parser.add_argument(
        "--since", metavar="TIME", help="only runs since a date, or since so long: 12h, 7d, 2w"
    )
    parser.add_argument("--until", metavar="TIME", help="only runs before that")
    parser.add_argument(
        "--where",
        metavar="CONDITION",
        action="append",
        help='only runs of which a parameter set meets this, as in "params.seed == 1"; may be '
        "repeated",
    )
    parser.add_argument(
        "--sort", metavar="NAME", help="sort by this, such as seconds or params.seed"
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--limit", metavar="N", help="only the last N")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="as JSON")
    forms.add_argument("--csv", action="store_true", help="as CSV")


def perform(given: dict[str, Any], context: Context) -> int:
    """Do what was asked for and return the exit code."""
    performers: Mapping[str, Callable[[dict[str, Any], Context], int]] = {
        "ls": _list,
        "show": _show,
        "diff": _compare,
        "rm": _remove,
    }
    return performers[given["action"]](given, context)


def _list(given: dict[str, Any], context: Context) -> int:
    from datetime import datetime

    from curifactory.cli.runs.commands import list_runs
    from curifactory.cli.runs.expressions import Condition
    from curifactory.cli.runs.selecting import Selection, parse_time

    now = datetime.now()
    times = {key: parse_time(given[key], now) for key in ("since", "until") if key in given}
    for status in given.get("status", ()):
        if status not in STATUSES:
            raise BadInputError(f"runs have no status {status!r}. There is {', '.join(STATUSES)}.")
    selection = Selection(
        experiments=tuple(given.get("experiments", ())),
        statuses=tuple(given.get("status", ())),
        where=tuple(map(Condition, given.get("where", ()))),
        sort=given.get("sort", "started"),
        reverse="reverse" in given,
        limit=_limit(given.get("limit")),
        **times,
    )
    return list_runs(selection, context.configuration, context.out, form=_form(given))


def _form(given: Mapping[str, Any]) -> str:
    return next((name for name in ("json", "csv") if name in given), "text")


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInputError(f"--limit takes a number of runs, not {text!r}.")
    return int(text)


def _show(given: dict[str, Any], context: Context) -> int:
    from curifactory.cli.runs.commands import show_run

    name = given.get("run", LATEST)
    return show_run(name, context.configuration, context.out, form=_form(given))


def _compare(given: dict[str, Any], context: Context) -> int:
    from curifactory.cli.runs.commands import compare_runs

    names = (given["first"], given["second"])
    return compare_runs(names, context.configuration, context.out, form=_form(given))


def _remove(given: dict[str, Any], context: Context) -> int:
    from curifactory.cli.runs.commands import remove_runs

    questions = Questions(context.out)

    def confirm(question: str) -> bool:
        return "yes" in given or questions.yes(question, default=False)

    return remove_runs(given["runs"], context.configuration, context.out, context.err, confirm)
