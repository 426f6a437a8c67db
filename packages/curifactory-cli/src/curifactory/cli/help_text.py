"""The help of a command."""

from collections.abc import Iterable, Iterator

from curifactory.cli.arguments import Argument, Parser
from curifactory.cli.terminal import terminal_columns

_MARGIN, _INDENT = 24, 2
_WIDEST = 100
"""Longer lines are hard to read."""


def help_text(parser: Parser) -> str:
    """Return the help of ``parser``, as wide as the terminal."""
    width = max(40, min(_WIDEST, terminal_columns()) - 2)
    parts = [f"usage: {parser.usage or _usage(parser)}", parser.description.rstrip("\n")]
    if parser.summaries:
        rows = parser.summaries.items()
        parts.append(_section("commands", (_entry(*row, width) for row in rows)))
    if parser.positionals:
        parts.append(
            _section("arguments", (_described(each, width) for each in parser.positionals))
        )
    for group in parser.groups:
        options = [each for each in group.arguments if each.spellings]
        entries = [_described(each, width) for each in options]
        if not group.title and parts:  # goes on with the options before
            parts[-1] = "\n".join([parts[-1], *entries])
        elif entries:
            parts.append(_section(group.title, entries))
    return "\n\n".join(filter(None, (*parts, parser.epilog.rstrip("\n")))) + "\n"


def _usage(parser: Parser) -> str:
    words = [parser.program, "COMMAND" if parser.actions() else "[options]"]
    for argument in parser.positionals:
        name = argument.metavar
        words.append(
            {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(
                argument.nargs or "", name
            )
        )
    return " ".join(words)


def _section(title: str, entries: Iterable[str]) -> str:
    return "\n".join([f"{title}:", *entries])


def _described(argument: Argument, width: int) -> str:
    shown = ", ".join(argument.spellings) or argument.metavar
    if argument.spellings and argument.takes_value:
        shown += f" [{argument.metavar}]" if argument.nargs == "?" else f" {argument.metavar}"
    return _entry(shown, argument.help, width)


def _entry(shown: str, text: str, width: int) -> str:
    """Return ``text`` in lines beside ``shown``, or below it where that is long."""
    lines = list(_lines(text, width - _MARGIN))
    first = f"{'':{_INDENT}}{shown}"
    if lines and len(first) <= _MARGIN - 2:
        first = f"{first:<{_MARGIN}}{lines.pop(0)}"
    return "\n".join([first, *(f"{'':{_MARGIN}}{line}" for line in lines)])


def _lines(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line
