"""Where a cacher's artifact lies."""

import os
from typing import TYPE_CHECKING, Any

from curifactory.paths import safe_component

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.manager import ArtifactManager
    from curifactory.record import Record

METADATA = "_metadata.json"
"""Suffix of the file with an artifact's metadata."""
RUN_FACTS = "run_info.json"
"""Name of the file that makes the folder above a cache a full store."""
_OVERRIDES = "overrides"


def locate(cacher: "Cacheable", suffix: str | None) -> str:
    """Return the path of the cacher's artifact, or with ``suffix`` of a further file of it.

    Raises
    ------
    RuntimeError
        Without a record and name, or a path override.

    """
    if cacher.path_override is not None:
        exact = _overridden(cacher, str(cacher.path_override), suffix)
        return exact if cacher.record is None else _kept_elsewhere(cacher, cacher.record, exact)
    if cacher.record is None or cacher.name is None:
        raise RuntimeError(
            f"{type(cacher).__name__} does not know its path: give it a path, as in "
            f"{type(cacher).__name__}('data/file'), or a record and a name."
        )
    key = (suffix, cacher.name, cacher.extension, cacher.subdir, cacher.prefix)
    path = cacher._located.get(key)
    if path is None:
        path = _in_cache(cacher, cacher.record, suffix)
        if cacher.call is not None:
            cacher._located[key] = path
    return path


def _in_cache(cacher: "Cacheable", record: "Record", suffix: str | None) -> str:
    name, call = file_ending(cacher, suffix), cacher.call
    if call is None:
        return record.get_path(name, cacher.subdir, cacher.prefix, cacher.stage, cacher.track)
    folder = record.manager.cache_folder(cacher.subdir)
    if cacher._root is not None:
        folder = place_in_store(folder, cacher._root, record.manager)
    return f"{folder}/{record.manager.file_name(name, call.hash, cacher.prefix, call.file_stage)}"


def file_ending(cacher: "Cacheable", suffix: str | None) -> str:
    """Return what the names of the cacher's files have after the stage's name."""
    name, ending = str(cacher.name), cacher.extension
    if suffix is not None:
        return f"{name}{suffix}"
    return name if ending and name.endswith(ending) else f"{name}{ending}"


def _overridden(cacher: "Cacheable", path: str, suffix: str | None) -> str:
    if cacher.record is not None and "{" in path:
        path = path.format(**_template_values(cacher, cacher.record))
    if suffix is None:
        return path
    if cacher.extension:
        path = path.removesuffix(cacher.extension)
    return f"{path}{suffix}"


def _kept_elsewhere(cacher: "Cacheable", record: "Record", path: str) -> str:
    """Return where an artifact with a path of its own is kept, if that is in a full store."""
    manager = record.manager
    if cacher.call is None:
        if cacher.track and cacher._staged is None:
            record.track(path, os.path.basename(path))
        return path
    if cacher._root is not None:
        return place_in_store(path, cacher._root, manager)
    if os.path.isfile(os.path.join(os.path.dirname(manager.cache_path), RUN_FACTS)):
        kept = place_in_store(path, manager.cache_path, manager)
        return kept if os.path.exists(kept) else path
    return path


def place_in_store(path: str, artifacts: str, manager: "ArtifactManager") -> str:
    """Return where a full store keeps what lies at ``path``.

    Parameters
    ----------
    path
        A path in the cache, or outside of it; that of an artifact with a path of its own.
    artifacts
        The store's folder of artifacts.
    manager
        Knows the folders of cache and project.

    """
    absolute, cache = os.path.abspath(path), os.path.abspath(manager.cache_path)
    if os.path.commonpath([absolute, cache]) == cache:
        return os.path.normpath(os.path.join(artifacts, os.path.relpath(absolute, cache)))
    folder, name = os.path.split(absolute)
    project = os.path.abspath(manager.config.root)
    if os.path.commonpath([folder, project]) == project:
        folder = os.path.relpath(folder, project)
    return os.path.join(artifacts, _OVERRIDES, safe_component(folder), name)


def _template_values(cacher: "Cacheable", record: "Record") -> dict[str, Any]:
    manager, call = record.manager, cacher.call
    hash_ = record.get_hash() if call is None else call.hash
    stage = cacher.stage if call is None else call.file_stage
    return {
        "hash": hash_,
        "cache": manager.cache_path,
        "stage": cacher.stage,
        "name": cacher.name,
        "params": record.params,
        "experiment": manager.experiment_name,
        "artifact_filename": manager.file_name(str(cacher.name), hash_, cacher.prefix, str(stage)),
    }
