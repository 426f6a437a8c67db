"""The graph of calls: what depends on what."""

from curifactory.causes import Cause


class Node:
    """What planning needs to know of one call.

    Parameters
    ----------
    name
        Name of the stage.
    dependencies
        Indices of the earlier nodes it reads from, each once.
    misses
        Why its outputs cannot all come from the cache; none if they can.
    notes
        What is worth knowing about the outputs that are in the cache.
    forced
        Who asked that it runs again.
    twin
        An earlier node that computes the very same artifacts.
    stale
        Why its outputs, which are in the cache, are not what it would compute now.
    sources
        Indices of the nodes whose stored results it was computed from, directly or through nodes
        that store none; ``None`` if nothing tells what these were when it was computed.
    storable
        Whether its results are stored.

    """

    __slots__ = (
        "dependencies",
        "forced",
        "misses",
        "name",
        "notes",
        "sources",
        "stale",
        "storable",
        "twin",
    )

    def __init__(
        self,
        name: str,
        dependencies: tuple[int, ...] = (),
        misses: tuple[Cause, ...] = (),
        notes: tuple[Cause, ...] = (),
        forced: Cause | None = None,
        twin: int | None = None,
        stale: tuple[Cause, ...] = (),
        sources: tuple[int, ...] | None = None,
        storable: bool = True,
    ) -> None:
        self.name = name
        self.dependencies = dependencies
        self.misses = misses
        self.notes = notes
        self.forced = forced
        self.twin = twin
        self.stale = stale
        self.sources = sources
        self.storable = storable

    @property
    def cached(self) -> bool:
        """Whether every output is in the cache."""
        return not self.misses


class Graph:
    """Nodes in the order of their calls.

    A call only ever reads from earlier ones, so that this order is a topological one, and every
    walk over the graph is one pass over a list.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, node: Node) -> int:
        """Append ``node`` and return its index.

        Raises
        ------
        ValueError
            If it depends on a node that is not there yet.

        """
        index = len(self.nodes)
        if node.dependencies and max(node.dependencies) >= index:
            raise ValueError(f"node {node.name!r} depends on a later one: {node.dependencies}")
        self.nodes.append(node)
        return index

    def label(self, index: int) -> str:
        """Return what a node is called in causes."""
        return self.nodes[index].name

    def leaves(self) -> list[bool]:
        """Return for each node whether no other reads from it."""
        result = [True] * len(self.nodes)
        for node in self.nodes:
            for dependency in node.dependencies:
                result[dependency] = False
        return result
