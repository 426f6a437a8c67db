"""What ``experiment ls`` prints."""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.cli.table import wrapped
from curifactory.config import Configuration
from curifactory.discovery import SourceFile, list_all, module_folder
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode

_SECONDS = 60.0


_EXAMPLES = """\
examples:
  experiment ls                     what there is; nothing is imported
  experiment ls --check             import each file, and say what fails
  experiment ls --names base        hash and name of a file's parameter sets
"""


def add_arguments(parser: Parser) -> None:
    """Declare what to list, and how."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--names",
        metavar="FILE",
        action="append",
        help="list the parameter sets of this file instead, by hash and name; it is imported. May "
        "be repeated",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="import every file in a process of its own, call each get_params(), and say what "
        "fails; the exit code is 1 then",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help="how long --check waits for one file (default: 60)",
    )
    parser.add_argument("--json", action="store_true", help="show it as JSON")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def perform(given: dict[str, Any], context: Context) -> int:
    """Show what the project has."""
    if "check" in given and "names" in given:
        raise BadInputError("--check and --names exclude each other; give one of them.")
    if "timeout" in given and "check" not in given:
        raise BadInputError("--timeout is for --check; give both, or neither.")
    if "names" in given:
        return _show_names(given, context)
    configuration = context.configuration
    experiments, params = list_all(configuration)
    if "check" in given:
        experiments, params = _checked(experiments, params, given.get("timeout", _SECONDS))
    if "json" in given:
        context.out.line(_as_json(_as_data(experiments, params)))
    else:
        width = context.out.width
        lines = _lines(configuration, experiments, params)
        context.out.lines(part for line in lines for part in wrapped(line, width, 16))
    failed = "check" in given and any(file.error for file in (*experiments, *params))
    return ExitCode.FAILED if failed else ExitCode.COMPLETE


def _show_names(given: dict[str, Any], context: Context) -> int:
    from curifactory.experiment import describe_sets  # imports what runs experiments
    from curifactory.options import RunOptions

    options = [RunOptions(experiment=file) for file in given["names"]]
    sets = {each.experiment: describe_sets(each) for each in options}
    names = {
        file: [{"hash": hash_, "name": entry["name"]} for hash_, entry in entries.items()]
        for file, entries in sets.items()
    }
    if "json" in given:
        context.out.line(_as_json(names))
        return ExitCode.COMPLETE
    for entry in (entry for entries in names.values() for entry in entries):
        context.out.line(f"{entry['hash']} {entry['name']}")
    return ExitCode.COMPLETE


def _checked(
    experiments: Sequence[SourceFile], params: Sequence[SourceFile], seconds: float
) -> tuple[list[SourceFile], list[SourceFile]]:
    """Return the files with what is wrong with those that cannot be imported."""
    from curifactory.cli.checking import Kind, find_failures

    kinds = ((Kind.EXPERIMENT, experiments), (Kind.PARAMS, params))
    wanted = [(kind, file.name) for kind, files in kinds for file in files if not file.error]
    failures: Mapping[tuple[Kind, str], str] = find_failures(wanted, seconds)
    checked = [
        [file._replace(error=file.error or failures.get((kind, file.name))) for file in files]
        for kind, files in kinds
    ]
    return checked[0], checked[1]


def _as_json(data: object) -> str:
    import json  # slow to import

    return json.dumps(data, indent=2)


def _as_data(
    experiments: Sequence[SourceFile], params: Sequence[SourceFile]
) -> dict[str, list[dict[str, str | None]]]:
    return {
        kind: [
            {
                "name": file.name,
                "path": file.path,
                "description": file.description,
                "error": file.error,
            }
            for file in files
        ]
        for kind, files in (("experiments", experiments), ("params", params))
    }


def _lines(
    configuration: Configuration, experiments: Sequence[SourceFile], params: Sequence[SourceFile]
) -> Iterator[str]:
    folder = module_folder(configuration, configuration.experiments_module_name)
    yield from _section("EXPERIMENTS:", "experiments", folder, experiments)
    yield ""
    folder = module_folder(configuration, configuration.params_module_name)
    yield from _section("PARAMS:", "parameter files", folder, params)


def _section(heading: str, what: str, folder: str, files: Sequence[SourceFile]) -> Iterator[str]:
    yield heading
    if not os.path.isdir(folder):
        yield f"warning: there is no folder {folder!r} with {what}"
    for file in files:
        description = f" - {file.description}" if file.description else ""
        error = f" [ERROR - {' '.join(file.error.split())}]" if file.error else ""
        yield f"\t{file.name}{description}{error}"
