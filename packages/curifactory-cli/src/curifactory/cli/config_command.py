"""``curifactory config``: the configuration, and where each value of it comes from."""

import json
from dataclasses import dataclass
from typing import Any

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.cli.table import columns
from curifactory.config import KEYS, Configuration, find_configuration_file
from curifactory.exiting import ExitCode

_RENAMED = {"run_path": "runs_path"}


def add_arguments(parser: Parser) -> None:
    """Declare the form."""
    parser.add_argument("--json", action="store_true", help="as a JSON object")


def perform(given: dict[str, Any], context: Context) -> int:
    """Show the configuration."""
    path, values = explain_configuration(context.configuration)
    out = context.out
    if "json" in given:
        parts = {each.key: {"value": each.value, "source": each.source} for each in values}
        out.line(json.dumps({"file": path, "values": parts}, indent=2, ensure_ascii=False))
        return ExitCode.COMPLETE
    out.line(f"file: {path or 'none, so that the defaults hold'}")
    for line in columns([(each.key, _shown(each.value), f"({each.source})") for each in values]):
        out.line(line)
    return ExitCode.COMPLETE


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if value else "none"


@dataclass(frozen=True)
class Value:
    """A value of the configuration."""

    key: str
    value: Any
    source: str
    """``default``, or ``file``, with the key it has there if that is another."""


def explain_configuration(configuration: Configuration) -> tuple[str | None, list[Value]]:
    """Return the path of the configuration file, if any, and where each value comes from."""
    path = find_configuration_file()
    given: dict[str, Any] = {}
    if path is not None:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
    names = {_RENAMED.get(key, key): key for key in given}
    values = []
    for key in KEYS:
        source = "default"
        if key in names:
            source = "file" if names[key] == key else f"file, as {names[key]}"
        values.append(Value(key, configuration[key], source))
    return path, values
