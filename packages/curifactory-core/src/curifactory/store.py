"""The runs of a project: read from their journals, through an index that may be deleted.

``<manager_cache_path>/store/<experiment>/<number>.jsonl`` are the truth. ``store/index.db``
(SQLite) holds a summary of each, and is brought up to date whenever runs are read: nobody writes it
while a run is going on.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from curifactory.environment import is_alive
from curifactory.journal import STORE, list_journals
from curifactory.old_store import OLD_STORE, import_old_store
from curifactory.paths import safe_component, write_atomically

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_INDEX = "index.db"
_INDEX_VERSION = 2
_SCHEMA = """
create table if not exists runs (
    experiment text not null, number integer not null, size integer not null,
    mtime_ns integer not null, started real not null, closed integer not null, facts text not null,
    primary key (experiment, number)
) without rowid
"""


def summarise(path: str) -> dict[str, Any] | None:
    """Return the documented facts of the run whose journal is ``path``, ``None`` if it has none.

    Besides the documented keys: ``started`` and, once it is over, ``ended`` (seconds since 1970),
    ``process``, ``closed`` (whether the run was ended properly) and ``calls`` (number of stage
    calls by status).
    """
    facts: dict[str, Any] = {}
    for line in _facts_lines(path):
        event = line.pop("event")
        time = line.pop("time", 0.0)
        if event == "opened":
            facts = {"started": time, "closed": False, "param_files": [], "params": {}, **line}
        elif event == "parameters":
            facts |= {"param_files": list(line["files"]), "params": line["files"]}
        elif event == "closed":
            facts |= {key: line[key] for key in line if line[key] is not None}
            facts |= {"closed": True, "ended": time}
    return facts or None


def _facts_lines(path: str) -> Iterator[dict[str, Any]]:
    """Yield the lines about the run itself; a last one that a crash cut off is left out."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            if text.startswith(
                ('{"event": "opened"', '{"event": "parameters"', '{"event": "closed"')
            ):
                try:
                    yield json.loads(text)
                except ValueError:
                    return


class RunStore:
    """The recorded runs below a ``manager_cache_path``.

    Parameters
    ----------
    manager_cache_path
        Folder that holds ``store``; it need not exist.

    """

    def __init__(self, manager_cache_path: str) -> None:
        self.manager_cache_path = manager_cache_path
        self.path = os.path.join(manager_cache_path, STORE)

    def runs(self, experiment_name: str | None = None) -> list[dict[str, Any]]:
        """Return the facts of every run, of one experiment or of all, the oldest first.

        A run whose process is gone without ending it has the status ``interrupted``.
        """
        import_old_store(self.manager_cache_path)
        if not os.path.isdir(self.path):
            return []
        rows = self._read_index(
            None if experiment_name is None else safe_component(experiment_name)
        )
        return [_with_status(json.loads(facts)) for (facts,) in rows]

    def _read_index(self, experiment: str | None) -> list[tuple[str]]:
        try:
            with closing(self._open()) as database:
                self._update(database, experiment)
                return _select(database, experiment)
        except sqlite3.DatabaseError:
            pass
        # The index is damaged, or its folder cannot be written: one in memory does for now.
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute(_SCHEMA)
            self._update(database, experiment)
            return _select(database, experiment)

    def _open(self) -> sqlite3.Connection:
        path = os.path.join(self.path, _INDEX)
        database = sqlite3.connect(path, timeout=10)
        try:
            version = database.execute("pragma user_version").fetchone()[0]
            if version != _INDEX_VERSION:
                database.execute("drop table if exists runs")
                database.execute(f"pragma user_version = {_INDEX_VERSION}")
            database.execute(_SCHEMA)
        except sqlite3.DatabaseError as error:
            database.close()
            if isinstance(error, sqlite3.OperationalError):  # locked, or a read-only folder
                raise
            os.replace(path, f"{path}.damaged")
            return self._open()
        return database

    def _update(self, database: sqlite3.Connection, experiment: str | None) -> None:
        """Bring the index in line with the journals that are there."""
        experiments = self._experiments() if experiment is None else [experiment]
        if experiment is None:
            known = [row[0] for row in database.execute("select distinct experiment from runs")]
            for gone in set(known) - set(experiments):
                database.execute("delete from runs where experiment = ?", (gone,))
        for name in experiments:
            self._update_experiment(database, name)
        database.commit()

    def _update_experiment(self, database: sqlite3.Connection, experiment: str) -> None:
        query = "select number, size, mtime_ns from runs where experiment = ?"
        known = {row[0]: row[1:] for row in database.execute(query, (experiment,))}
        for number, path in list_journals(os.path.join(self.path, experiment)):
            status = os.stat(path)
            if known.pop(number, None) == (status.st_size, status.st_mtime_ns):
                continue
            facts = summarise(path)
            if facts is not None:
                place = (experiment, number, status.st_size, status.st_mtime_ns)
                row = (*place, facts["started"], facts["closed"], json.dumps(facts))
                database.execute("insert or replace into runs values (?, ?, ?, ?, ?, ?, ?)", row)
        for gone in known:
            database.execute(
                "delete from runs where experiment = ? and number = ?", (experiment, gone)
            )

    def _experiments(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.path) if entry.is_dir())


def _select(database: sqlite3.Connection, experiment: str | None) -> list[tuple[str]]:
    query = (
        "select facts from runs where :name is null or experiment = :name "
        "order by started, experiment, number"
    )
    return database.execute(query, {"name": experiment}).fetchall()


def _with_status(facts: dict[str, Any]) -> dict[str, Any]:
    gone = not facts["closed"] and facts["status"] != "LIVE" and not is_alive(facts["process"])
    return facts | {"status": "interrupted"} if gone else facts


class ManagerStore:
    """The recorded runs as a list of dictionaries, in the documented names.

    Parameters
    ----------
    path
        Folder that holds the runs' journals.

    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.runs: list[dict[str, Any]] = []
        """Every run as it was when the store was loaded, the oldest first."""
        self.load()

    def load(self) -> None:
        """Read the runs again."""
        self.runs = RunStore(self.path).runs()

    def save(self) -> None:
        """Write ``store.json`` for tools that read it; curifactory itself does not need it."""
        os.makedirs(self.path, exist_ok=True)
        own = ("started", "ended", "closed", "process", "calls", "format")
        runs = [{key: run[key] for key in run if key not in own} for run in self.runs]
        text = json.dumps(runs, indent=4, default=str)
        write_atomically(os.path.join(self.path, OLD_STORE), text.encode())

    def get_experiment_runs(self, name: str) -> list[dict[str, Any]]:
        """Return the runs of one experiment, the oldest first."""
        return [run for run in self.runs if run["experiment_name"] == name]

    def get_run(self, ref: str) -> tuple[dict[str, Any] | None, int]:
        """Return the run with this reference name and its place in ``runs``; ``(None, -1)``."""
        for index, run in enumerate(self.runs):
            if run["reference"] == ref:
                return run, index
        return None, -1

    def add_run(self, mngr: "ArtifactManager") -> dict[str, Any]:
        """Record the run of a manager, which gives it its number, and return its facts."""
        mngr.store()
        self.load()
        return mngr.run_info

    def update_run(self, mngr: "ArtifactManager") -> None:
        """Read the runs again, with what the manager has recorded meanwhile."""
        self.load()
