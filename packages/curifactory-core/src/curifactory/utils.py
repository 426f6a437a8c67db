"""Documented helpers, under their documented name.

Nothing of curifactory itself uses this module.
"""

import ast
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curifactory.config import get_configuration
from curifactory.journal import TIMESTAMP_FORMAT
from curifactory.previewing import preview

if TYPE_CHECKING:
    from curifactory.logs import RunLog

__all__ = [
    "TIMESTAMP_FORMAT",
    "get_command_output",
    "get_configuration",
    "get_py_opening_comment",
    "human_readable_mem_usage",
    "human_readable_time",
    "init_logging",
    "preview_object",
    "run_command",
]

_BYTES = ("B", "KB", "MB", "GB", "TB")


def get_command_output(command: Sequence[str], silent: bool = False) -> str:
    """Return what a program prints, both streams, without surrounding white space.

    Parameters
    ----------
    command
        The program and its arguments.
    silent
        Leave out what it writes to its standard error stream.

    Raises
    ------
    OSError
        If the program is not there.

    """
    import subprocess  # slow to import

    errors = subprocess.DEVNULL if silent else subprocess.STDOUT
    process = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, check=False)
    return process.stdout.decode(errors="replace").strip()


def run_command(command: Sequence[str]) -> int:
    """Run a program that prints to the terminal itself, and return its exit code."""
    import subprocess

    return subprocess.run(command, check=False).returncode


def human_readable_mem_usage(byte_count: float) -> str:
    """Return a number of bytes in decimal units.

    Examples
    --------
    >>> human_readable_mem_usage(1000), human_readable_mem_usage(2_500_000)
    ('1.00KB', '2.50MB')

    """
    amount, unit = float(byte_count), 0
    while abs(amount) >= 1000 and unit < len(_BYTES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.2f}{_BYTES[unit]}"


def human_readable_time(seconds: float) -> str:
    """Return a number of seconds in the unit that fits.

    Examples
    --------
    >>> human_readable_time(0.05), human_readable_time(90), human_readable_time(7200)
    ('50.00ms', '1.50m', '2.00h')

    """
    if seconds < 1:
        return f"{seconds * 1000:.2f}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    return f"{seconds / 60:.2f}m" if seconds < 3600 else f"{seconds / 3600:.2f}h"


def preview_object(obj: Any) -> str:
    """Return a few characters that show a value, without rendering all of it."""
    return preview(obj)


def get_py_opening_comment(lines: Sequence[str]) -> str:
    """Return the docstring of a file's lines, on one line; empty if it has none.

    Examples
    --------
    >>> get_py_opening_comment(['"' * 3 + "Iris", "flowers." + '"' * 3])
    'Iris flowers.'

    """
    try:
        tree = ast.parse("\n".join(line.rstrip("\n") for line in lines))
    except SyntaxError:
        return ""
    return " ".join((ast.get_docstring(tree) or "").split())


def init_logging(
    log_path: str | None = None, level: int = logging.INFO, disable_non_cf_loggers: bool = True
) -> "RunLog":
    """Write messages to the standard error stream and to a file; return what writes them.

    A line is ``2022-02-03 10:59:11,821 [INFO] - `` with the message. ``close()`` of the result
    ends it. Handlers that are there already stay as they are; where there are some, nothing goes to
    the standard error stream besides.

    Parameters
    ----------
    log_path
        The file; ``None`` for none.
    level
        ``logging.DEBUG`` for debugging messages too.
    disable_non_cf_loggers
        Leave out the messages of other libraries.

    """
    from curifactory.logs import RunLog

    log = RunLog(verbose=level <= logging.DEBUG, all_loggers=not disable_non_cf_loggers)
    log.to_console()
    if log_path is not None:
        log.to_file(log_path)
    return log
