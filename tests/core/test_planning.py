"""Planning: which calls run, which are loaded, which nobody needs, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.causes import Cause, CauseKind
from curifactory.config import OnStale
from curifactory.graph import Graph, Node
from curifactory.planning import Action, Plan, make_plan

MISSING = Cause(CauseKind.MISSING)
FORCED = Cause(CauseKind.FORCED, "--overwrite-stage")
CHAIN = {"A": "", "B": "A", "C": "B"}
FORK = {"A": "", "B": "A", "C": "A"}
DIAMOND = {"A": "", "B": "A", "C": "A", "D": "BC"}


def make_graph(edges: dict[str, str], cached: str, forced: str = "") -> Graph:
    """Return a graph of one-letter nodes, each with the letters it reads from."""
    graph, names = Graph(), list(edges)
    for name, is_cached in zip(edges, cached, strict=True):
        graph.add(
            Node(
                name,
                tuple(map(names.index, edges[name])),
                misses=() if is_cached == "T" else (MISSING,),
                forced=FORCED if name in forced else None,
            )
        )
    return graph


def names_with(plan: Plan, graph: Graph, action: Action) -> str:
    decided = zip(graph.nodes, plan.decisions, strict=True)
    return "".join(node.name for node, decision in decided if decision.action is action)


def stale_names(plan: Plan, graph: Graph) -> str:
    return "".join(graph.nodes[index].name for index in plan.stale())


# edges, which are cached, forced | run under RERUN | run, loaded and stale under WARN
TABLE = {
    "chain, nothing cached": (CHAIN, "FFF", "", "ABC", "ABC", "", ""),
    "chain, end cached": (CHAIN, "FFT", "", "", "", "", ""),
    "chain, middle cached": (CHAIN, "FTF", "", "C", "C", "B", ""),
    "chain, start cached": (CHAIN, "TFF", "", "BC", "BC", "A", ""),
    "chain, start and end cached": (CHAIN, "TFT", "", "", "", "", ""),
    "chain, all but the end cached": (CHAIN, "TTF", "", "C", "C", "B", ""),
    "chain, all cached": (CHAIN, "TTT", "", "", "", "", ""),
    "chain, all cached, start forced": (CHAIN, "TTT", "A", "ABC", "A", "", "BC"),
    "chain, all cached, middle forced": (CHAIN, "TTT", "B", "BC", "B", "A", "C"),
    "chain, all cached, end forced": (CHAIN, "TTT", "C", "C", "C", "B", ""),
    "chain, ends cached, middle forced": (CHAIN, "TFT", "B", "BC", "B", "A", "C"),
    "chain, end cached, middle forced": (CHAIN, "FFT", "B", "ABC", "AB", "", "C"),
    "chain, middle cached, start forced": (CHAIN, "FTF", "A", "ABC", "AC", "B", "B"),
    "chain, all forced": (CHAIN, "TTT", "ABC", "ABC", "ABC", "", ""),
    "fork, one branch cached": (FORK, "FFT", "", "AB", "AB", "", ""),
    "fork, other branch cached": (FORK, "FTF", "", "AC", "AC", "", ""),
    "fork, all cached, branch forced": (FORK, "TTT", "B", "B", "B", "A", ""),
    "fork, branches cached, one forced": (FORK, "FTT", "B", "AB", "AB", "", ""),
    "fork, all cached, start forced": (FORK, "TTT", "A", "ABC", "A", "", "BC"),
    "diamond, end cached": (DIAMOND, "FFFT", "", "", "", "", ""),
    "diamond, one side cached": (DIAMOND, "FFTF", "", "ABD", "ABD", "C", ""),
    "diamond, both sides cached": (DIAMOND, "FTTF", "", "D", "D", "BC", ""),
    "diamond, side missing, other forced": (DIAMOND, "TTFT", "B", "BCD", "B", "A", "D"),
    "diamond, other side missing, one forced": (DIAMOND, "TFTT", "C", "BCD", "C", "A", "D"),
    "diamond, nothing cached": (DIAMOND, "FFFF", "", "ABCD", "ABCD", "", ""),
    "diamond, all cached, end forced": (DIAMOND, "TTTT", "D", "D", "D", "BC", ""),
}


@pytest.mark.parametrize(
    ("edges", "cached", "forced", "rerun"),
    [row[:4] for row in TABLE.values()],
    ids=TABLE,
)
def test_what_runs_when_stale_artifacts_are_renewed(
    edges: dict[str, str], cached: str, forced: str, rerun: str
) -> None:
    graph = make_graph(edges, cached, forced)

    plan = make_plan(graph, OnStale.RERUN)

    assert names_with(plan, graph, Action.RUN) == rerun
    assert plan.stale() == []


@pytest.mark.parametrize("on_stale", [OnStale.WARN, OnStale.IGNORE])
@pytest.mark.parametrize(
    ("edges", "cached", "forced", "run", "loaded", "stale"),
    [(*row[:3], *row[4:]) for row in TABLE.values()],
    ids=TABLE,
)
def test_what_runs_when_stale_artifacts_are_used(
    edges: dict[str, str],
    cached: str,
    forced: str,
    run: str,
    loaded: str,
    stale: str,
    on_stale: OnStale,
) -> None:
    graph = make_graph(edges, cached, forced)

    plan = make_plan(graph, on_stale)

    assert names_with(plan, graph, Action.RUN) == run
    assert names_with(plan, graph, Action.LOAD) == loaded
    assert stale_names(plan, graph) == stale


@pytest.mark.parametrize(
    ("edges", "cached", "forced", "name", "kinds"),
    [
        (CHAIN, "TTT", "", "C", [CauseKind.UP_TO_DATE]),
        (CHAIN, "FFT", "", "B", [CauseKind.NOT_NEEDED]),
        (CHAIN, "TTF", "", "C", [CauseKind.MISSING]),
        (CHAIN, "FFF", "", "A", [CauseKind.MISSING, CauseKind.NEEDED_BY]),
        (CHAIN, "TTF", "", "B", [CauseKind.NEEDED_BY]),
        (CHAIN, "TTT", "B", "B", [CauseKind.FORCED]),
        (CHAIN, "TTT", "B", "C", [CauseKind.INPUT_RENEWED]),
        (CHAIN, "TTF", "A", "B", [CauseKind.NEEDED_BY, CauseKind.INPUT_RENEWED]),
    ],
)
def test_a_decision_says_why(
    edges: dict[str, str], cached: str, forced: str, name: str, kinds: list[CauseKind]
) -> None:
    graph = make_graph(edges, cached, forced)

    decision = make_plan(graph).decisions[list(edges).index(name)]

    assert [cause.kind for cause in decision.causes] == kinds


def test_the_cause_names_the_call_that_needs_it() -> None:
    graph = make_graph(CHAIN, "TTF")

    assert Cause(CauseKind.NEEDED_BY, "C") in make_plan(graph).decisions[1].causes


def test_the_cause_names_the_forced_call_however_far_above() -> None:
    graph = make_graph(CHAIN, "TTT", "A")

    assert make_plan(graph).decisions[2].causes == (Cause(CauseKind.INPUT_RENEWED, "A"),)


def test_a_note_about_a_cached_artifact_is_kept_whether_it_is_used_or_not() -> None:
    unverified = Cause(CauseKind.UNVERIFIED, "output 'a'")
    used, unused = Graph(), Graph()
    for graph in (used, unused):
        graph.add(Node("A", notes=(unverified,)))
    used.add(Node("B", (0,), misses=(MISSING,)))

    assert unverified in make_plan(used).decisions[0].causes
    assert unverified in make_plan(unused).decisions[0].causes


def test_a_twin_is_loaded_after_the_first_has_run() -> None:
    graph = Graph()
    for twin in (None, 0):
        graph.add(Node("A", misses=(MISSING,), twin=twin))

    plan = make_plan(graph)

    assert [decision.action for decision in plan.decisions] == [Action.RUN, Action.LOAD]
    assert plan.decisions[1].causes == (Cause(CauseKind.SAME_AS, "A"),)


def test_a_twin_that_is_needed_makes_the_first_run_although_nobody_else_reads_it() -> None:
    graph = make_graph({"A": "", "B": "A"}, "FT")
    graph.add(Node("A", misses=(MISSING,), twin=0))
    graph.add(Node("C", (2,), misses=(MISSING,)))

    plan = make_plan(graph)

    assert [decision.action.value for decision in plan.decisions] == ["run", "skip", "load", "run"]


def test_forcing_a_twin_forces_the_call_it_is_the_same_as() -> None:
    graph = Graph()
    graph.add(Node("A"))
    graph.add(Node("A", forced=FORCED, twin=0))

    plan = make_plan(graph)

    assert [decision.action for decision in plan.decisions] == [Action.RUN, Action.LOAD]


def test_counts_add_up_to_the_calls() -> None:
    plan = make_plan(make_graph(DIAMOND, "FTTF"))

    assert [plan.count(action) for action in Action] == [1, 2, 1]


CHANGED = Cause(CauseKind.CODE_CHANGED, "helper")


def add_stored(
    graph: Graph,
    name: str,
    sources: tuple[int, ...],
    *,
    cached: bool = True,
    stale: bool = False,
    forced: bool = False,
) -> None:
    """Add a node that knows what it was computed from."""
    graph.add(
        Node(
            name,
            sources,
            misses=() if cached else (MISSING,),
            forced=FORCED if forced else None,
            stale=(CHANGED,) if stale else (),
            sources=sources if cached else None,
        )
    )


def chain_of_stored(cached: str, *, stale: str = "", forced: str = "") -> Graph:
    graph = Graph()
    for index, (name, is_cached) in enumerate(zip("ABC", cached, strict=True)):
        sources = (index - 1,) if index else ()
        add_stored(
            graph,
            name,
            sources,
            cached=is_cached == "T",
            stale=name in stale,
            forced=name in forced,
        )
    return graph


def actions(plan: Plan) -> list[str]:
    """Return each action, with a question mark where it depends on what comes out."""
    return [f"{each.action}{'?' * each.only_if_changed}" for each in plan.decisions]


# which are cached, stale, forced | under RERUN | under WARN
STORED = {
    "nothing is stale": ("TTT", "", "", "skip skip skip", "skip skip skip"),
    "start is stale": ("TTT", "A", "", "run run? run?", "skip skip skip"),
    "middle is stale": ("TTT", "B", "", "load run run?", "skip skip skip"),
    "end is stale": ("TTT", "C", "", "skip load run", "skip skip skip"),
    "start is forced": ("TTT", "", "A", "run run? run?", "run skip? skip"),
    "start is stale, end missing": ("TTF", "A", "", "run run? run", "skip load run"),
    "start is stale, middle missing": ("TFT", "A", "", "run run run?", "skip skip skip"),
    "middle is stale, start missing": ("FTT", "B", "", "run run run?", "skip skip skip"),
    "everything is missing": ("FFF", "", "", "run run run", "run run run"),
    "only the end is there": ("FFT", "", "", "skip skip skip", "skip skip skip"),
    "only the end is missing": ("TTF", "", "", "skip load run", "skip load run"),
}


@pytest.mark.parametrize(
    ("cached", "stale", "forced", "rerun", "warn"), STORED.values(), ids=STORED
)
def test_what_happens_where_it_is_known_what_results_were_computed_from(
    cached: str, stale: str, forced: str, rerun: str, warn: str
) -> None:
    graph = chain_of_stored(cached, stale=stale, forced=forced)

    assert actions(make_plan(graph, OnStale.RERUN)) == rerun.split()
    assert actions(make_plan(graph, OnStale.WARN)) == warn.split()


def test_a_stale_result_that_is_used_says_why() -> None:
    plan = make_plan(chain_of_stored("TTF", stale="AB"))

    assert plan.stale() == [0, 1]
    assert plan.decisions[0].causes == (CHANGED,)
    assert plan.decisions[1].causes == (Cause(CauseKind.NEEDED_BY, "C"), CHANGED)


def test_a_stale_result_that_is_renewed_says_why() -> None:
    plan = make_plan(chain_of_stored("TTT", stale="A"), OnStale.RERUN)

    assert [decision.causes for decision in plan.decisions] == [
        (CHANGED,),
        (Cause(CauseKind.INPUT_RENEWED, "A"),),
        (Cause(CauseKind.INPUT_RENEWED, "B"),),
    ]


def test_a_rebuilt_result_makes_others_run_only_if_it_comes_out_different() -> None:
    graph = Graph()
    add_stored(graph, "A", (), cached=False)
    add_stored(graph, "B", (0,), cached=False)
    add_stored(graph, "C", (0,))

    assert actions(make_plan(graph, OnStale.RERUN)) == ["run", "run", "run?"]
    assert actions(make_plan(graph, OnStale.WARN)) == ["run", "run", "skip?"]


@pytest.mark.parametrize(("forced", "expected"), [(False, "skip"), (True, "run")])
def test_a_result_that_is_not_stored_counts_by_what_it_was_computed_from(
    forced: bool, expected: str
) -> None:
    graph = Graph()
    add_stored(graph, "A", ())
    unstored = Node("B", (0,), misses=(MISSING,), storable=False, sources=(0,))
    unstored.forced = FORCED if forced else None
    graph.add(unstored)
    graph.add(Node("C", (1,), sources=(0, 1) if forced else (0,)))

    plan = make_plan(graph, OnStale.RERUN)

    assert plan.decisions[2].action.value == expected
    assert not plan.decisions[2].only_if_changed


@st.composite
def stored_graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    for index in range(draw(st.integers(1, 10))):
        earlier = st.sets(st.integers(0, index - 1), max_size=3) if index else st.just(set[int]())
        add_stored(
            graph,
            str(index),
            tuple(sorted(draw(earlier))),
            cached=draw(st.booleans()),
            stale=draw(st.sampled_from([False, False, True])),
            forced=draw(st.sampled_from([False, False, False, True])),
        )
    return graph


@given(stored_graphs(), st.sampled_from(OnStale))
def test_what_depends_on_a_change_has_something_before_it_that_runs(
    graph: Graph, on_stale: OnStale
) -> None:
    plan = make_plan(graph, on_stale)

    read = {
        index
        for node, decision in zip(graph.nodes, plan.decisions, strict=True)
        if decision.action is Action.RUN and decision.only_if_changed
        for index in node.dependencies
    }
    for index, (node, decision) in enumerate(zip(graph.nodes, plan.decisions, strict=True)):
        if decision.only_if_changed:
            before = {plan.decisions[source].action for source in node.dependencies}
            assert Action.RUN in before or (not node.cached and index in read)


@given(stored_graphs())
def test_everything_stale_and_wanted_is_renewed(graph: Graph) -> None:
    plan = make_plan(graph, OnStale.RERUN)

    assert plan.stale() == []
    for node, decision in zip(graph.nodes, plan.decisions, strict=True):
        if node.cached and node.stale:
            assert (decision.action, decision.only_if_changed) == (Action.RUN, False)


@given(stored_graphs(), st.sampled_from(OnStale))
def test_what_a_call_reads_that_surely_runs_is_there_or_surely_runs(
    graph: Graph, on_stale: OnStale
) -> None:
    plan = make_plan(graph, on_stale)

    for node, decision in zip(graph.nodes, plan.decisions, strict=True):
        if decision.action is Action.RUN and not decision.only_if_changed:
            for index in node.dependencies:
                read = plan.decisions[index]
                surely = read.action is Action.RUN and not read.only_if_changed
                assert surely or graph.nodes[index].cached


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    for index in range(draw(st.integers(1, 12))):
        earlier = st.sets(st.integers(0, index - 1), max_size=3) if index else st.just(set[int]())
        graph.add(
            Node(
                str(index),
                tuple(sorted(draw(earlier))),
                misses=draw(st.sampled_from([(), (MISSING,)])),
                forced=draw(st.sampled_from([None, None, None, FORCED])),
            )
        )
    return graph


@given(graphs(), st.sampled_from(OnStale))
def test_whatever_a_running_call_reads_is_run_or_loaded(graph: Graph, on_stale: OnStale) -> None:
    plan = make_plan(graph, on_stale)

    for node, decision in zip(graph.nodes, plan.decisions, strict=True):
        if decision.action is Action.RUN:
            for index in node.dependencies:
                expected = {Action.RUN, Action.LOAD} if graph.nodes[index].cached else {Action.RUN}
                assert plan.decisions[index].action in expected


@given(graphs(), st.sampled_from(OnStale))
def test_leaves_without_artifacts_and_forced_calls_always_run(
    graph: Graph, on_stale: OnStale
) -> None:
    plan = make_plan(graph, on_stale)

    for node, leaf, decision in zip(graph.nodes, graph.leaves(), plan.decisions, strict=True):
        if node.forced or (leaf and not node.cached):
            assert decision.action is Action.RUN


@given(graphs())
def test_nothing_cached_runs_unless_it_was_forced(graph: Graph) -> None:
    plan = make_plan(graph, OnStale.WARN)

    for node, decision in zip(graph.nodes, plan.decisions, strict=True):
        if node.cached and node.forced is None:
            assert decision.action is not Action.RUN


@given(graphs(), st.sampled_from(OnStale))
def test_nothing_runs_that_nobody_wants(graph: Graph, on_stale: OnStale) -> None:
    plan = make_plan(graph, on_stale)
    leaves = graph.leaves()
    read = {
        index
        for node, decision in zip(graph.nodes, plan.decisions, strict=True)
        if decision.action is Action.RUN
        for index in node.dependencies
    }

    for index, (node, decision) in enumerate(zip(graph.nodes, plan.decisions, strict=True)):
        if decision.action is Action.RUN and not (node.forced or leaves[index] or index in read):
            assert on_stale is OnStale.RERUN
            assert node.cached
        if decision.action is Action.LOAD:
            assert node.cached
            assert index in read
