"""The words after ``curifactory cache``."""

import argparse
import re
from collections.abc import Callable

from curifactory.cli.commands import add_action, add_actions
from curifactory.cli.parser import Parser

_ACCEPT = """\
Record that the cached results of STAGE are what its present code and inputs give,
so that they are no longer stale: for an edit that is known to be harmless. Nothing
is computed, and only metadata is written.
"""
_EPILOG = """\
NAME is the name of an artifact's file in the cache without its ending, or a
pattern such as 'iris_*_train_*'. Sizes are like 500MB or 10GB, ages like 12h,
30d or 8w. See 'curifactory cache COMMAND --help'.
"""
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def add_arguments(parser: Parser) -> None:
    """Declare what can be done with the cache."""
    parser.epilog = _EPILOG
    actions = add_actions(parser)
    for name, text, options in _COMMANDS:
        command = add_action(actions, name, text)
        command.add_argument(
            "-c", "--cache", metavar="FOLDER", help="look after this folder instead"
        )
        command.add_argument("--json", action="store_true", help="show it as JSON")
        for add in options:
            add(command)
    accept = add_action(actions, "accept", "keep stale results after a harmless edit", _ACCEPT)
    accept.add_argument("stage", metavar="STAGE", help="name of the stage")


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", default=[], help="only these")
    for option, meaning in (
        ("stage", "of this stage"),
        ("experiment", "made by runs of this experiment"),
        ("run", "made by the run with this reference"),
        ("set", "of the parameter set with this name"),
        ("hash", "of the record whose hash begins so"),
    ):
        parser.add_argument(f"--{option}", metavar=option.upper(), help=f"only what is {meaning}")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-check",
        action="store_true",
        help="do not import the project's code to tell what is stale",
    )


def _stale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stale", action="store_true", help="only what is stale")


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the artifact")


def _pins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", default=[], help="names or patterns")


def _grouping(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by",
        choices=("stage", "experiment", "run", "set", "state"),
        default="stage",
        help="what to add up (default: stage)",
    )


def _set_aside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set-aside",
        action="store_true",
        help="rename what is damaged, so that the next run computes it again",
    )


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        type=size,
        help="until the cache has at most this; what saves least time per byte goes first",
    )
    parser.add_argument(
        "--older-than", metavar="AGE", type=age, help="what no run has used for this long"
    )


def _confirmation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only show what would go")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


_Option = Callable[[argparse.ArgumentParser], None]
_COMMANDS: tuple[tuple[str, str, tuple[_Option, ...]], ...] = (
    (
        "ls",
        "list artifacts, which run made them, size, cost, and whether they are stale",
        (_selection, _stale, _check),
    ),
    ("du", "show what takes how much space", (_selection, _grouping)),
    ("show", "show everything about one artifact", (_one, _check)),
    ("verify", "read every byte and compare it with what was stored", (_selection, _set_aside)),
    ("gc", "remove what is worth least", (_limits, _confirmation)),
    ("rm", "remove artifacts", (_selection, _stale, _confirmation)),
    ("pin", "never let 'gc' remove these; without names, list the pins", (_pins,)),
    ("unpin", "let 'gc' remove these again", (_pins,)),
)


def size(text: str) -> int:
    """Return the bytes that ``text`` stands for.

    Examples
    --------
    >>> size("500MB"), size("1.5 GB"), size("7")
    (500000000, 1500000000, 7)

    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B|)", text.strip().upper())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one like 500MB or 10GB")
    return int(float(found[1]) * _UNITS[found[2]])


def age(text: str) -> float:
    """Return the seconds that ``text`` stands for.

    Examples
    --------
    >>> age("12h"), age("30d")
    (43200.0, 2592000.0)

    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([hdw])", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; give one like 12h, 30d or 8w")
    return float(found[1]) * _SECONDS[found[2]]
