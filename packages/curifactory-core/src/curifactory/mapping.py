"""Mapping an experiment: every call is noted and looked up in the cache, none is executed."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from curifactory.calls import PENDING, StageCall, StageSpec
from curifactory.config import OnStale
from curifactory.documented import PlanAttributes
from curifactory.graph import Graph
from curifactory.holding import make_finders, make_node
from curifactory.lineage import lineage
from curifactory.outputs import waiting
from curifactory.paths import DirectoryListing
from curifactory.planning import Decision, Plan, make_plan
from curifactory.reportables import REPORTABLES

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.protocols import Finder
    from curifactory.record import Record

_MANY = 200
"""Maps of fewer calls are looked through faster than set aside."""


class Map:
    """The calls of an experiment as ``run()`` makes them, and what the cache holds of each."""

    def __init__(self) -> None:
        self.calls: list[StageCall] = []
        self.graph: Graph = _GraphOfCalls(self.calls)
        self.listing = DirectoryListing()
        """The cache's folders as they were when mapping began."""
        self.handed_out: list[str] = []
        """Names of artifacts that ``run()`` took hold of, which have no values yet."""
        self._collects = self._is_frozen = self._waits = False
        self._by_lineage: dict[str, int] = {}
        self._finders: dict[StageSpec, dict[str, Finder]] = {}

    def __enter__(self) -> Self:
        """Begin mapping: until the block ends no garbage is collected, and none of a map after.

        A map is many small objects that all stay; looking through them again and again is what
        made the cost of one grow with their number.
        """
        self._collects = gc.isenabled()
        gc.disable()
        return self

    def __exit__(self, *_error: object) -> None:
        if not self._collects:
            return
        if len(self.calls) >= _MANY:
            gc.freeze()
            self._is_frozen = True
        gc.enable()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Collect no garbage in the block either, until :meth:`collect` or its end.

        If it was not collected at all, it is none of what the block leaves behind either.
        """
        self._waits = gc.isenabled()
        if self._waits:
            gc.disable()
        try:
            yield
        finally:
            if self._waits and self._is_frozen:
                gc.freeze()
            self.collect()

    def collect(self) -> None:
        """Collect garbage from now on: a stage runs, or something is loaded."""
        if self._waits:
            self._waits = False
            gc.enable()

    def release(self) -> None:
        """Let the collection of garbage look at the map again, which the run is done with."""
        if self._is_frozen:
            gc.unfreeze()
            self._is_frozen = False

    def add(self, call: StageCall) -> None:
        """Note ``call`` and let its outputs stand in the record's state, without values."""
        node = make_node(call)
        node.dependencies = self._dependencies(call)
        if node.sources is not None or not node.storable:
            node.sources = self._stored_before(node.dependencies)
        call.number = self.graph.add(node)
        self.calls.append(call)
        record = call.record
        if call.is_stored:
            rivals = record.manager.find_rivals(call)
            node.twin = self._find_twin(call, rivals) if rivals else None
        for artifact in call.outputs:
            record.state.put(artifact.name, waiting(artifact), artifact)
            artifact.release_cacher()
        record.set_output()

    def _dependencies(self, call: StageCall) -> tuple[int, ...]:
        """Return the indices of the mapped calls that ``call`` reads from, each once."""
        found: dict[int, None] = {}
        for artifact in call.reads:
            if self._has(artifact.call):
                found[artifact.call.number] = None
        return tuple(found)

    def _has(self, call: StageCall) -> bool:
        """Tell whether ``call`` is in this map: it may have been made before."""
        return call.number < len(self.calls) and self.calls[call.number] is call

    def _find_twin(self, call: StageCall, rivals: Iterable[StageCall]) -> int | None:
        """Return the index of an earlier call that computes the same, if there is one.

        What computes the same has the same file names, so that it is among the ``rivals`` that
        have one of them, or was compared with these before.
        """
        for each in (*filter(self._has, rivals), call):
            twin = self._by_lineage.setdefault(lineage(each), each.number)
        return None if twin == call.number else twin

    def finders(self, call: StageCall) -> "dict[str, Finder]":
        """Return what finds the outputs of ``call``, by their names, where no cacher has to."""
        found = self._finders.get(call.spec)
        if found is None:
            found = self._finders[call.spec] = make_finders(call)
        return found

    def _stored_before(self, dependencies: tuple[int, ...]) -> tuple[int, ...]:
        """Return the nodes that store what is read, directly or through nodes that do not.

        A forced one that does not is among them: nothing tells whether its results are the same.
        """
        nodes = self.graph.nodes
        for index in dependencies:
            if not nodes[index].storable:
                break
        else:
            return dependencies
        found: dict[int, None] = {}
        for index in dependencies:
            node = nodes[index]
            if node.storable or node.forced is not None:
                found[index] = None
            if not node.storable:
                found |= dict.fromkeys(node.sources or ())
        return tuple(found)


