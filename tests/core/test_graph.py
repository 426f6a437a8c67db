"""The graph of calls keeps the order in which they were made."""

import pytest

from curifactory.causes import Cause, CauseKind
from curifactory.graph import Graph, Node


def test_nodes_get_their_positions_as_indices() -> None:
    graph = Graph()

    assert [graph.add(Node("load")), graph.add(Node("train", (0,)))] == [0, 1]


@pytest.mark.parametrize("dependency", [0, 1])
def test_a_node_cannot_depend_on_itself_or_a_later_one(dependency: int) -> None:
    with pytest.raises(ValueError, match="'load'"):
        Graph().add(Node("load", (dependency,)))


def test_leaves_are_the_nodes_that_no_other_reads_from() -> None:
    graph = Graph()
    for dependencies in [(), (0,), (0,), (1,), ()]:
        graph.add(Node("stage", dependencies))

    assert graph.leaves() == [False, False, True, True, True]


def test_a_node_without_misses_is_cached() -> None:
    assert Node("load").cached
    assert not Node("load", misses=(Cause(CauseKind.MISSING),)).cached
