"""Deciding which calls run, which results come from the cache and which nobody needs.

A call *runs* if it was forced, or if an output is missing and the call is a leaf or a call that
runs reads from it. What a running call reads and the cache has is *loaded*; all else is *skipped*.
Two passes over the calls decide this: forwards for what becomes stale, backwards for what is
needed. Nothing here touches files or user code.
"""

from dataclasses import dataclass
from enum import StrEnum

from curifactory.causes import Cause, CauseKind
from curifactory.config import OnStale
from curifactory.graph import Graph, Node


class Action(StrEnum):
    """What happens to a call."""

    RUN = "run"
    LOAD = "load"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a call, and why."""

    action: Action
    causes: tuple[Cause, ...]


_UP_TO_DATE = Decision(Action.SKIP, (Cause(CauseKind.UP_TO_DATE),))
_NOT_NEEDED = Decision(Action.SKIP, (Cause(CauseKind.NOT_NEEDED),))


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision for each node of a graph, by index."""

    decisions: tuple[Decision, ...]
    leaves: tuple[bool, ...]

    def count(self, action: Action) -> int:
        """Return how many calls ``action`` happens to."""
        return sum(decision.action is action for decision in self.decisions)

    def stale(self) -> list[int]:
        """Return the indices of calls whose cached artifacts are used although they are stale."""
        return [
            index
            for index, decision in enumerate(self.decisions)
            if decision.action is not Action.RUN
            and any(cause.kind is CauseKind.INPUT_RENEWED for cause in decision.causes)
        ]


def make_plan(graph: Graph, on_stale: OnStale = OnStale.WARN) -> Plan:
    """Return the plan for ``graph``, in time linear in its nodes and edges.

    Parameters
    ----------
    graph
        Calls with what the cache holds of them.
    on_stale
        What happens to cached artifacts downstream of a forced call.

    """
    nodes = graph.nodes
    forced = _find_forced(nodes)
    renewed = _find_renewed(nodes, forced)
    leaves = graph.leaves()
    decisions: list[Decision] = [_UP_TO_DATE] * len(nodes)
    reader: list[int | None] = [None] * len(nodes)  # a running call that reads from the node
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        decision = decide(
            node,
            forced=forced[index],
            renewed=_label(nodes, renewed[index]),
            reader=_label(nodes, reader[index]),
            leaf=leaves[index],
            on_stale=on_stale,
        )
        if decision.action is Action.RUN and node.twin is not None:
            decision = _same_as(nodes, node.twin)
            reader[node.twin] = index
        elif decision.action is Action.RUN:
            for dependency in node.dependencies:
                reader[dependency] = index
        decisions[index] = decision
    return Plan(tuple(decisions), tuple(leaves))


def _find_forced(nodes: list[Node]) -> list[Cause | None]:
    """Return why each node is forced; a node is too if a later one is that computes the same."""
    forced = [node.forced for node in nodes]
    for node in nodes:
        if node.twin is not None and node.forced is not None and forced[node.twin] is None:
            forced[node.twin] = node.forced
    return forced


def _find_renewed(nodes: list[Node], forced: list[Cause | None]) -> list[int | None]:
    """Return for each node a forced node it was computed from, directly or not."""
    renewed: list[int | None] = [None] * len(nodes)
    for index, node in enumerate(nodes):
        for dependency in node.dependencies:
            if forced[dependency] is not None:
                renewed[index] = dependency
            elif renewed[dependency] is not None and renewed[index] is None:
                renewed[index] = renewed[dependency]
    return renewed


def _label(nodes: list[Node], index: int | None) -> str | None:
    return None if index is None else nodes[index].label


def decide(
    node: Node,
    *,
    forced: Cause | None,
    renewed: str | None,
    reader: str | None,
    leaf: bool,
    on_stale: OnStale,
) -> Decision:
    """Return what happens to one call.

    Parameters
    ----------
    node
        What the cache holds of it.
    forced
        Who asked that it runs again.
    renewed
        A forced call it was computed from.
    reader
        A call that runs and reads from it.
    leaf
        Whether its results are wanted although no other call reads them.
    on_stale
        What happens if it is cached and an input is renewed.

    """
    stale = () if renewed is None else (Cause(CauseKind.INPUT_RENEWED, renewed),)
    needed = () if reader is None else (Cause(CauseKind.NEEDED_BY, reader),)
    if forced is not None:
        return Decision(Action.RUN, (forced,))
    if not node.cached:
        return Decision(Action.RUN, node.misses + needed) if leaf or needed else _NOT_NEEDED
    if stale and on_stale is OnStale.RERUN:
        return Decision(Action.RUN, stale)
    if needed:
        return Decision(Action.LOAD, needed + stale + node.notes)
    if stale or node.notes:
        return Decision(Action.SKIP, _UP_TO_DATE.causes[: not stale] + stale + node.notes)
    return _UP_TO_DATE


def _same_as(nodes: list[Node], twin: int) -> Decision:
    return Decision(Action.LOAD, (Cause(CauseKind.SAME_AS, nodes[twin].label),))
