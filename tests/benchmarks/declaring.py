"""The options of ``experiment`` as a plain program would declare them, for the floors."""

from argparse import Action

from curifactory.cli.commands import EXPERIMENT, list_commands
from curifactory.cli.run_arguments import make_parser

_HEAD = """
import argparse, os


def formatter(prog):
    return argparse.RawDescriptionHelpFormatter(prog, width=int(os.environ.get("COLUMNS", 80)) - 2)


def make_parser():
    parser = argparse.ArgumentParser(
        prog={prog!r}, usage={usage!r}, description={description!r}, epilog={epilog!r},
        formatter_class=formatter, allow_abbrev=False, add_help=False,
    )
"""
_ACTIONS = {"_StoreTrueAction": "store_true", "_AppendAction": "append", "_StoreAction": "store"}


def plain_declarations() -> str:
    """Return a module whose ``make_parser()`` returns a parser with the same help as ours."""
    parser = make_parser(list_commands(EXPERIMENT))
    given = {name: getattr(parser, name) for name in ("prog", "usage", "description", "epilog")}
    lines = [_HEAD.format(**given)]
    for group in parser._action_groups:
        known = group.title in {"positional arguments", "options"}
        if group._group_actions and not known:
            lines.append(f"    group = parser.add_argument_group({group.title!r})")
        lines += [
            f"    {'parser' if known else 'group'}.add_argument({_arguments(action)})"
            for action in group._group_actions
        ]
    return "\n".join([*lines, "    return parser", ""])


def _arguments(action: Action) -> str:
    kind = _ACTIONS[type(action).__name__]
    given = {"action": kind, "help": action.help}
    if kind != "store_true":
        given["metavar"] = action.metavar  # type: ignore[assignment]
    if action.nargs is not None and kind == "store":
        given["nargs"] = action.nargs  # type: ignore[assignment]
    names = action.option_strings or [action.dest]
    return ", ".join([*map(repr, names), *(f"{name}={value!r}" for name, value in given.items())])
