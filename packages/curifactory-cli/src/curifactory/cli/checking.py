"""Importing each file of a project in a process of its own, to find those that fail."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from curifactory.config import get_configuration
from curifactory.exceptions import BadInputError
from curifactory.experiment import describe_sets
from curifactory.importing import import_experiment, project_imports
from curifactory.options import RunOptions

_CODE = "from curifactory.cli.checking import check_here; check_here()"
_MARK = "curifactory-check-failed:"


class Kind(StrEnum):
    """What a file is checked as."""

    EXPERIMENT = "experiment"
    PARAMS = "params"


def find_failures(
    files: Iterable[tuple[Kind, str]], seconds: float
) -> Mapping[tuple[Kind, str], str]:
    """Return what is wrong with each file that fails.

    A file is imported, and the ``get_params()`` of a parameter file called, in a process of its
    own, as many at a time as there are processors.

    Parameters
    ----------
    files
        Kind and name of each.
    seconds
        How long one may take.

    """
    files = list(files)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = threads.map(lambda file: _check(file[0], file[1], seconds), files)
        return {file: error for file, error in zip(files, results, strict=True) if error}


def _check(kind: Kind, name: str, seconds: float) -> str | None:
    with subprocess.Popen(
        [sys.executable, "-B", "-c", _CODE, kind, name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            _, shown = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"it took longer than {seconds:g} s"
    if process.returncode == 0:
        return None
    _, found, message = shown.rpartition(_MARK)
    return message.strip() if found else f"its process ended with code {process.returncode}"


def check_here() -> None:
    """Import the file that the command line of this process names."""
    kind, name = sys.argv[1:3]
    configuration = get_configuration()
    try:
        with project_imports(configuration):
            if kind == Kind.EXPERIMENT:
                import_experiment(configuration, name)
            else:
                describe_sets(RunOptions(experiment=name))
    except BadInputError as error:
        print(f"{_MARK}{error}", file=sys.stderr)
        raise SystemExit(1) from None
