"""What ``experiment ls`` prints."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.config import Configuration
from curifactory.discovery import SourceFile, list_experiments, list_params, module_folder
from curifactory.experiment import ExitCode


def add_arguments(parser: Parser) -> None:
    """Take nothing."""


def perform(_given: dict[str, Any], context: Context) -> int:
    """Show what the project has."""
    for line in list_project(context.configuration):
        context.out.line(line)
    return ExitCode.COMPLETE


def list_project(configuration: Configuration) -> Iterator[str]:
    """Yield the lines that list the project's experiments and parameter files.

    The files are read, never imported.
    """
    yield from _section(
        "EXPERIMENTS:",
        "experiments",
        module_folder(configuration, configuration.experiments_module_name),
        list_experiments(configuration),
    )
    yield ""
    yield from _section(
        "PARAMS:",
        "parameter files",
        module_folder(configuration, configuration.params_module_name),
        list_params(configuration),
    )


def _section(heading: str, what: str, folder: str, files: Sequence[SourceFile]) -> Iterator[str]:
    yield heading
    if not os.path.isdir(folder):
        yield f"warning: there is no folder {folder!r} with {what}"
    for file in files:
        description = f" - {file.description}" if file.description else ""
        error = f" [ERROR - {' '.join(file.error.split())}]" if file.error else ""
        yield f"\t{file.name}{description}{error}"
