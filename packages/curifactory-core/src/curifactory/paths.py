"""Names and places of files: safe components, atomic writes, directory listings."""

import itertools
import os
import re
import threading
import time
from contextlib import suppress
from functools import lru_cache

from curifactory.digests import sha256_of

_UNSAFE = re.compile(rb"[^A-Za-z0-9._-]")
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)]
)
_MAX_COMPONENT_BYTES = 100
_MOST_ATTEMPTS = 100
_MINUTE = 60.0
_CHUNK = 1024 * 1024
_counter = itertools.count()


@lru_cache(maxsize=4096)
def safe_component(name: str) -> str:
    """Return ``name`` as one component of a file name.

    Bytes outside ``[A-Za-z0-9._-]`` are percent-encoded, names over 100 bytes are cut and end in
    ``~`` and ten hexadecimal digits of their digest; empty names, ``.``, ``..`` and device names
    are encoded too. Ordinary names come back unchanged, and different names stay different.

    Examples
    --------
    >>> safe_component("train_model"), safe_component("a/b"), safe_component("..")
    ('train_model', 'a%2Fb', '%2E.')

    """
    raw = name.encode("utf-8", "surrogatepass")
    safe = _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], raw).decode("ascii")
    if not safe:
        return "%"
    if safe in {".", ".."} or safe.split(".")[0].upper() in _DEVICES:
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    if len(safe) > _MAX_COMPONENT_BYTES:
        safe = f"{safe[: _MAX_COMPONENT_BYTES - 11]}~{sha256_of(raw)[:10]}"
    return safe


_MAX_FILE_NAME = 180
_MAX_ENDING = 20


def artifact_file_name(prefix: str, hash_: str, stage: str, name: str) -> str:
    """Return ``<prefix>_<hash>_<stage>_<name>``, at most 180 characters long.

    Examples
    --------
    >>> artifact_file_name("iris", "3f2a", "train_model", "model.pkl")
    'iris_3f2a_train_model_model.pkl'

    """
    safe = safe_component
    joined = f"{safe(prefix)}_{safe(hash_)}_{safe(stage)}_{safe(name)}"
    if len(joined) <= _MAX_FILE_NAME:
        return joined
    stem, ending = os.path.splitext(joined)
    if len(ending) > _MAX_ENDING:
        stem, ending = joined, ""
    whole = f"{prefix}\0{hash_}\0{stage}\0{name}"
    digest = sha256_of(whole.encode("utf-8", "surrogatepass"))[:10]
    return f"{stem[: _MAX_FILE_NAME - 11 - len(ending)]}~{digest}{ending}"


def report_folder_name(reference: str) -> str:
    """Return the name of a run's folder among the reports; none begins with a dot, which hides.

    Examples
    --------
    >>> report_folder_name("iris_1"), report_folder_name(".iris_1")
    ('iris_1', '%2Eiris_1')

    """
    name = safe_component(reference)
    return f"%2E{name[1:]}" if name.startswith(".") else name


def require_inside(path: str, root: str) -> str:
    """Return ``path`` if it lies under ``root``.

    Raises
    ------
    ValueError
        If it does not.

    """
    absolute = os.path.abspath(path)
    if os.path.commonpath([absolute, os.path.abspath(root)]) != os.path.abspath(root):
        raise ValueError(f"path {path!r} lies outside {root!r}")
    return path


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` so that readers see the old file or the whole new one.

    The folder must exist. A temporary file beside ``path`` is renamed into place.
    """
    folder, name = os.path.split(os.fspath(path))
    own = f".{name[:50]}.{os.getpid()}-{threading.get_ident()}-{next(_counter)}"
    temporary = os.path.join(folder, own)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def read_file(path: str) -> tuple[bytes, os.stat_result]:
    """Return the content of a file and its state, asking the system half of what ``open`` does.

    Raises
    ------
    OSError
        If it cannot be read.

    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        size = status.st_size  # 0 also where the system makes the content up
        data = os.read(descriptor, size or _CHUNK)
        if len(data) != size:  # or not all comes at once
            chunks = [data]
            while chunks[-1]:
                chunks.append(os.read(descriptor, _CHUNK))
            data = b"".join(chunks)
        return data, status
    finally:
        os.close(descriptor)


def write_file(path: str, data: bytes | bytearray) -> os.stat_result:
    """Write a file, whatever was there, and return its state.

    Less is asked of the system than ``open`` does.

    Raises
    ------
    OSError
        If it cannot be written.

    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        written = os.write(descriptor, data)
        while written < len(data):  # or not all goes at once
            written += os.write(descriptor, data[written:])
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(path: str) -> None:
    """Remove what processes that were killed left of :func:`write_atomically` to ``path``.

    That is what has lain beside ``path`` for a minute.
    """
    folder, name = os.path.split(path)
    for entry in list(os.scandir(folder or ".")):
        if entry.name.startswith(f".{name[:50]}."):
            with suppress(FileNotFoundError):  # whoever wrote it is done
                if time.time() - entry.stat().st_mtime > _MINUTE:
                    os.unlink(entry.path)


def make_folder(folder: str) -> None:
    """Make ``folder`` and those above it, which other processes may be removing as empty."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            os.makedirs(folder, exist_ok=True)
        except FileNotFoundError:
            continue
        return
    os.makedirs(folder, exist_ok=True)


def remove_empty_folders(folder: str, count: int) -> None:
    """Remove ``folder`` and the folders above it, at most ``count``, as far as they are empty."""
    for _ in range(count):
        try:
            os.rmdir(folder)
        except OSError:  # not empty, or gone
            return
        folder = os.path.dirname(folder)


class DirectoryListing:
    """The names in each folder asked about, read once: a look-up costs no system call.

    Holds for the time nobody writes to these folders, as while an experiment is mapped.
    """

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._with: dict[tuple[str, str], bool] = {}

    def exists(self, path: str) -> bool:
        """Tell whether ``path`` existed when its folder was first asked about."""
        folder, _, name = path.rpartition(os.sep)
        return name in self.names(folder or (os.sep if path[:1] == os.sep else ""))

    def has_names_with(self, text: str, folder: str) -> bool:
        """Tell whether a name in ``folder`` contained ``text`` when it was first asked about."""
        key = folder, text
        if key not in self._with:
            self._with[key] = text in "\0".join(self.names(folder))
        return self._with[key]

    def names(self, folder: str) -> frozenset[str]:
        """Return what was in ``folder`` when it was first asked about; nothing if it is none."""
        names = self._names.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder or "."))
            except OSError:
                names = frozenset()
            self._names[folder] = names
        return names
