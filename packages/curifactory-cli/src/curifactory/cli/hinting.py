"""Hints at sub-commands, for lines that were meant for one and taken for a run."""

import difflib
from collections.abc import Sequence

from curifactory.cli.commands import EXPERIMENT, MAP, RUN, command_parser
from curifactory.cli.run_arguments import make_parser

_NAMES = (RUN, MAP, *(command.name for command in EXPERIMENT))


def hint_at_command(words: Sequence[str], name: str = "") -> str:
    """Return which command may have been meant, beginning with a space, or nothing.

    Parameters
    ----------
    words
        What follows ``experiment``.
    name
        The experiment's name that was found among them, if one was.

    """
    if name in _NAMES:
        return f" A command comes first, as in 'experiment {name}'."
    first = name or next(iter(words), "")
    near = difflib.get_close_matches(first, _NAMES, n=1)
    if near:
        return f" Or did you mean the command 'experiment {near[0]}'?"
    return _hint_at_option(words)


def _hint_at_option(words: Sequence[str]) -> str:
    ours = make_parser()
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    for option in (option for option in options if not ours.knows(option)):
        for command in EXPERIMENT:
            if command_parser("experiment", command).knows(option):
                return f" 'experiment {command.name}' takes {option}."
    return ""
