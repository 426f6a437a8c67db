"""What the metadata files of an experiment say, kept in one file: one read instead of thousands.

It is never needed: what is not in it, or was changed since, is read from the metadata itself.
"""

import os
import pickle
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from curifactory.paths import safe_component, write_atomically

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_FOLDER = "metadata"
_FORMAT = 1
_LEFT_OUT = frozenset(
    {"manager_run_info", "params", "paths", "prior_records", "record_prior_stages", "tracked"}
)
"""What tells nothing of whether an artifact may be used, and is most of the metadata."""
_SHARED = ("code", "upstream", "arrived", "extra")
"""What is the same for many artifacts."""
_FEW = 50
"""So many files are read again rather than all that is known written."""


class FileState(NamedTuple):
    """What differs whenever a file is written anew."""

    inode: int
    size: int
    modified: int
    """In nanoseconds since 1970, as is ``changed``."""
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        """Return the state that ``status`` describes."""
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def state_of(path: str) -> FileState | None:
    """Return the state of the file at ``path``; ``None`` if there is none that can be seen."""
    try:
        return FileState.of(os.stat(path))
    except OSError:
        return None


class MetadataIndex:
    """What is known of metadata files, by their paths.

    Parameters
    ----------
    path
        The file that keeps it.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: dict[str, tuple[FileState, dict[str, Any]]] | None = None
        self._seen: dict[str, tuple[FileState, dict[str, Any]]] = {}
        self._shared: dict[str, Any] = {}
        self._new = 0

    def find(self, path: str) -> dict[str, Any] | None:
        """Return what the metadata at ``path`` says, without what is about its run and record.

        ``None`` if the file that was read is not there any more.
        """
        if self._known is None:
            self._known = _load(self._path)
        entry = self._seen.get(path) or self._known.get(path)
        if entry is None:
            return None
        if state_of(path) != entry[0]:
            return None
        self._seen[path] = entry
        return entry[1]

    def note(self, path: str, state: FileState, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what the metadata at ``path`` says, and return that as :meth:`find` does."""
        facts = {
            sys.intern(key): self._share(value) if key in _SHARED else value
            for key, value in metadata.items()
            if key not in _LEFT_OUT
        }
        self._seen[path] = state, facts
        self._new += 1
        return facts

    def _share(self, value: Any) -> Any:
        return self._shared.setdefault(repr(value), value)

    def save(self) -> None:
        """Write what this session has seen, if much of it is new."""
        if self._new < max(_FEW, len(self._seen) // 10):
            return
        data = pickle.dumps((_FORMAT, self._seen), 5)
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            write_atomically(self._path, data)
        except OSError:  # the next run reads the metadata itself
            return
        self._new = 0


def _load(path: str) -> dict[str, tuple[FileState, dict[str, Any]]]:
    try:
        with open(path, "rb") as file:
            version, known = pickle.load(file)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the metadata itself is there
        return {}
    if version != _FORMAT or not isinstance(known, dict):
        return {}
    return known


def index_of(manager: "ArtifactManager") -> MetadataIndex:
    """Return what the session of ``manager`` knows of metadata files."""
    if manager.metadata_index is None:
        name = f"{safe_component(str(manager.experiment_name))}.pickle"
        manager.metadata_index = MetadataIndex(
            os.path.join(manager.manager_cache_path, _FOLDER, name)
        )
    return cast("MetadataIndex", manager.metadata_index)
