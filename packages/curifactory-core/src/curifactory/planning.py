"""Deciding which calls run, which results come from the cache and which nobody needs.

A call *runs* if it was forced, or if an output is missing and the call is a leaf or a call that
runs reads from it, or, where stale results are renewed, if its results are stale. What a running
call reads and the cache has is *loaded*; all else is *skipped*. Nothing here touches files or user
code.

Whether a call that runs changes what it had computed before is not known until it has run. Calls
that were computed from it are decided *if it changes*: they run, or are stale, only if an input
comes out different.
"""

from collections import deque
from enum import IntEnum, StrEnum
from typing import NamedTuple

from curifactory.causes import STALE, Cause, CauseKind
from curifactory.config import OnStale
from curifactory.graph import Graph, Node


class Action(StrEnum):
    """What happens to a call."""

    RUN = "run"
    LOAD = "load"
    SKIP = "skip"


RUN, LOAD, SKIP = Action
"""Its members: to find one by its class takes Python 3.11 longer than to call a function."""
_NEEDED_BY, _INPUT_RENEWED = CauseKind.NEEDED_BY, CauseKind.INPUT_RENEWED


class Decision(NamedTuple):
    """What happens to a call, and why."""

    action: Action
    causes: tuple[Cause, ...]
    only_if_changed: bool = False
    """A call to run does so only if what it was computed from comes out different; one that is
    loaded or skipped is stale only then."""

    @property
    def stale(self) -> bool:
        """Whether results are used that are known to be stale."""
        if self.only_if_changed or self.action is RUN:
            return False
        return not STALE.isdisjoint([cause.kind for cause in self.causes])


UP_TO_DATE = Decision(SKIP, (Cause(CauseKind.UP_TO_DATE),))
NOT_NEEDED = Decision(SKIP, (Cause(CauseKind.NOT_NEEDED),))


class Plan:
    """A decision for each node of a graph, by index, and whether it is a leaf."""

    def __init__(self, decisions: tuple[Decision, ...], leaves: tuple[bool, ...]) -> None:
        self.decisions, self.leaves = decisions, leaves

    def count(self, action: Action) -> int:
        """Return how many calls ``action`` happens to."""
        return sum(decision.action is action for decision in self.decisions)

    def stale(self) -> list[int]:
        """Return the indices of calls whose cached artifacts are used although they are stale."""
        decided = enumerate(self.decisions)
        return [index for index, each in decided if each is not UP_TO_DATE and each.stale]


class Renewal(NamedTuple):
    """A call that runs and that another one was computed from."""

    label: str
    may_be_equal: bool
    """Whether it can be told afterwards that nothing has changed."""


class Need(IntEnum):
    """How sure it is that a call runs."""

    NONE = 0
    IF_CHANGED = 1
    SURE = 2


NONE, IF_CHANGED, SURE = Need


def make_plan(graph: Graph, on_stale: OnStale = OnStale.WARN) -> Plan:
    """Return the plan for ``graph``, in time linear in its nodes and edges.

    Parameters
    ----------
    graph
        Calls with what the cache holds of them.
    on_stale
        What happens to cached artifacts that are stale.

    """
    nodes = graph.nodes
    leaves = graph.leaves()
    spread = _Spread(graph, leaves, on_stale)
    needs, forced = spread.needs, spread.forced
    decisions: list[Decision] = [UP_TO_DATE] * len(nodes)
    reader: list[int | None] = [None] * len(nodes)  # a running call that reads from the node
    for index in range(len(nodes) - 1, -1, -1):
        node, need = nodes[index], needs[index]
        if need and node.twin is not None:
            decisions[index] = _same_as(graph, node.twin)
            reader[node.twin] = index
            continue
        read_by = reader[index]
        needed_by = None if read_by is None else graph.label(read_by)
        renewed = spread.renewed_by(index)
        decisions[index] = decide(node, need, forced[index], renewed, needed_by)
        if need:
            for dependency in node.dependencies:
                reader[dependency] = index
    return Plan(tuple(decisions), tuple(leaves))