class _GraphOfCalls(Graph):
    """The graph of a map; what a node is called is composed when somebody asks."""

    def __init__(self, calls: list[StageCall]) -> None:
        super().__init__()
        self._calls = calls

    def label(self, index: int) -> str:
        return self._calls[index].label


def _is_same(mapped: StageCall, call: StageCall) -> bool:
    """Tell whether ``call`` is what was mapped; its stage may be made anew in each ``run()``."""
    if mapped.hash != call.hash or mapped.name != call.name:
        return False
    return mapped.spec is call.spec or lineage(mapped) == lineage(call)


def _computes_the_same(mapped: StageCall, call: StageCall) -> bool:
    """Tell whether the lineage of ``call`` must be that of ``mapped``, without computing it."""
    if mapped.spec is not call.spec or mapped.hash != call.hash:
        return False
    if call.arguments or call.keywords or call.spec.function.__closure__:
        return False
    if call.reads_values or mapped.reads_values or len(mapped.reads) != len(call.reads):
        return False
    return mapped.reads == call.reads or all(
        one.name == other.name and one.call._lineage == other.call._lineage is not None
        for one, other in zip(mapped.reads, call.reads, strict=True)
    )


class RunPlan(PlanAttributes):
    """A plan with the calls it is for; the real run looks its decisions up here."""

    def __init__(self, mapped: Map, on_stale: OnStale) -> None:
        self.mapped = mapped
        self.plan: Plan = make_plan(mapped.graph, on_stale)
        self._calls: dict[int, list[StageCall]] = {}
        for call, decision in self.calls():
            call.planned = decision
            self._calls[call.record.ordinal] = call.record.calls
        self._may_have_reported: bool | None = None
        self.unplanned: list[StageCall] = []
        """Calls the real run made that the map did not have."""

    def _mapped(self, record: "Record", position: int) -> StageCall | None:
        calls = self._calls.get(record.ordinal, ())
        return calls[position] if position < len(calls) else None

    def resume(self, spec: StageSpec, record: "Record") -> StageCall | None:
        """Return the next call of ``record``, of ``spec``, if the map has the very same.

        It is that call, now on ``record``, with the artifacts that it has, and all that is known of
        them. Whatever could make a difference is left to :meth:`recognize`.
        """
        call = self._mapped(record, len(record.calls))
        if call is None or call.spec is not spec or call.hash != record.get_hash():
            return None
        if not (call.is_plain and call.status is PENDING):
            return None
        artifacts = record.state.artifacts
        for name, artifact in zip(spec.inputs, call.reads, strict=True):
            if artifacts.get(name) is not artifact:
                return None
        if not call.take_outputs(call):
            return None
        call.pass_to(record)
        if call.is_stored:
            record.manager.claim_as_before(call)
        return call

    def recognize(self, call: StageCall) -> bool:
        """Give ``call`` the artifacts of the call of the map that it is; return whether it could.

        That must be plain to see; it also spares ``call`` the work of computing its lineage.
        """
        mapped = self._mapped(call.record, call.position)
        if mapped is None or not _computes_the_same(mapped, call):
            return False
        call._lineage = mapped._lineage
        return call.take_outputs(mapped)

    def look_up(self, call: StageCall) -> StageCall | None:
        """Return the call of the map that ``call`` is, if there is one.

        The artifacts of ``call`` are told what the map knows of them.
        """
        mapped = self._mapped(call.record, call.position)
        if mapped is None or not _is_same(mapped, call):
            self.unplanned.append(call)
            return None
        if mapped.outputs is not call.outputs:
            for artifact, known in zip(call.outputs, mapped.outputs, strict=True):
                artifact.recall(known)
        return mapped

    def calls(self) -> list[tuple[StageCall, Decision]]:
        """Return every mapped call with what was planned for it, in order."""
        return list(zip(self.mapped.calls, self.plan.decisions, strict=True))

    def stale_calls(self) -> list[tuple[StageCall, Decision]]:
        """Return the calls whose artifacts are used although they are stale."""
        calls, decisions = self.mapped.calls, self.plan.decisions
        return [(calls[index], decisions[index]) for index in self.plan.stale()]

    def may_have_reported(self, manager: "ArtifactManager") -> bool:
        """Tell whether the cache had anything that stages reported when the map was made."""
        if self._may_have_reported is None:
            listing, folder = self.mapped.listing, manager.cache_folder()
            self._may_have_reported = listing.has_names_with(REPORTABLES, folder)
        return self._may_have_reported

    def twins(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return the key of each call that computes what an earlier one does, and of that one."""
        calls = self.mapped.calls
        nodes = enumerate(self.mapped.graph.nodes)
        return {calls[i].key: calls[node.twin].key for i, node in nodes if node.twin is not None}

    def missing_calls(self, manager: "ArtifactManager") -> list[StageCall]:
        """Return the mapped calls that the real run did not make."""
        made = {record.ordinal: len(record.calls) for record in manager.all_records}
        return [
            call for call in self.mapped.calls if call.position >= made.get(call.record.ordinal, 0)
        ]
