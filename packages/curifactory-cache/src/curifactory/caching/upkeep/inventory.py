"""What is in a cache, from the names of its files and from its metadata; nothing is loaded."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from curifactory.caching.locating import METADATA
from curifactory.caching.verifying import check_metadata, find_damage
from curifactory.upkeep import CachedArtifact

CORRUPT = ".corrupt"
REMOVED = ".removed"
_ASIDE = (CORRUPT, REMOVED)


def read_inventory(cache_path: str) -> list[CachedArtifact]:
    """Return every artifact below ``cache_path``, by name."""
    found: list[CachedArtifact] = []
    for folder in _folders(cache_path):
        found += _read_folder(folder, cache_path)
    return sorted(found, key=lambda artifact: artifact.name)


def _folders(root: str) -> Iterator[str]:
    """Yield the folders that may hold metadata; those of artifacts are sorted out later."""
    for folder, inner, _ in os.walk(root, onerror=_raise_unless_gone):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield folder


def _raise_unless_gone(error: OSError) -> None:
    """Let nobody take what may not be read for an empty folder."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


class _Folder:
    """The entries of one folder, each claimed by one artifact at most."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.free = {name for name in os.listdir(path) if not name.startswith(".")}
        stems = [name.removesuffix(METADATA) for name in self.free if name.endswith(METADATA)]
        self.stems = sorted(stems, key=len, reverse=True)

    def claim(self, names: list[str]) -> list[str]:
        """Take entries that nobody has yet; those of other folders may be shared."""
        mine = [name for name in names if os.path.dirname(name) or name in self.free]
        self.free.difference_update(mine)
        return mine

    def beginning_with(self, stem: str) -> list[str]:
        """Return the free entries whose names begin as that of an artifact does."""
        return sorted(
            name
            for name in self.free
            if (
                not name.endswith((METADATA, *_ASIDE)) and name.startswith((f"{stem}.", f"{stem}_"))
            )
            or name == stem
        )


def _read_folder(path: str, cache_path: str) -> list[CachedArtifact]:
    folder = _Folder(path)
    known = {stem: read_metadata(f"{path}/{stem}{METADATA}") for stem in folder.stems}
    claims: dict[str, list[str]] = {}
    for stem, (metadata, _) in known.items():
        if "paths" in metadata:
            claims[stem] = folder.claim([*metadata["paths"], *metadata.get("tracked", ())])
    for stem in folder.stems:
        if stem not in claims:
            claims[stem] = folder.claim(folder.beginning_with(stem))
    found = []
    for stem, (metadata, problem) in known.items():
        own = [*claims[stem], *folder.claim([f"{stem}{METADATA}"])]
        paths = [os.path.join(path, name) for name in own]
        found.append(_describe(os.path.join(path, stem), paths, cache_path, metadata, problem))
    for name in sorted(folder.free):
        entry = os.path.join(path, name)
        if name.endswith(_ASIDE) or not (os.path.isdir(entry) and _holds_metadata(entry)):
            found.append(_describe(entry, [entry], cache_path, None, None))
    return found if path == cache_path or known else []


def _holds_metadata(folder: str) -> bool:
    """Tell whether a folder has artifacts of its own, and is no artifact itself."""
    return any(name.endswith(METADATA) for _, _, names in os.walk(folder) for name in names)


def read_metadata(path: str) -> tuple[dict[str, Any], str | None]:
    """Return the metadata at ``path``, and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            return check_metadata(json.loads(file.read())), None
    except FileNotFoundError:
        return {}, "its metadata is missing"
    except OSError as error:
        return {}, f"its metadata cannot be read: {error.strerror}"
    except ValueError as error:
        return {}, f"its metadata cannot be used: {error}"


def _describe(
    stem: str,
    paths: list[str],
    cache_path: str,
    metadata: Mapping[str, Any] | None,
    problem: str | None,
) -> CachedArtifact:
    name = os.path.relpath(stem, cache_path)
    there = tuple(path for path in paths if os.path.lexists(path))
    size = sum(map(size_of, there))
    modified = max((os.lstat(path).st_mtime for path in there), default=0.0)
    if metadata is None:
        state = "set aside" if name.endswith(_ASIDE) else "unverified"
        return CachedArtifact(name=name, paths=there, state=state, size=size, modified=modified)
    problem = problem or find_damage(metadata.get("files", {}), os.path.dirname(stem))
    if problem is None and len(there) < 2:  # nothing but the metadata
        problem = "its files are missing"
    run = metadata.get("manager_run_info") or {}
    return CachedArtifact(
        name=name,
        paths=there,
        state="complete" if problem is None else "damaged",
        size=size,
        modified=modified,
        stage=_text(metadata.get("stage")),
        output=_text(metadata.get("artifact_name")),
        experiment=_text(run.get("experiment_name")),
        run=_text(run.get("reference")),
        parameter_set=_text(metadata.get("params_name")),
        hash=_text(metadata.get("params_hash")),
        execution=_text(metadata.get("execution")),
        seconds=metadata.get("seconds"),
        problem=problem,
    )


def _text(value: object) -> str | None:
    """Return what metadata says as a text: names given in a live session may be numbers."""
    return None if value is None else str(value)


def size_of(path: str) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if not os.path.isdir(path) or os.path.islink(path):
        return os.lstat(path).st_size
    files = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    return sum(os.lstat(file).st_size for file in files)
