"""What the metadata files of an experiment say, kept in one file: one read instead of thousands.

It is never needed: what is not in it, or was changed since, is read from the metadata itself.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from curifactory.artifact import content_of
from curifactory.paths import safe_component, write_atomically

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_FOLDER = "metadata"
_FORMAT = 2
_SHARED = ("code", "upstream", "arrived")
"""What tells whether an artifact is stale, and is the same for many."""
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
        inode, size, modified, changed = self.state
        try:
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
        except OSError:
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
        self._known: dict[str, tuple[Any, ...]] | None = None
        self._seen: dict[str, Known] = {}
        self._shared: dict[str, Any] = {}
        self._kept: dict[int, Any] = {}
        """The same by their identity: most are the very object that was shared before."""
        self._new = 0

    def find(self, artifact: str) -> Known | None:
        """Return what is known of the artifact at a path, if that is still all true."""
        known = self._seen.get(artifact)
        if known is None:
            if self._known is None:
                self._known = _load(self._path)
            entry = self._known.get(artifact)
            if entry is None:
                return None
            known = Known._make(entry)
        if not known.is_true():
            return None
        self._seen[artifact] = known
        return known

    def note(self, artifact: str, path: str, state: FileState, metadata: Mapping[str, Any]) -> None:
        """Keep what the metadata at ``path`` says of the artifact at a path."""
        folder = os.path.dirname(path)
        files = (
            (os.path.join(folder, name), each["size"], each["mtime_ns"])
            for name, each in metadata.get("files", {}).items()
        )
        facts = {key: self._share(metadata[key]) for key in _SHARED if key in metadata}
        facts |= {key: metadata[key] for key in ("inputs", "preview") if key in metadata}
        self._seen[artifact] = Known(
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

    def _share(self, value: Any) -> Any:
        """Return an equal value that is kept already, if there is one."""
        if id(value) not in self._kept:
            value = self._shared.setdefault(repr(value), value)
            self._kept[id(value)] = value
        return value

    def save(self) -> None:
        """Write what this session has seen, if much of it is new."""
        if self._new < max(_FEW, len(self._seen) // 10):
            return
        import pickle  # slow to import

        plain = {artifact: tuple(known) for artifact, known in self._seen.items()}
        data = pickle.dumps((_FORMAT, plain), 5)
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            write_atomically(self._path, data)
        except OSError:  # the next run reads the metadata itself
            return
        self._new = 0


def _load(path: str) -> dict[str, tuple[Any, ...]]:
    try:
        with open(path, "rb") as file:
            import pickle  # slow to import

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
