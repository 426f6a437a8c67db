"""Values that no cacher stores, on their way from one process of a run to another."""

import os
import pickle
import shutil
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from curifactory.environment import is_alive, process_name
from curifactory.exceptions import CacheError
from curifactory.paths import make_folder

if TYPE_CHECKING:
    from curifactory.artifact import Artifact
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager

_FOLDER = ".curifactory-scratch"


class Scratch:
    """The scratch folder of one run, which is removed with the session it belongs to.

    Parameters
    ----------
    folder
        Where it is.
    twins
        Calls that compute what an earlier call computes: the key of each, and of the earlier one.

    """

    def __init__(self, folder: str, twins: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        self.folder = folder
        self.collects = False
        """Whether this process executes calls for others, and keeps what comes of them."""
        self._twins = twins

    def removed_with(self, manager: "ArtifactManager") -> None:
        """Let the folder be removed when ``manager`` is gone, or by :meth:`remove` before."""
        weakref.finalize(manager, remove, self.folder, os.getpid())

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        remove(self.folder, os.getpid())

    def keep(self, call: "StageCall", values: tuple[Any, ...]) -> None:
        """Keep those of the outputs of ``call`` that the cache does not, if this ``collects``.

        Raises
        ------
        CacheError
            If one cannot be pickled; names stage and output.

        """
        if not self.collects:
            return
        writes = call.record.manager.writes_cache
        for place, (artifact, value) in enumerate(zip(call.outputs, values, strict=True)):
            if not artifact.is_stored or not writes:
                self._write(self._path(call.key, str(place)), value, _label(artifact))

    def keep_reportables(self, call: "StageCall", reportables: list[Any]) -> None:
        """Keep what ``call`` reported."""
        if reportables:
            label = f"what stage {call.name!r} reported"
            self._write(self._path(call.key, "reportables"), reportables, label)

    def load_reportables(self, call: "StageCall") -> list[Any] | None:
        """Return what ``call`` reported, ``None`` if nothing was kept."""
        path = self._path(call.key, "reportables")
        if not os.path.exists(path):
            return None
        return list(self._read(path, call.record.manager))

    def has(self, artifact: "Artifact") -> bool:
        """Tell whether the value of ``artifact`` is kept here."""
        return self._find(artifact) is not None

    def load(self, artifact: "Artifact") -> Any:
        """Return the value of ``artifact``, which is kept here."""
        path = self._find(artifact)
        if path is None:
            raise KeyError(artifact.name)
        return self._read(path, artifact.call.record.manager)

    def _find(self, artifact: "Artifact") -> str | None:
        call = artifact.call
        place = str(call.outputs.index(artifact))
        for key in (call.key, self._twins.get(call.key)):
            if key is not None and os.path.exists(path := self._path(key, place)):
                return path
        return None

    def _path(self, key: tuple[int, int], place: str) -> str:
        return os.path.join(self.folder, f"{key[0]}-{key[1]}-{place}.pkl")

    def _write(self, path: str, value: Any, label: str) -> None:
        temporary = f"{path}.{os.getpid()}"
        try:
            with open(temporary, "wb") as file:
                _dump(value, file)
            os.replace(temporary, path)
        except OSError as error:
            raise CacheError(
                f"{label} cannot be kept in {self.folder!r} for the other processes of the run: "
                f"{error.strerror or error}. Check the folder's permissions and the free space."
            ) from error
        except Exception as error:
            raise CacheError(
                f"{label}, a {type(value).__qualname__}, has no cacher and cannot be pickled for "
                f"the other processes of the run: {type(error).__name__}: {error}. Give it a "
                "cacher, or return something that can be pickled."
            ) from error
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)

    def _read(self, path: str, manager: "ArtifactManager") -> Any:
        with open(path, "rb") as file:
            return _Unpickler(file, manager).load()


def _label(artifact: "Artifact") -> str:
    return f"output {artifact.name!r} of stage {artifact.call.name!r}"


def make_scratch(manager_cache_path: str) -> str:
    """Make and return a folder for one run, and remove those that dead processes left."""
    root = os.path.join(manager_cache_path, _FOLDER)
    with suppress(FileNotFoundError):
        for name in os.listdir(root):
            if not is_alive(name.partition("~")[0]):
                shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    folder = os.path.join(root, f"{process_name()}~{os.urandom(4).hex()}")
    make_folder(folder)
    return os.path.abspath(folder)


def remove(folder: str, owner: int) -> None:
    """Remove a scratch folder, if this is the process that made it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            os.rmdir(os.path.dirname(folder))


def _persistent_id(value: object) -> tuple[str, int] | None:
    """Return what stands for a record or a session, which every process has its own of."""
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record

    if isinstance(value, Record):
        return "record", value.ordinal
    return ("manager", 0) if isinstance(value, ArtifactManager) else None


def _dump(value: Any, file: BinaryIO) -> None:
    """Pickle ``value``; what pickle cannot, such as a lambda, cloudpickle may, if it is there."""
    try:
        _Pickler(file, protocol=5).dump(value)
        return
    except (pickle.PicklingError, TypeError, AttributeError):
        try:
            from cloudpickle import CloudPickler
        except ImportError:
            CloudPickler = None  # noqa: N806 - the class's own name
        if CloudPickler is None:
            raise
    file.seek(0)
    file.truncate()
    pickler = CloudPickler(file, protocol=5)
    pickler.persistent_id = _persistent_id
    pickler.dump(value)


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: object) -> tuple[str, int] | None:
        return _persistent_id(value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, manager: "ArtifactManager") -> None:
        super().__init__(file)
        self._manager = manager

    def persistent_load(self, what: tuple[str, int]) -> Any:
        return self._manager.all_records[what[1]] if what[0] == "record" else self._manager
