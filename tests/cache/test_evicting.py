"""Which artifacts leave a cache."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.caching.upkeep.evicting import plan_eviction
from curifactory.upkeep import CachedArtifact, Eviction

NOW = 1_000_000.0


def artifact(name: str, size: int = 10, **facts: Any) -> CachedArtifact:
    given = {"state": "complete", "modified": NOW, "seconds": 1.0, "execution": name, **facts}
    return CachedArtifact(name=name, paths=(name,), size=size, **given)


def plan(
    *artifacts: CachedArtifact,
    needed: dict[str, str] | None = None,
    last_used: dict[str, float] | None = None,
    max_size: int | None = None,
    max_age: float | None = None,
) -> Eviction:
    return plan_eviction(
        artifacts,
        needed or {},
        last_used or {},
        max_size=max_size,
        max_age=max_age,
        now=lambda: NOW,
    )


def names(eviction: Eviction) -> list[str]:
    return [each.name for each in eviction.evicted]


def test_what_saves_least_time_per_byte_goes_first_until_the_rest_fits() -> None:
    eviction = plan(
        artifact("dear", 10, seconds=100.0),
        artifact("cheap", 10, seconds=1.0),
        artifact("big", 1000, seconds=50.0),
        max_size=15,
    )

    assert names(eviction) == ["big", "cheap"]
    assert (eviction.size_before, eviction.size_after) == (1020, 10)
    assert eviction.seconds_lost == 51.0


def test_nothing_goes_that_need_not() -> None:
    assert names(plan(artifact("a"), artifact("b"), max_size=20)) == []


def test_outputs_of_one_execution_go_together() -> None:
    eviction = plan(
        artifact("a", execution="x"), artifact("b", execution="x"), artifact("c"), max_size=25
    )

    assert names(eviction) in (["a", "b"], ["c"])
    assert names(plan(artifact("a", execution="x"), artifact("b", execution="x"), max_size=15)) == [
        "a",
        "b",
    ]


def test_what_is_needed_stays_with_the_other_outputs_of_its_execution() -> None:
    eviction = plan(
        artifact("a", execution="x"),
        artifact("b", execution="x"),
        needed={"b": "pinned"},
        max_size=0,
    )

    assert names(eviction) == []
    assert eviction.kept == {"a": "pinned", "b": "pinned"}


@pytest.mark.parametrize(
    ("modified", "used", "goes"),
    [
        pytest.param(NOW - 101, None, True, id="made long ago"),
        pytest.param(NOW - 99, None, False, id="made lately"),
        pytest.param(NOW - 101, NOW - 1, False, id="used lately"),
        pytest.param(NOW - 500, NOW - 200, True, id="used long ago"),
    ],
)
def test_age_is_the_time_since_it_was_made_or_used(
    modified: float, used: float | None, goes: bool
) -> None:
    last_used = {} if used is None else {"a": used}

    eviction = plan(artifact("a", modified=modified), last_used=last_used, max_age=100)

    assert bool(eviction.evicted) is goes


@pytest.mark.parametrize(
    ("facts", "first"),
    [
        pytest.param({"state": "damaged"}, True, id="damaged"),
        pytest.param({"state": "set aside", "seconds": None}, True, id="set aside"),
        pytest.param({"seconds": None}, False, id="of unknown cost"),
        pytest.param({"state": "unverified", "seconds": None}, False, id="without metadata"),
    ],
)
def test_what_is_of_no_use_goes_before_all_else(facts: dict[str, Any], first: bool) -> None:
    eviction = plan(artifact("cheap", seconds=0.001), artifact("odd", **facts), max_size=10)

    assert names(eviction) == (["odd"] if first else ["cheap"])


def test_what_has_no_metadata_never_goes() -> None:
    assert names(plan(artifact("a", state="unverified", modified=0), max_size=0, max_age=1)) == []


ARTIFACTS = st.lists(
    st.builds(
        artifact,
        name=st.uuids().map(str),
        size=st.integers(0, 1000),
        seconds=st.none() | st.floats(0, 1e6),
        execution=st.none() | st.sampled_from("abc"),
        state=st.sampled_from(["complete", "unverified", "damaged", "set aside"]),
    ),
    max_size=20,
)


@given(artifacts=ARTIFACTS, max_size=st.integers(0, 10_000), data=st.data())
def test_only_what_is_needed_or_unknown_is_left_of_too_large_a_cache(
    artifacts: list[CachedArtifact], max_size: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(artifacts))) if artifacts else set()
    needed = {each.name: "needed" for each in chosen}

    eviction = plan(*artifacts, needed=needed, max_size=max_size)

    left = [each for each in artifacts if each not in eviction.evicted]
    assert not needed.keys() & set(names(eviction))
    assert sum(each.size for each in left) == eviction.size_after
    if eviction.size_after > max_size:
        assert all(each.name in eviction.kept or each.state == "unverified" for each in left)
