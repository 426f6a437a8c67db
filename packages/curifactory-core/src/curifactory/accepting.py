"""Accepting an edit as harmless: what is cached counts as computed by the code as it is now."""

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from curifactory.artifact import content_of
from curifactory.calls import StageSpec
from curifactory.closure.code_store import CodeStore
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError
from curifactory.freshness import Freshness, describe_code
from curifactory.importing import describe_error, project_imports, unknown
from curifactory.paths import write_atomically
from curifactory.plugins import UPKEEP, require

_METADATA = "_metadata.json"


def accept(configuration: Configuration, stage: str) -> int:
    """Record that the artifacts of ``stage`` are what its present code and inputs would give.

    The metadata of each is written again; files of artifacts are not touched. Artifacts computed
    from them no longer count the edit either.

    Returns
    -------
    int
        How many of its artifacts were stored with other code or inputs; for a stage that stores
        none, how many that were computed from its results.

    Raises
    ------
    BadInputError
        If the cache has nothing of this stage, or its code cannot be found.

    """
    found = list(_recorded(configuration.cache_path))
    names = sorted({str(metadata["stage"]) for _, metadata in found if metadata.get("stage")})
    own = [(path, metadata) for path, metadata in found if metadata.get("stage") == stage]
    keys = {str(metadata["code"]["stage"]) for _, metadata in own if _has_code(metadata)}
    keys |= {
        key
        for _, metadata in found
        for key in metadata.get("upstream") or {}
        if key.rpartition(".")[2] == stage
    }
    if not keys:
        raise BadInputError(unknown("cached stage", stage, names))
    contents = {
        _place(
            metadata,
            metadata.get("artifact_name"),
            metadata.get("stage"),
            metadata.get("params_hash"),
        ): content_of(metadata)
        for _, metadata in found
    }
    store = CodeStore(os.path.join(configuration.manager_cache_path, "code"))
    freshness = Freshness(configuration.root, store)
    failures: list[BadInputError] = []
    changed: set[str] = set()
    with project_imports(configuration):
        for key in sorted(keys):
            try:
                closure = freshness.closure(_find_stage(key))
            except BadInputError as failure:  # such as the module's name of long ago
                failures.append(failure)
                continue
            store.keep(closure)
            code = describe_code(key, closure)
            for path, metadata in found:
                before = json.dumps(metadata)
                _accept(metadata, key, code, contents, freshness)
                after = json.dumps(metadata)
                if after != before:
                    write_atomically(path, after.encode())
                    changed.add(path)
    if len(failures) == len(keys):
        raise failures[0]
    return len(changed & {path for path, _ in own}) or len(changed)


def _recorded(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and content of every metadata file below ``folder``, with all digests."""
    upkeep = require(UPKEEP, "cache", "looking after the cache comes", "curifactory-cache")
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(_METADATA):
                continue
            path = os.path.join(place, name)
            metadata = upkeep.read(path)
            if metadata is not None:  # neither removed, nor not what is written there
                yield path, dict(upkeep.digested(path, metadata))


def _has_code(metadata: Mapping[str, Any]) -> bool:
    return isinstance(metadata.get("code"), dict) and "stage" in metadata["code"]


def _place(metadata: Mapping[str, Any], name: Any, stage: Any, hash_: Any) -> tuple[str, ...]:
    run = metadata.get("manager_run_info") or {}
    return str(run.get("experiment_name")), str(name), str(stage), str(hash_)


def _accept(
    metadata: dict[str, Any],
    key: str,
    code: Mapping[str, Any],
    contents: Mapping[tuple[str, ...], str | None],
    freshness: Freshness,
) -> None:
    """Change ``metadata`` to what is accepted of the stage with the function ``key``."""
    if key in (metadata.get("upstream") or {}):
        metadata["upstream"][key] = code["fingerprint"]
    if not _has_code(metadata) or metadata["code"]["stage"] != key:
        return
    metadata["code"] = code
    if "arrived" in metadata:
        metadata["arrived"] = freshness.describe_arrived(metadata["arrived"]["names"])
    for each in metadata.get("inputs") or ():
        now = contents.get(_place(metadata, *each[:3]))
        each[3] = each[3] if now is None else now


def _find_stage(key: str) -> StageSpec:
    """Return the stage whose function has this module and name, importing its module."""
    module, _, name = key.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        raise BadInputError(
            f"module {module!r} of stage {name!r} cannot be imported: {describe_error(error)}"
        ) from error
    spec = getattr(found, "spec", None)
    if not isinstance(spec, StageSpec):
        raise BadInputError(
            f"stage {name!r} is not a name of module {module!r} any more, or is defined inside a "
            "function. Run it again with --overwrite-stage instead."
        )
    return spec
