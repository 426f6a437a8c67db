"""What stages ask for: resources, retries, timeouts."""

import pytest

import curifactory as cf
from curifactory.requirements import (
    Requirements,
    parse_duration,
    parse_resource_list,
    parse_resources,
    parse_size,
    require,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8GB", 8 * 10**9),
        ("8 gib", 8 * 2**30),
        ("1.5k", 1500),
        ("7", 7),
        (12, 12),
        ("2MB", 2000000),
    ],
)
def test_sizes_are_bytes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["8 apples", "", "-1GB", 0, -3, True, None, "0GB"])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="memory must be bytes or a size like '8GB'"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1.5h", 5400), ("2d", 172800), (5, 5), (0.5, 0.5)]
)
def test_durations_are_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["30", "soon", 0, -1, None, True, "0s"])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="timeout must be seconds or a time like '30m'"):
        parse_duration(text)


def test_a_list_of_resources_is_read() -> None:
    assert parse_resource_list("cores=8, gpu=2,memory=1GB") == {
        "cores": 8,
        "gpu": 2,
        "memory": 10**9,
    }


@pytest.mark.parametrize("text", ["cores", "cores=", "=8", "cores=8,"])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a resource like cores=8|unknown resource ''"):
        parse_resource_list(text)


def test_an_unknown_resource_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="unknown resource 'core'; did you mean 'cores'"):
        parse_resources({"core": 2})


@pytest.mark.parametrize("amount", [0, -1, "many", 1.5, True])
def test_an_impossible_number_of_cores_is_refused(amount: object) -> None:
    with pytest.raises(ValueError, match="'cores' must be a whole number"):
        parse_resources({"cores": amount})


def test_a_decorator_says_what_its_stage_needs() -> None:
    needs: dict[str, int | str] = {"cores": 2, "memory": "8GB", "gpu": 1}

    @cf.stage(resources=needs, retries=2, timeout="30m", isolate=True)
    def train(record: cf.Record) -> None: ...

    needs.clear()
    assert train.spec.requirements == Requirements(2, 8 * 10**9, 1, 2, 1800.0, True)  # type: ignore[attr-defined]


def test_a_decorator_that_asks_for_nonsense_names_the_stage() -> None:
    with pytest.raises(ValueError, match=r"aggregate 'compare': unknown resource 'gpus'"):

        @cf.aggregate(resources={"gpus": 1})
        def compare(record: cf.Record, records: object) -> None: ...


def test_retries_are_a_count() -> None:
    with pytest.raises(ValueError, match="retries must be a whole number"):
        require("stage 'x'", retries=-1)
