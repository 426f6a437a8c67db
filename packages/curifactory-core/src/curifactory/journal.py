"""Run journals: what happened in a run, one JSON object a line, written as it happens.

``<manager_cache_path>/store/<experiment>/<number>.jsonl`` is created exclusively, so that two runs
never share a number, and only ever appended to. A journal without a ``closed`` line belongs to a
run that is going on, or that was killed.
"""

import atexit
import json
import os
import time
from collections.abc import Mapping
from contextlib import closing
from math import isfinite
from typing import Any

from curifactory.appending import LineFile
from curifactory.paths import remove_empty_folders, safe_component, write_atomically

STORE = "store"
"""Name of the folder for journals below a ``manager_cache_path``."""
SUFFIX = ".jsonl"
TIMESTAMP_FORMAT = "%Y-%m-%d-T%H%M%S"
"""How the start of a run is written, in its reference too."""
_HINT = "last_number"


class Journal:
    """The one writer of a run's journal; every line is with the system when it is written."""

    def __init__(self, file: LineFile, number: int) -> None:
        self.number = number
        self._file = file
        self._second, self._second_text = -1, ""
        atexit.register(self.close)

    @property
    def path(self) -> str:
        """Path of the journal's file."""
        return self._file.path

    def write(self, event: str, facts: Mapping[str, Any]) -> None:
        """Append a line with ``event``, the time (seconds since 1970) and ``facts``."""
        self._file.write(_line(event, facts))

    def moment(self, seconds: float) -> str:
        """Return a time in seconds since 1970, with microseconds, as JSON.

        Most of its digits are those of the moment before, and digits are what a number costs.
        """
        second = int(seconds)
        if second != self._second:
            self._second, self._second_text = second, f"{second}."
        return self._second_text + str(1_000_000 + int((seconds - second) * 1e6))[1:]

    def write_encoded(self, event: str, facts: str) -> None:
        """Append the line that :meth:`write` does; ``facts`` are the members of a JSON object."""
        self._file.write(f'{{"event": "{event}", "time": {self.moment(time.time())}, {facts}}}\n')

    def close(self) -> None:
        """Make everything written durable and close the file."""
        atexit.unregister(self.close)
        if self._file.closed:
            return
        self._file.sync()
        self._file.close()

    def leave(self) -> None:
        """Close the file in a process that was forked from the one that writes the journal."""
        atexit.unregister(self.close)
        self._file.close()

    def discard(self) -> None:
        """Remove the journal, and give its number back if it was the last one."""
        self.close()
        os.unlink(self.path)
        folder = os.path.dirname(self.path)
        if _last_number(folder) == self.number:
            os.unlink(os.path.join(folder, _HINT))
        remove_empty_folders(folder, 3)


_encode = json.JSONEncoder(default=str).encode


def encode(number: float) -> str:
    """Return the JSON of ``number``, which the encoder takes ten times as long for."""
    if type(number) is int or (type(number) is float and isfinite(number)):
        return repr(number)
    return _encode(number)


def _line(event: str, facts: Mapping[str, Any]) -> str:
    line = {"event": event, "time": round(time.time(), 6), **facts}
    return _encode(line) + "\n"


def append_line(path: str, event: str, facts: Mapping[str, Any]) -> None:
    """Append a line to the journal at ``path``, which is closed."""
    with closing(LineFile(path, "a")) as file:
        file.write(_line(event, facts))
        file.sync()


def open_journal(store_path: str, experiment_name: str) -> Journal:
    """Create the journal of the experiment's next run.

    Parameters
    ----------
    store_path
        Folder ``store`` below ``manager_cache_path``; made if it is not there.
    experiment_name
        Name of the experiment.

    """
    folder = os.path.join(store_path, safe_component(experiment_name))
    os.makedirs(folder, exist_ok=True)
    number = _last_number(folder)
    while True:
        number += 1
        path = os.path.join(folder, f"{number}{SUFFIX}")
        try:
            file = LineFile(path, "x")
        except FileExistsError:
            continue
        claim_number(folder, number)
        return Journal(file, number)


def claim_number(folder: str, number: int) -> None:
    """Note that ``number`` is taken, so that the search for a free one starts above it."""
    if number > _last_number(folder, default=0):
        write_atomically(os.path.join(folder, _HINT), str(number).encode())


def _last_number(folder: str, default: int | None = None) -> int:
    """Return a number at or below the last one given: where to start looking for a free one."""
    try:
        with open(os.path.join(folder, _HINT), "rb") as file:
            return int(file.read())
    except (OSError, ValueError):  # none given yet, or the hint was lost
        if default is not None:
            return default
        return max((number for number, _ in list_journals(folder)), default=0)


def list_journals(folder: str) -> list[tuple[int, str]]:
    """Return ``(number, path)`` of every journal in an experiment's folder, by number."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix == SUFFIX and stem.isdigit():
            found.append((int(stem), os.path.join(folder, name)))
    return sorted(found)


def read_journal(path: str) -> list[dict[str, Any]]:
    """Return the lines of a journal, without a last one that a crash cut off."""
    lines = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                lines.append(json.loads(text))
            except ValueError:
                break
    return lines
