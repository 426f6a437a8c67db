"""What the metadata files of an experiment say, kept in one file: one read instead of thousands.

It is never needed: what is not in it, or was changed since, is read from the metadata itself.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import finalize

from curifactory.artifact import content_of
from curifactory.paths import safe_component, write_atomically

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_FOLDER = "metadata"
_FORMAT = 5
_SHARED = ("code", "upstream", "arrived", "reported", "has_extra")
"""What tells how an artifact may be used, and is the same for many."""
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


class Known(NamedTuple):
    """What the metadata of an artifact says of whether it may be used."""

    path: str
    """Where the metadata lies."""
    state: tuple[int, ...]
    """Its :class:`FileState`, as a plain tuple."""
    files: tuple[tuple[str, int, int], ...]
    """Path of each file of the artifact, its size, and when it was changed."""
    stage: str | None
    name: str | None
    lineage: str | None
    execution: str | None
    content: str | None
    """A digest of the content of all files; ``None`` if that is still to be computed."""
    facts: dict[str, Any]
    """What it was computed by and from, and a preview."""

    def is_true(self) -> bool:
        """Tell whether the metadata is that which was read, and all files those that it names."""
        try:
            inode, size, modified, changed = self.state
            now = os.stat(self.path)
            if (
                now.st_mtime_ns != modified
                or now.st_ctime_ns != changed
                or now.st_ino != inode
                or now.st_size != size
            ):
                return False
            for path, size, modified in self.files:
                now = os.stat(path)
                if now.st_mtime_ns != modified or now.st_size != size:
                    return False
        except (OSError, ValueError, TypeError):  # gone, or not what was written
            return False
        return True


class MetadataIndex:
    """What is known of metadata files, by the paths of the artifacts.

    Parameters
    ----------
    path
        The file that keeps it.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept_file: _KeptFile | None = None
        self._seen: dict[str, Known] = {}
        self._shared: dict[str, Any] = {}
        self._kept: dict[int, Any] = {}
        """The same by their identity: most are the very object that was shared before."""
        self._new = 0

    def find(self, artifact: str) -> Known | None:
        """Return what is known of the artifact at a path, if that is still all true."""
        known = self._seen.get(artifact)
        if known is None:
            if self._kept_file is None:
                self._kept_file = _KeptFile(self._path)
            known = self._kept_file.find(artifact)
        if known is None or not known.is_true():
            return None
        self._seen[artifact] = known
        return known

    def recall(self, artifact: str) -> Known | None:
        """Return what this session has seen of the artifact at a path, true or not by now."""
        return self._seen.get(artifact)

    def note(
        self, artifact: str, path: str, state: FileState, metadata: Mapping[str, Any]
    ) -> Known:
        """Keep what the metadata at ``path`` says of the artifact at a path, and return it."""
        folder = os.path.dirname(path)
        files = [
            (os.path.join(folder, name), each["size"], each["mtime_ns"])
            for name, each in metadata.get("files", {}).items()
        ]
        told = [key for key in _SHARED if metadata.get(key) is not None]
        facts = {key: self._share(metadata[key]) for key in told}
        facts |= {key: metadata[key] for key in ("inputs", "preview") if metadata.get(key)}
        if metadata.get("extra"):
            facts["has_extra"] = True
        known = self._seen[artifact] = Known(
            path,
            tuple(state),
            tuple(files),
            metadata.get("stage"),
            metadata.get("artifact_name"),
            metadata.get("lineage"),
            metadata.get("execution"),
            content_of(metadata),
            facts,
        )
        self._new += 1
        return known

    def _share(self, value: Any) -> Any:
        """Return an equal value that is kept already, if there is one."""
        if id(value) not in self._kept:
            value = self._shared.setdefault(repr(value), value)
            self._kept[id(value)] = value
        return value

    def save(self, *, keep_others: bool = False) -> None:
        """Write what this session has seen, if much of it is new.

        Parameters
        ----------
        keep_others
            Keep also what earlier sessions have seen and this one was not asked for, of artifacts
            that are still there.

        """
        if self._new < max(_FEW, len(self._seen) // 10):
            return
        others = self._others() if keep_others else {}
        data = _text_of({**others, **self._seen}).encode()
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            write_atomically(self._path, data)
        except OSError:  # the next run reads the metadata itself
            return
        self._new = 0

    def _others(self) -> dict[str, Known]:
        kept = _KeptFile(self._path)  # what it is by now
        found = {path: kept.find(path) for path in kept.paths() if path not in self._seen}
        return {path: each for path, each in found.items() if each and os.path.exists(path)}


class _KeptFile:
    """What :func:`_text_of` wrote, each entry made when it is asked for."""

    def __init__(self, path: str) -> None:
        self._entries: dict[str, Any] = {}
        self._common: list[dict[str, Any]] = []
        # Whatever is wrong with it, the metadata itself is there.
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            with open(path, "rb") as file:
                kept = json.loads(file.read().decode())
            if kept["format"] == _FORMAT:
                shared = kept["shared"]
                self._common = [
                    {key: shared[place] for key, place in each.items()} for each in kept["common"]
                ]
                self._entries = dict(kept["known"])

    def paths(self) -> Iterable[str]:
        """Return the path of each artifact that it says something of."""
        return self._entries.keys()

    def find(self, artifact: str) -> Known | None:
        """Return what it says of the artifact at a path."""
        try:
            *plain, place, own = self._entries[artifact]
            return Known._make((*plain, own | self._common[place]))
        except (LookupError, TypeError, ValueError):  # nothing, or not what was written
            return None


def _text_of(seen: Mapping[str, Known]) -> str:
    """Return everything as JSON, which does nothing when it is read, and what is shared once.

    Facts have a place among ``common``, which has places among ``shared``.
    """
    shared: dict[int, tuple[int, Any]] = {}
    common: dict[tuple[tuple[str, int], ...], int] = {}
    entries = {}
    for artifact, known in seen.items():
        facts = dict(known.facts)
        values = [(key, facts.pop(key)) for key in _SHARED if key in facts]
        places = tuple(
            (key, shared.setdefault(id(value), (len(shared), value))[0]) for key, value in values
        )
        entries[artifact] = [*known[:-1], common.setdefault(places, len(common)), facts]
    kept = {
        "format": _FORMAT,
        "shared": [value for _, value in shared.values()],
        "common": [dict(places) for places in common],
        "known": entries,
    }
    return json.dumps(kept, separators=(",", ":"), default=str)


def index_of(manager: "ArtifactManager") -> MetadataIndex:
    """Return what the session of ``manager`` knows of metadata files."""
    if manager.metadata_index is None:
        name = f"{safe_component(str(manager.experiment_name))}.json"
        path = os.path.join(manager.manager_cache_path, _FOLDER, name)
        index = manager.metadata_index = MetadataIndex(os.path.abspath(path))
        if manager.run.recorded and manager.writes_cache:  # a live session, which may never end
            finalize(manager, index.save, keep_others=True)
    return cast("MetadataIndex", manager.metadata_index)
