"""What the cache holds of an artifact, and what is wrong with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Lookup
from curifactory.caching.verifying import find_damage
from curifactory.causes import Cause, CauseKind
from curifactory.lineage import lineage

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable


def look_up(cacher: "Cacheable") -> Lookup:
    """Tell whether a complete artifact is there that is the cacher's own."""
    if not cacher._exists(cacher.main_path()):
        return Lookup(False, (Cause(CauseKind.MISSING, cacher._label()),))
    if cacher.call is not None and cacher.is_guarded():
        return _damaged(cacher, "the stage that writes it did not come to its end")
    try:
        metadata = cacher._recall_metadata()
    except ValueError as error:
        return _damaged(cacher, f"its metadata cannot be used: {error}")
    if metadata is None:
        return Lookup(True, (Cause(CauseKind.UNVERIFIED, cacher._label()),))
    foreign = None if cacher.path_override is not None else _foreign(cacher, metadata)
    if foreign is not None:
        return Lookup(False, (Cause(CauseKind.FOREIGN, cacher._label(), foreign),), metadata)
    damage = find_damage(metadata.get("files", {}), cacher._metadata_folder())
    if damage is not None:
        return _damaged(cacher, damage)
    execution = None if cacher.path_override is not None else metadata.get("execution")
    return Lookup(True, (), metadata, execution)


def _foreign(cacher: "Cacheable", metadata: Mapping[str, Any]) -> str | None:
    """Return whose the artifact is, if it is not the one that this cacher is for."""
    stage, name = metadata.get("stage"), metadata.get("artifact_name")
    if (stage, name) not in {(cacher.stage, cacher.name), (None, None)}:
        return f"output {name!r} of stage {stage!r}"
    stored = metadata.get("lineage")
    if cacher.call is not None and stored is not None and stored != lineage(cacher.call):
        return "it was computed from other inputs or arguments"
    return None


def _damaged(cacher: "Cacheable", detail: str) -> Lookup:
    return Lookup(False, (Cause(CauseKind.DAMAGED, cacher._label(), detail),))