class _Spread:
    """How need spreads from call to call: from readers to what they read, and back.

    Each call becomes needed at most twice, first if something changes and then surely, and each
    time its edges are followed once.
    """

    def __init__(self, graph: Graph, leaves: list[bool], on_stale: OnStale) -> None:
        self._graph = graph
        self._nodes = nodes = graph.nodes
        self._renews = on_stale is OnStale.RERUN
        self.needs = [NONE] * len(nodes)
        self.forced = _find_forced(nodes)
        self._drifts = [False] * len(nodes)  # whether its results may come out different
        self._renewer: list[int | None] = [None] * len(nodes)
        self._computed_from = _find_readers(nodes) if self._renews else []
        self._waiting: deque[int] = deque()
        for index, node in enumerate(nodes):
            is_cached = not node.misses
            if self.forced[index] is not None or (node.stale and is_cached and self._renews):
                self._raise(index, SURE, drifts=True)
            elif not is_cached and leaves[index]:
                self._raise(index, SURE)
        if not self._waiting:  # nothing runs
            return
        while self._waiting:
            self._spread(self._waiting.popleft())
        if not self._renews:
            self._note_renewers()

    def renewed_by(self, index: int) -> Renewal | None:
        """Return a call that runs and that ``index`` was computed from."""
        renewer = self._renewer[index]
        if renewer is None:
            return None
        source = self._nodes[renewer]
        comparable = self._nodes[index].sources is not None and source.storable
        return Renewal(self._graph.label(renewer), may_be_equal=comparable)

    def _raise(self, index: int, need: Need, *, drifts: bool = False) -> None:
        if need > self.needs[index] or (drifts and not self._drifts[index]):
            self.needs[index] = max(need, self.needs[index])
            self._drifts[index] |= drifts
            self._waiting.append(index)

    def _spread(self, index: int) -> None:
        node, need = self._nodes[index], self.needs[index]
        if node.twin is not None:
            self._raise(node.twin, need, drifts=self._drifts[index])
        for dependency in node.dependencies:
            if self._nodes[dependency].misses:
                self._raise(dependency, need)
        if self._renews and (node.storable or self.forced[index] is not None):
            for reader in self._computed_from[index]:
                self._renew(reader, index)

    def _renew(self, index: int, source: int) -> None:
        """Let a call run, if its input changes, that was computed from one that runs."""
        node = self._nodes[index]
        comparable = node.cached and node.sources is not None and self._nodes[source].storable
        if not node.storable or not (comparable or self._drifts[source]):
            return
        if self._renewer[index] is None or not comparable:
            self._renewer[index] = source
        self._raise(index, IF_CHANGED if comparable else self.needs[source], drifts=True)

    def _note_renewers(self) -> None:
        """Note for each call what makes it stale, where stale results are used."""
        for index, node in enumerate(self._nodes):
            if node.sources is not None:
                running = [each for each in node.sources if self.needs[each]]
                running.sort(key=lambda each: self._nodes[each].storable)
                self._renewer[index] = next(iter(running), None)
                continue
            for source in node.dependencies:
                if self.forced[source] is not None:
                    self._renewer[index] = source
                elif self._renewer[source] is not None and self._renewer[index] is None:
                    self._renewer[index] = self._renewer[source]


def _find_readers(nodes: list[Node]) -> list[list[int]]:
    """Return for each node those that were computed from it."""
    readers: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for source in node.dependencies if node.sources is None else node.sources:
            readers[source].append(index)
    return readers


def _find_forced(nodes: list[Node]) -> list[Cause | None]:
    """Return why each node is forced; a node is too if a later one is that computes the same."""
    forced = [node.forced for node in nodes]
    for node in nodes:
        if node.twin is not None and node.forced is not None and forced[node.twin] is None:
            forced[node.twin] = node.forced
    return forced


def decide(
    node: Node,
    need: Need,
    forced: Cause | None = None,
    renewed: Renewal | None = None,
    reader: str | None = None,
) -> Decision:
    """Return what happens to one call.

    Parameters
    ----------
    node
        What the cache holds of it.
    need
        Whether it runs.
    forced
        Who asked that it runs again.
    renewed
        A call that runs and that it was computed from.
    reader
        A call that runs and reads from it.

    """
    needed = () if reader is None else (Cause(_NEEDED_BY, reader),)
    may_change = () if renewed is None else (Cause(_INPUT_RENEWED, renewed.label),)
    is_cached = not node.misses
    if need:
        reasons = node.stale or may_change if is_cached else node.misses
        causes = (forced,) if forced else reasons + (() if is_cached and reasons else needed)
        return Decision(RUN, causes, need is IF_CHANGED)
    if not is_cached:
        return NOT_NEEDED
    stale = node.stale or may_change
    only_if_changed = renewed is not None and renewed.may_be_equal and not node.stale
    if needed:
        return Decision(LOAD, needed + stale + node.notes, only_if_changed)
    if stale or node.notes:
        up_to_date = UP_TO_DATE.causes if only_if_changed or not stale else ()
        return Decision(SKIP, up_to_date + stale + node.notes, only_if_changed)
    return UP_TO_DATE


def _same_as(graph: Graph, twin: int) -> Decision:
    return Decision(LOAD, (Cause(CauseKind.SAME_AS, graph.label(twin)),))
