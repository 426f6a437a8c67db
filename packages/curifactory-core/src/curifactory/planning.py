"""Deciding which calls run, which results come from the cache and which nobody needs.

A call *runs* if it was forced, or if an output is missing and the call is a leaf or a call that
runs reads from it. What a running call reads and the cache has is *loaded*; all else is *skipped*.
Two passes over the calls decide this: forwards for what becomes stale, backwards for what is
needed. Nothing here touches files or user code.
"""

from dataclasses import dataclass
from enum import StrEnum

from curifactory.causes import Cause, CauseKind
from curifactory.graph import Graph, Node


class Action(StrEnum):
    """What happens to a call."""

    RUN = "run"
    LOAD = "load"
    SKIP = "skip"


class OnStale(StrEnum):
    """What happens to a cached artifact whose inputs are computed again."""

    WARN = "warn"
    """Use it, and name it."""
    RERUN = "rerun"
    """Compute it again."""
    IGNORE = "ignore"
    """Use it."""


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
    renewed = _find_renewed(nodes)
    leaves = graph.leaves()
    decisions: list[Decision] = [_UP_TO_DATE] * len(nodes)
    reader: list[int | None] = [None] * len(nodes)  # a running call that reads from the node
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        rerun = on_stale is OnStale.RERUN and renewed[index] is not None
        decision = _decide(
            nodes, index, renewed[index], reader[index], rerun=rerun, leaf=leaves[index]
        )
        if decision.action is Action.RUN and node.twin is not None:
            decision = _same_as(nodes, node.twin)
            reader[node.twin] = index
        elif decision.action is Action.RUN:
            for dependency in node.dependencies:
                reader[dependency] = index
        decisions[index] = decision
    return Plan(tuple(decisions), tuple(leaves))


def _find_renewed(nodes: list[Node]) -> list[int | None]:
    """Return for each node a forced node it was computed from, directly or not."""
    renewed: list[int | None] = [None] * len(nodes)
    for index, node in enumerate(nodes):
        for dependency in node.dependencies:
            if nodes[dependency].forced is not None:
                renewed[index] = dependency
            elif renewed[dependency] is not None and renewed[index] is None:
                renewed[index] = renewed[dependency]
    return renewed


def _decide(
    nodes: list[Node],
    index: int,
    renewed: int | None,
    reader: int | None,
    *,
    rerun: bool,
    leaf: bool,
) -> Decision:
    node = nodes[index]
    stale = () if renewed is None else (Cause(CauseKind.INPUT_RENEWED, nodes[renewed].label),)
    needed = () if reader is None else (Cause(CauseKind.NEEDED_BY, nodes[reader].label),)
    if node.forced is not None:
        return Decision(Action.RUN, (node.forced,))
    if not node.cached:
        return Decision(Action.RUN, node.misses + needed) if leaf or needed else _NOT_NEEDED
    if rerun:
        return Decision(Action.RUN, stale)
    if needed:
        return Decision(Action.LOAD, needed + stale + node.notes)
    if stale or node.notes:
        return Decision(Action.SKIP, _UP_TO_DATE.causes[: not stale] + stale + node.notes)
    return _UP_TO_DATE


def _same_as(nodes: list[Node], twin: int) -> Decision:
    return Decision(Action.LOAD, (Cause(CauseKind.SAME_AS, nodes[twin].label),))
