"""What artifacts were computed by and from: recorded when they are stored, compared when found.

Each artifact's metadata records the code that computed it, the stages before it, and the content of
the artifacts it was computed from. A result that is nowhere stored has no content to compare; the
code that made it and what that was computed from are recorded in its place.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from curifactory.artifact import Artifact
from curifactory.calls import StageCall, StageSpec
from curifactory.causes import Cause, CauseKind
from curifactory.closure.arriving import PACKAGE, arriving_names, find
from curifactory.closure.code_store import CodeStore
from curifactory.closure.declaring import declared_parts, stage_key
from curifactory.closure.defining import Definitions
from curifactory.closure.observing import Observations
from curifactory.closure.parts import Closure
from curifactory.closure.sources import Sources
from curifactory.closure.walking import Walk

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

Facts = Mapping[str, Any]


class Freshness:
    """What a session knows of its code, and of what its calls were computed from.

    Parameters
    ----------
    root
        The project's folder.
    store
        Where the code of stages is kept, to show later what has changed.

    """

    def __init__(self, root: str, store: CodeStore) -> None:
        self._root = os.path.abspath(root)
        self.store = store
        self._definitions = Definitions(Sources())
        self._closures: dict[StageSpec, Closure] = {}
        self._observations: dict[StageSpec, Observations] = {}
        self._unchecked: set[StageSpec] = set()
        self._looks_again = False
        self._described: dict[StageSpec, tuple[Closure, dict[str, Any]]] = {}
        self._arriving: dict[tuple[str, ...], Closure] = {}
        self._unchanged: dict[StageSpec, Facts] = {}  # records of code that say what it is now
        self._sources: dict[StageCall, dict[Artifact, None]] = {}
        self._stages: dict[StageCall, dict[str, StageSpec]] = {}
        self._facts: tuple[str, dict[str, Any]] = ("", {})

    def closure(self, spec: StageSpec) -> Closure:
        """Return the code that the stage ``spec`` reaches, looked at once."""
        if spec in self._unchecked:
            self._unchecked.discard(spec)
            if not self._observations[spec].hold():
                del self._closures[spec]
        if spec not in self._closures:
            observing = self._looks_again and not spec.depends_on
            walk = Walk(self._definitions, self._root, observing=observing)
            more = declared_parts(spec.depends_on, self._root)
            self._closures[spec] = walk.closure(spec.function, more)
            self._observations[spec] = walk.observations
        return self._closures[spec]

    def closures(self) -> Iterable[Closure]:
        """Return all code that was looked at: of stages, and what arrived in values."""
        return (*self._closures.values(), *self._arriving.values())

    def arriving(self, call: StageCall, keywords: Mapping[str, Any]) -> list[str]:
        """Return the names of the project's code in what ``call`` is executed with."""
        records = (call.record, *(call.records or ()))
        parameters = {id(each.params): each.params for each in records if each.params is not None}
        attributes = self.closure(call.spec).attributes
        return arriving_names(
            (*call.arguments, *keywords.values()), parameters.values(), attributes
        )

    def arrived(self, names: Iterable[str]) -> Closure:
        """Return the code that has these names, and what it reaches."""
        key = tuple(names)
        if key not in self._arriving:
            walk = Walk(self._definitions, self._root)
            for name in key:
                if name.startswith(PACKAGE):
                    walk.note_package(name.removeprefix(PACKAGE))
            found = [(name, find(name)) for name in key if not name.startswith(PACKAGE)]
            more = [(name, value) for name, value in found if value is not None]
            self._arriving[key] = walk.closure(None, more)
        return self._arriving[key]

    def look_again(self) -> None:
        """Do not rely on what code stages reach, which may have changed, as in a notebook."""
        self._looks_again = True
        self._unchecked.update(self._closures)
        self._arriving.clear()
        self._unchanged.clear()
        self._definitions.sources.look_again()

    # -- recording -----------------------------------------------------------------------------

    def facts(self, call: StageCall) -> dict[str, Any]:
        """Return what the metadata of the artifacts of ``call`` records, and keep its code."""
        if self._facts[0] != call.execution:
            closure = self.closure(call.spec)
            self.store.keep(closure)
            facts = {
                "code": self._describe(call.spec, closure),
                "upstream": self._keep_upstream(call),
                "inputs": [
                    [each.name, each.call.name, each.call.hash, each.content]
                    for each in self.sources(call)
                ],
            }
            if call.arrived:
                facts["arrived"] = self.describe_arrived(call.arrived)
            self._facts = call.execution, facts
        return self._facts[1]

    def _describe(self, spec: StageSpec, closure: Closure) -> dict[str, Any]:
        """Return what metadata records of the code of a stage: the same object as long as it is."""
        known = self._described.get(spec)
        if known is None or known[0] is not closure:
            known = self._described[spec] = closure, describe_code(stage_key(spec), closure)
        return known[1]

    def fingerprints(self, specs: Iterable[StageSpec], *, keep: bool) -> dict[str, str]:
        """Return the fingerprint of the code of each stage, by its function; ``keep`` the code."""
        found = {}
        for spec in dict.fromkeys(specs):
            closure = self.closure(spec)
            found[stage_key(spec)] = closure.fingerprint
            if keep:
                self.store.keep(closure)
        return found

    def describe_arrived(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what metadata records of code that arrived in values, and keep it."""
        closure = self.arrived(names)
        self.store.keep(closure)
        return {"names": list(names), **describe_code("", closure)}

    def confirm(self, call: StageCall, recorded: Facts) -> None:
        """Record that ``call`` would compute the same from what earlier stages compute now.

        Without this, its results would be stale once those of an edited earlier stage are removed.
        """
        inputs = zip(self.sources(call), recorded.get("inputs") or (), strict=False)
        if not call.record.manager.writes_cache or any(
            artifact.content != before[3] for artifact, before in inputs
        ):
            return
        upstream = self._keep_upstream(call)
        if upstream != recorded.get("upstream"):
            for artifact in call.outputs:
                if artifact.cacher is not None:
                    artifact.cacher.amend_metadata({"upstream": upstream})

    def _keep_upstream(self, call: StageCall) -> dict[str, str]:
        """Return the fingerprint of each stage before ``call``, and keep its code."""
        found: dict[str, str] = {}
        for key, spec in self.stages_before(call).items():
            closure = self.closure(spec)
            self.store.keep(closure)
            found[key] = closure.fingerprint
        return found

    def sources(self, call: StageCall) -> Collection[Artifact]:
        """Return the stored artifacts that ``call`` was computed from, each once.

        Where it reads a result that is not stored, these are what that was computed from.
        """
        reads = call.reads
        for artifact in reads:
            if not artifact.is_stored:
                break
        else:
            return reads if len(set(reads)) == len(reads) else dict.fromkeys(reads)
        return _remembered(call, self._sources, self._find_sources)

    def _find_sources(self, call: StageCall) -> dict[Artifact, None]:
        found: dict[Artifact, None] = {}
        for artifact in call.reads:
            if artifact.is_stored:
                found[artifact] = None
            else:
                found |= self._sources[artifact.call]
        return found

    def stages_before(self, call: StageCall) -> dict[str, StageSpec]:
        """Return each stage that ``call`` was computed from, directly or not, by its function."""
        return _remembered(call, self._stages, self._find_stages_before)

    def _find_stages_before(self, call: StageCall) -> dict[str, StageSpec]:
        found: dict[str, StageSpec] = {}
        for before in {artifact.call: None for artifact in call.reads}:
            found |= self._stages[before]
            found[stage_key(before.spec)] = before.spec
        return found

    # -- comparing -----------------------------------------------------------------------------

    def compare(self, call: StageCall, recorded: Facts) -> tuple[Cause, ...]:
        """Return why the artifacts of ``call`` are stale, of which these facts are recorded.

        ``recorded`` is what :func:`~curifactory.holding.recorded_facts` found.
        """
        causes: list[Cause] = []
        code = recorded["code"]
        if self._unchanged.get(call.spec) is not code:
            causes += compare_code(code, self.closure(call.spec), stage_key(call.spec))
            if not causes:
                self._unchanged[call.spec] = code
        arrived = recorded.get("arrived")
        if isinstance(arrived, dict):
            closure = self.arrived(arrived.get("names") or ())
            causes += compare_code(arrived, closure, stage_key(call.spec))
        sources = self.sources(call)
        if sources is not call.reads or None in [artifact.content for artifact in sources]:
            upstream = recorded.get("upstream") or {}
            for stage, now in self._unseen_stages(call).items():
                before = upstream.get(stage)
                if before is not None and before != now.fingerprint:
                    causes += self._compare_stage(stage, before, now)
        causes += changed_inputs(sources, recorded)
        return tuple(causes)

    def _unseen_stages(self, call: StageCall) -> dict[str, Closure]:
        """Return the stages that made what ``call`` was computed from and the cache has not."""
        found: dict[str, Closure] = {}
        seen: set[StageCall] = set()
        waiting = [call]
        while waiting:
            for artifact in waiting.pop().reads:
                before = artifact.call
                if before not in seen and _is_unseen(artifact):
                    seen.add(before)
                    found[stage_key(before.spec)] = self.closure(before.spec)
                    waiting.append(before)
        return found

    def _compare_stage(self, stage: str, before: str, now: Closure) -> Iterable[Cause]:
        """Return what changed in the code of an earlier stage, as far as its old code is kept."""
        kept = self.store.load(before)
        if kept is None:
            return [Cause(CauseKind.CODE_CHANGED, stage, "has changed")]
        code = {"contributors": {name: part.digest for name, part in kept.items()}}
        return compare_code({"fingerprint": before, **code}, now, stage)


def _is_unseen(artifact: Artifact) -> bool:
    """Tell whether nothing is there of the content that was read."""
    return not artifact.is_stored or artifact.content is None


_Found = TypeVar("_Found")


def _remembered(
    call: StageCall, known: dict[StageCall, _Found], find: Callable[[StageCall], _Found]
) -> _Found:
    """Return what ``find`` finds for ``call``, after it has for every call before it."""
    if call in known:
        return known[call]
    waiting = [call]
    while waiting:
        before = [read.call for read in waiting[-1].reads if read.call not in known]
        if before:
            waiting.extend(before)
        else:
            current = waiting.pop()
            known[current] = find(current)
    return known[call]


def describe_code(stage: str, closure: Closure) -> dict[str, Any]:
    """Return what metadata records of the code of ``stage``."""
    return {
        "stage": stage,
        "fingerprint": closure.fingerprint,
        "contributors": {name: part.digest for name, part in closure.parts.items()},
        "packages": dict(closure.packages),
        "blind_spots": list(closure.blind_spots),
    }


def compare_code(recorded: Facts, closure: Closure, stage: str) -> Iterable[Cause]:
    """Yield what of the code that was recorded has changed."""
    packages = recorded.get("packages") or {}
    for name, version in closure.packages.items():
        if packages.get(name, version) != version:
            detail = f"{packages[name]} → {version}"
            yield Cause(CauseKind.PACKAGE_CHANGED, name, detail)
    if recorded.get("fingerprint") == closure.fingerprint:
        return
    before = dict(recorded.get("contributors") or {})
    now = {name: part.digest for name, part in closure.parts.items()}
    changed = [name for name in before if name in now and before[name] != now[name]]
    gone = [name for name in before if name not in now and before[name] not in now.values()]
    added = [name for name in now if name not in before and now[name] not in before.values()]
    causes = [Cause(CauseKind.CODE_CHANGED, name, "has changed") for name in changed]
    if not causes or any("@" in name for name in (*gone, *added)):
        causes += [Cause(CauseKind.CODE_CHANGED, name, "is used now") for name in added]
        causes += [Cause(CauseKind.CODE_CHANGED, name, "is no longer used") for name in gone]
    yield from causes or [Cause(CauseKind.CODE_CHANGED, stage, "uses the same names for others")]


def changed_inputs(sources: Iterable[Artifact], recorded: Facts) -> list[Cause]:
    """Return which of the artifacts ``sources`` differ from what was recorded of them."""
    return [
        Cause(CauseKind.INPUT_CHANGED, f"input {artifact.name!r}", f"from {artifact.call.label}")
        for artifact, before in zip(sources, recorded.get("inputs") or (), strict=False)
        if before[3] is not None and (now := artifact.content) is not None and now != before[3]
    ]


def freshness_of(manager: "ArtifactManager") -> Freshness:
    """Return what the session of ``manager`` knows of its code."""
    if manager.freshness is None:
        manager.freshness = Freshness(
            manager.config.root, CodeStore(os.path.join(manager.manager_cache_path, "code"))
        )
    return manager.freshness
