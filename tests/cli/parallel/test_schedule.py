"""What is handed out when, and what there is to share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.cli.parallel.capacity import Capacity
from curifactory.cli.parallel.schedule import Schedule
from curifactory.requirements import Requirements


def everything(_index: int) -> bool:
    return True


def drain(schedule: Schedule) -> list[int]:
    """Take and finish everything, one after the other."""
    order = []
    while (index := schedule.take(everything)) is not None:
        order.append(index)
        schedule.finish(index)
    return order


def test_what_takes_longest_goes_first_with_what_leads_to_it() -> None:
    schedule = Schedule([(), (), (1,)], [2.0, 1.0, 5.0])

    assert drain(schedule) == [1, 2, 0]
    assert schedule.is_over


def test_what_is_not_executed_is_not_waited_for() -> None:
    assert drain(Schedule([None, (0,)], [1.0, 1.0])) == [1]


def test_a_failure_takes_all_that_depends_on_it() -> None:
    schedule = Schedule([(), (0,), (1,), ()], [1.0] * 4)
    schedule.take(lambda index: index == 0)

    assert schedule.fail(0) == [1, 2]
    assert drain(schedule) == [3]
    assert schedule.is_over


def test_a_demanded_call_goes_before_its_reader() -> None:
    schedule = Schedule([None, ()], [1.0, 1.0])
    assert schedule.take(everything) == 1

    assert schedule.demand(0, 1)
    assert drain(schedule) == [0, 1]


def test_nothing_is_demanded_twice_or_from_what_comes_later() -> None:
    schedule = Schedule([None, (), None], [1.0] * 3)
    schedule.take(everything)
    assert not schedule.demand(2, 1)
    assert schedule.demand(0, 1)

    drain(schedule)

    assert not schedule.demand(0, 1)


def test_a_large_call_gets_its_turn() -> None:
    schedule = Schedule([()] * 40, [9.0] + [1.0] * 39)
    taken = []
    while (index := schedule.take(lambda index: index != 0)) is not None:
        taken.append(index)

    assert 0 not in taken
    assert len(taken) < 39
    assert schedule.take(everything) == 0


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[int, ...]]:
    size = draw(st.integers(1, 12))
    return [
        tuple(draw(st.sets(st.integers(0, index - 1), max_size=3))) if index else ()
        for index in range(size)
    ]


@given(graphs(), st.data())
def test_everything_is_taken_once_after_what_it_waits_for(
    graph: list[tuple[int, ...]], data: st.DataObject
) -> None:
    schedule = Schedule(graph, [1.0] * len(graph))
    running: list[int] = []
    finished: list[int] = []
    while not schedule.is_over:
        index = schedule.take(everything)
        if index is not None:
            assert set(graph[index]) <= set(finished)
            running.append(index)
        if running and (index is None or data.draw(st.booleans())):
            done = running.pop(data.draw(st.integers(0, len(running) - 1)))
            schedule.finish(done)
            finished.append(done)

    assert sorted(finished) == list(range(len(graph)))


@given(graphs(), st.data())
def test_only_what_depends_on_a_failure_is_left_out(
    graph: list[tuple[int, ...]], data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, len(graph) - 1))
    reached = {bad}
    for place, before in enumerate(graph):
        if reached & set(before):
            reached.add(place)
    schedule = Schedule(graph, [1.0] * len(graph))
    done, lost = [], []
    while (index := schedule.take(everything)) is not None:
        if index == bad:
            lost = schedule.fail(index)
        else:
            schedule.finish(index)
            done.append(index)

    assert schedule.is_over
    assert set(lost) == reached - {bad}
    assert set(done) == set(range(len(graph))) - reached


needs = st.builds(
    Requirements,
    cores=st.integers(1, 4),
    memory=st.none() | st.integers(1, 8),
    gpu=st.integers(0, 2),
)


@given(st.lists(st.tuples(needs, st.booleans()), max_size=30))
def test_no_more_is_given_out_than_there_is(steps: list[tuple[Requirements, bool]]) -> None:
    capacity = Capacity(4, 8, ("0", "1"))
    claims = []
    for needed, release in steps:
        if capacity.lacks(needed) is None and capacity.fits(needed):
            claims.append(capacity.claim(needed))
        devices = [name for claim in claims for name in claim.devices]
        assert sum(claim.cores for claim in claims) <= 4
        assert sum(claim.memory for claim in claims) <= 8
        assert len(devices) == len(set(devices)) <= 2
        if release and claims:
            capacity.release(claims.pop())
    for claim in claims:
        capacity.release(claim)

    assert capacity.fits(Requirements(4, 8, 2))


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (Requirements(cores=5), "cores=5, and there are 4"),
        (Requirements(memory=9), "memory=9, and there are 8 bytes"),
        (Requirements(gpu=1), "gpu=1, and there are 0"),
    ],
)
def test_what_will_never_be_there_is_named(needed: Requirements, words: str) -> None:
    assert Capacity(4, 8, ()).lacks(needed) == words


def test_devices_are_those_that_are_visible_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")

    assert Capacity.of_machine({}, 2, local=True).devices == ("3", "5")
    assert Capacity.of_machine({"gpu": 1}, 2, local=True).devices == ("3",)
    assert Capacity.of_machine({"gpu": 3}, 2, local=True).devices == ("3", "5", "2")
    assert Capacity.of_machine({}, 2, local=False).devices == ()
