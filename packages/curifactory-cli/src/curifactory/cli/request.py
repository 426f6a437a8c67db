"""What the words after ``experiment`` ask for."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curifactory.cli.commands import MAP, RUN
from curifactory.cli.parser import Parser
from curifactory.cli.run_arguments import make_parser

if TYPE_CHECKING:  # the help does not wait for it
    from curifactory.options import RunOptions


class ShowText:
    """Print a text, such as the help."""

    def __init__(self, text: str) -> None:
        self.text = text


class WithNotes:
    """Run something after asking for notes about the run."""

    def __init__(self, options: "RunOptions") -> None:
        self.options = options


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
    from curifactory.environment import installed_version

    return f"curifactory {installed_version('curifactory-cli')}\n"
