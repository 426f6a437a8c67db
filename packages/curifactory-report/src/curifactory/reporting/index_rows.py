"""What the index of reports says of each run, kept from one index to the next."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

from curifactory.environment import NO_REPOSITORY
from curifactory.journal import TIMESTAMP_FORMAT
from curifactory.paths import write_atomically
from curifactory.reporting.templating import render

_KEPT = ".index.json"
_TEMPLATE = "index_row.html"
_WORTH_KEEPING = 50
"""Fewer runs are read again in less time than anybody notices."""
_MOST_NAMES = 12
"""So many names of parameter sets are shown at once."""
_FORMAT = 2
"""To be counted up when rows come to say something else with the same template."""

Seen = tuple[int, int, int]
"""Inode, size and time of change of a file with facts; zeros where there is none."""


class Row(NamedTuple):
    """A run in the index."""

    started: str
    run_number: int
    experiment_name: str
    status: str
    description: str
    html: str


class Rows:
    """The rows of the runs below a folder, of which only those that have changed are made anew.

    They are kept in ``.index.json``, which may be deleted at any time.
    """

    def __init__(self, reports_path: str) -> None:
        self._reports_path = reports_path
        self._path = os.path.join(reports_path, _KEPT)
        self._kept: dict[str, tuple[Seen, Row]] = {}
        # Whatever is wrong with the file, rows are made again without it.
        with suppress(OSError, ValueError, TypeError, AttributeError, LookupError):
            with open(self._path, encoding="utf-8") as file:
                kept = json.load(file)
            if kept["made_by"] == _made_by():
                self._kept = {
                    name: ((inode, size, time), Row(*facts))
                    for name, (inode, size, time, *facts) in kept["rows"].items()
                }
        self._is_new = False

    def row(self, folder: str, seen: Seen) -> Row:
        """Return what the index says of the run in ``folder`` with the facts ``seen``.

        Raises
        ------
        OSError, ValueError, LookupError, TypeError, AttributeError
            If the facts cannot be read.

        """
        kept = self._kept.get(folder)
        if kept is not None and kept[0] == seen:
            return kept[1]
        path = os.path.join(self._reports_path, folder, "run_info.json")
        with open(path, encoding="utf-8") as file:
            row = _make_row(json.load(file), folder)
        self._kept[folder] = seen, row
        self._is_new = True
        return row

    def keep(self, folders: Iterable[str]) -> None:
        """Keep the rows of ``folders`` for the next index, and no others."""
        wanted = self._kept.keys() & set(folders)
        is_old = len(wanted) == len(self._kept) and not self._is_new
        if is_old or len(wanted) < _WORTH_KEEPING:
            return
        rows = {name: [*self._kept[name][0], *self._kept[name][1]] for name in wanted}
        data = json.dumps({"made_by": _made_by(), "rows": rows}, separators=(",", ":"))
        with suppress(OSError):  # the page is there; without this, the next one takes longer
            write_atomically(self._path, data.encode())


@lru_cache(maxsize=1)
def _made_by() -> str:
    template = files("curifactory.reporting") / "templates" / _TEMPLATE
    return f"{_FORMAT} {sha256(template.read_bytes()).hexdigest()[:16]}"


def _make_row(info: Mapping[str, Any], folder: str) -> Row:
    started = datetime.strptime(info["timestamp"], TIMESTAMP_FORMAT).isoformat(sep=" ")
    notes = str(info.get("notes") or "").strip().splitlines()
    status = str(info["status"])
    run = {
        "folder": folder,
        "reference": str(info["reference"]),
        "started": started,
        "status": status,
        "error": info.get("error"),
        "dirty": bool(info.get("workdir_dirty")) and info.get("commit") != NO_REPOSITORY,
        "full_store": bool(info.get("full_store")),
        "from_store": _reads_a_store(str(info.get("cli", ""))),
        "hostname": str(info.get("hostname", "")),
        "cli": str(info.get("cli", "")),
        "notes": notes[0] if notes else "",
        "files": [
            (str(file), [str(pair[0]) for pair in pairs])
            for file, pairs in (info.get("params") or {}).items()
        ],
        "most_names": _MOST_NAMES,
    }
    return Row(
        started,
        int(info["run_number"]),
        str(info["experiment_name"]),
        status,
        str(info.get("description") or ""),
        render(_TEMPLATE, run=run),
    )


def _reads_a_store(command: str) -> bool:
    """Tell whether ``command`` takes all from a cache that it leaves as it is."""
    words = [word.partition("=")[0] for word in command.split()]
    return "--dry-cache" in words and not {"-c", "--cache"}.isdisjoint(words)
