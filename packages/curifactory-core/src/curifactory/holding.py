"""What the cache holds of a call, and who asked that it runs again all the same."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curifactory.artifact import Artifact, Lookup
from curifactory.calls import StageCall
from curifactory.causes import Cause, CauseKind
from curifactory.config import OnStale
from curifactory.graph import Node

if TYPE_CHECKING:
    from curifactory.freshness import Freshness
    from curifactory.manager import ArtifactManager
    from curifactory.params import ExperimentParameters
    from curifactory.protocols import Finder

_IGNORE = OnStale.IGNORE


class _Nowhere:
    """Finds nothing of an output without cacher."""

    def __init__(self, name: str) -> None:
        self._lookup = _nowhere(name)

    def find(self, _call: StageCall) -> Lookup:
        return self._lookup


def _finders(call: StageCall) -> "Mapping[str, Finder]":
    """Return what finds the outputs of ``call``, by their names, in the map or the session."""
    manager = call.record.manager
    if manager.mapping is not None:
        return manager.mapping.finders(call)
    key = call.spec, manager.lazy, manager.ignore_lazy, manager.file_prefix(None)
    found = manager.finders.get(key)
    if found is None:
        found = manager.finders[key] = make_finders(call)
    return found


def make_finders(call: StageCall) -> "dict[str, Finder]":
    """Return what finds the outputs of calls such as ``call``, by their names, where there is."""
    found: dict[str, Finder] = {}
    for artifact in call.outputs:
        if not artifact.is_stored:
            found[artifact.name] = _Nowhere(artifact.name)
            continue
        make = getattr(artifact.prototype, "finder", None)
        finder = None if make is None else make(call, artifact.name)
        if finder is not None:
            found[artifact.name] = finder
    return found


def make_node(call: StageCall) -> Node:
    """Return what planning needs to know of ``call``, without what it depends on."""
    misses, notes, metadata = look_up(call)
    node = Node(call.spec.name, (), misses, notes, forced_by(call))
    node.storable = call.is_stored
    manager = call.record.manager
    if metadata and not misses and manager.on_stale is not _IGNORE:
        facts = recorded_facts(metadata)
        if facts is not None:
            freshness = manager.freshness or _know_code(manager)
            node.sources = ()
            node.stale = freshness.compare(call, facts)
        else:
            node.notes += (Cause(CauseKind.UNTRACED, f"output {call.outputs[0].name!r}"),)
    return node


def recorded_facts(metadata: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return what the metadata of a call's artifacts records of code and inputs, if any does."""
    for each in metadata:
        if isinstance(each.get("code"), dict):
            return each
    return None


def _know_code(manager: "ArtifactManager") -> "Freshness":
    from curifactory.freshness import freshness_of  # what is cached needs it

    return freshness_of(manager)


Held = tuple[tuple[Cause, ...], tuple[Cause, ...], tuple[Mapping[str, Any], ...]]
"""What the cache holds of a call: why its outputs cannot all come from there, what is worth knowing
if they can, and what is stored about those that have metadata."""

_NOTHING_TO_HOLD: Held = (Cause(CauseKind.NO_OUTPUTS),), (), ()


def look_up(call: StageCall) -> Held:
    """Return what the cache holds of the outputs of ``call``."""
    if not call.outputs:
        return _NOTHING_TO_HOLD
    finders = _finders(call)
    misses: tuple[Cause, ...] = ()
    notes: tuple[Cause, ...] = ()
    metadata: tuple[Mapping[str, Any], ...] = ()
    executions: set[str | None] = set()
    for artifact in call.outputs:
        finder = finders.get(artifact.name)
        found = (None if finder is None else finder.find(call)) or _ask_cacher(artifact)
        if not found.hit:
            misses += found.causes
            continue
        artifact.found(found)
        notes += found.causes
        executions.add(found.execution)
        if found.metadata is not None:
            metadata += (found.metadata,)
    if not misses and len(executions - {None}) > 1:
        misses = (Cause(CauseKind.TORN, call.label),)
    return misses, notes, metadata


def _ask_cacher(artifact: Artifact) -> Lookup:
    cacher = artifact.cacher
    return _nowhere(artifact.name) if cacher is None else cacher.look_up()


def _nowhere(name: str) -> Lookup:
    return Lookup(False, (Cause(CauseKind.NO_CACHER, f"output {name!r}"),))


def forced_by(call: StageCall) -> Cause | None:
    """Return who asked that ``call`` runs again, or ``None``."""
    manager = call.record.manager
    if manager.overwrite:
        return Cause(CauseKind.FORCED, "--overwrite")
    if manager.overwrite_stages and call.name in manager.overwrite_stages:
        return Cause(CauseKind.FORCED, f"--overwrite-stage {call.name}")
    params = call.record.params
    if params is not None and params.overwrite:
        return _forced_by_parameters(params)
    for record in call.records or ():
        if record.params is not None and record.params.overwrite:
            return _forced_by_parameters(record.params)
    return None


def _forced_by_parameters(params: "ExperimentParameters") -> Cause:
    return Cause(CauseKind.FORCED, f"overwrite=True of parameter set {params.name!r}")
