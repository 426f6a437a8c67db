"""What differs between parameter sets."""

from curifactory.reporting.metrics import compare_metrics
from curifactory.reporting.parameters import compare_sets, flatten


def test_only_what_differs_is_a_column() -> None:
    matrix = compare_sets(
        [
            ("a", {"name": "a", "hash": "1", "n": "1", "m": "3", "opt": {"lr": "0.1", "d": "1"}}),
            ("b", {"name": "b", "hash": "2", "n": "2", "m": "3", "opt": {"lr": "0.2", "d": "1"}}),
        ]
    )

    assert matrix.fields == ("n", "opt.lr")
    assert matrix.rows == (("a", ("1", "0.1")), ("b", ("2", "0.2")))
    assert matrix.shared == (("m", "3"), ("opt.d", "1"))


def test_a_field_that_one_set_lacks_differs() -> None:
    matrix = compare_sets([("a", {"n": "1"}), ("b", {"n": "1", "m": "2"})])

    assert matrix.fields == ("m",)
    assert matrix.rows == (("a", ("",)), ("b", ("2",)))


def test_a_nested_field_may_be_called_name() -> None:
    assert dict(flatten({"name": "a", "model": {"name": "b"}})) == {"model.name": "b"}


def test_metrics_stand_side_by_side() -> None:
    table = compare_metrics(
        {("Record 0 (a)", "#1"): {"acc": 0.5, "n": 3}, ("Record 1 (b)", "#2"): {"f1": 0.25}}
    )

    assert table.names == ("acc", "n", "f1")
    assert table.rows == (
        ("Record 0 (a)", "#1", ("0.5", "3", "")),
        ("Record 1 (b)", "#2", ("", "", "0.25")),
    )
