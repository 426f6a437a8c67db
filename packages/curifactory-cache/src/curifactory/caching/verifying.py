"""Telling whether files are those that were stored, and whether they were finished."""

import os
from collections.abc import Callable, Mapping
from stat import S_ISDIR
from typing import Any

from curifactory.digests import sha256_of
from curifactory.paths import write_atomically

_MARKERS = ".curifactory-incomplete"


def describe_files(
    places: Mapping[str, tuple[str, os.stat_result]],
    folder: str,
    digest_of: "Callable[[str, str, os.stat_result], str | None] | None" = None,
) -> dict[str, dict[str, Any]]:
    """Return ``{relative path: {size, mtime_ns, sha256}}`` of files, and of those in folders.

    Parameters
    ----------
    places
        Where each final path lies now, and the state of what lies there.
    folder
        What the final paths are given relative to.
    digest_of
        Returns the digest of the file with a name, at a place; by default the file is read.

    """
    found: dict[str, dict[str, Any]] = {}
    for path, (place, state) in places.items():
        for file, status in _files(place, state):
            final = path if file == place else os.path.join(path, os.path.relpath(file, place))
            name = relative_path(final, folder)
            found[name] = {
                "size": status.st_size,
                "mtime_ns": status.st_mtime_ns,
                "sha256": digest(file) if digest_of is None else digest_of(name, file, status),
            }
    return found


def relative_path(path: str, folder: str) -> str:
    """Return ``path`` relative to ``folder``."""
    own, name = os.path.split(path)
    return name if own == folder else os.path.relpath(path, folder or ".")


def _files(path: str, status: os.stat_result) -> list[tuple[str, os.stat_result]]:
    if not S_ISDIR(status.st_mode):
        return [(path, status)]
    names = sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
    )
    return [(name, os.stat(name)) for name in names]


def digest(path: str) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    from hashlib import file_digest  # slow to import, and what is stored is seldom read for it

    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def find_damage(
    files: Mapping[str, Mapping[str, Any]], folder: str, *, read_all: bool = False
) -> str | None:
    """Return what is wrong with files that :func:`describe_files` described, ``None`` if nothing.

    Contents are read only where the time of change differs, or with ``read_all``. A file whose
    digest is not known yet is told by its size and time alone.
    """
    for name, expected in files.items():
        path = os.path.join(folder, name)
        try:
            status = os.stat(path)
            if status.st_size != expected["size"]:
                return f"file {path!r} has {status.st_size} bytes instead of {expected['size']}"
            same_time = status.st_mtime_ns == expected["mtime_ns"]
            known = expected["sha256"]
            if known is None and same_time:  # nothing says that it is another
                continue
            if (read_all or not same_time) and (known is None or digest(path) != known):
                return f"the content of file {path!r} was changed after it was stored"
        except (FileNotFoundError, NotADirectoryError):
            return f"file {path!r} is missing"
    return None


def check_metadata(metadata: Any) -> dict[str, Any]:
    """Return metadata that was read, if it has the shape that is written.

    Raises
    ------
    ValueError
        If it has not.

    """
    if not isinstance(metadata, dict):
        raise ValueError("it holds no JSON object")
    for key, (kind, word) in _KINDS.items():
        value = metadata.get(key)
        if value is not None and not isinstance(value, kind):
            raise ValueError(f"its {key!r} is no {word}")
    for key in ("paths", "tracked"):
        names = metadata.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"its {key!r} is no list of texts")
    if metadata.get("code") and not isinstance(metadata["code"].get("stage"), str):
        raise ValueError("its 'code' does not name the stage")
    _check_files(metadata.get("files", {}))
    _check_inputs(metadata.get("inputs") or [])
    return metadata


_KINDS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("extra", "params", "manager_run_info", "code", "upstream"), (dict, "object")),
    **dict.fromkeys(("stage", "artifact_name", "params_hash", "lineage"), (str, "text")),
    "execution": (str, "text"),
    "seconds": ((int, float), "number"),
}
_FACTS = {"size", "mtime_ns", "sha256"}
_INPUT_FACTS = 4


def _check_files(files: Any) -> None:
    facts = files.values() if isinstance(files, dict) else [None]
    if not all(isinstance(each, dict) and each.keys() >= _FACTS for each in facts):
        raise ValueError("its 'files' do not have size, time and digest")


def _check_inputs(inputs: Any) -> None:
    for each in inputs if isinstance(inputs, list) else [None]:
        if not isinstance(each, list) or len(each) != _INPUT_FACTS:
            raise ValueError("its 'inputs' do not have name, stage, hash and content")


def markers_folder(root: str) -> str:
    """Return the folder below ``root`` that is there as long as a marker is."""
    return f"{root}/{_MARKERS}"


def marker_path(root: str, path: str) -> str:
    """Return where the marker of an artifact lies that is written in place."""
    name = sha256_of(os.path.realpath(path).encode())
    return os.path.join(root, _MARKERS, name)


def mark(root: str, path: str) -> None:
    """Take note below ``root`` that ``path`` is being written and not complete."""
    marker = marker_path(root, path)
    os.makedirs(os.path.dirname(marker), exist_ok=True)
    write_atomically(marker, os.path.basename(path).encode())


def is_marked(root: str, path: str) -> bool:
    """Tell whether ``path`` is noted below ``root`` as not complete."""
    return any_marked(root) and os.path.exists(marker_path(root, path))


def any_marked(root: str) -> bool:
    """Tell whether anything is noted below ``root`` as not complete."""
    return os.path.isdir(markers_folder(root))


def unmark(root: str, path: str) -> None:
    """Take note below ``root`` that ``path`` is complete."""
    if is_marked(root, path):
        os.unlink(marker_path(root, path))
        try:
            os.rmdir(os.path.join(root, _MARKERS))
        except OSError:  # others are being written
            return
