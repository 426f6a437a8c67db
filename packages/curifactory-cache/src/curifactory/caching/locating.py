"""Where a cacher's artifact lies."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.record import Record


METADATA = "_metadata.json"
"""Suffix of the file with an artifact's metadata."""


def locate(cacher: "Cacheable", suffix: str | None) -> str:
    """Return the path of the cacher's artifact, or with ``suffix`` of a further file of it.

    Raises
    ------
    RuntimeError
        Without a record and name, or a path override.

    """
    if cacher.path_override is not None:
        return _overridden(cacher, str(cacher.path_override), suffix)
    if cacher.record is None or cacher.name is None:
        raise RuntimeError(
            f"{type(cacher).__name__} does not know its path: give it a path, as in "
            f"{type(cacher).__name__}('data/file'), or a record and a name."
        )
    key = (suffix, cacher.name, cacher.extension, cacher.subdir, cacher.prefix)
    path = cacher._located.get(key)
    if path is None:
        path = _in_cache(cacher, cacher.record, cacher.name, suffix)
        if cacher.call is not None:
            cacher._located[key] = path
    return path


def _in_cache(cacher: "Cacheable", record: "Record", name: str, suffix: str | None) -> str:
    ending = cacher.extension if suffix is None else suffix
    name = name if ending and name.endswith(ending) else f"{name}{ending}"
    call = cacher.call
    if call is None:
        return record.get_path(name, cacher.subdir, cacher.prefix, cacher.stage)
    folder = record.manager.cache_folder(cacher.subdir)
    return f"{folder}/{record.manager.file_name(name, call.hash, cacher.prefix, call.file_stage)}"


def _overridden(cacher: "Cacheable", path: str, suffix: str | None) -> str:
    if cacher.record is not None and "{" in path:
        path = path.format(**_template_values(cacher, cacher.record))
    if suffix is None:
        return path
    if cacher.extension:
        path = path.removesuffix(cacher.extension)
    return f"{path}{suffix}"


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
