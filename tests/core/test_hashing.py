"""Hashes: the published values, one hash per value, and the same one in every process."""

import collections
import copy
import dataclasses
import functools
import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from enum import Enum
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.plain_values import VALUES

from curifactory import ExperimentParameters, set_hash_functions
from curifactory.exceptions import UnhashableParameterError
from curifactory.hashing import combine_hashes, describe_parameters, hash_parameters


@dataclass
class Scalar(ExperimentParameters):
    some_scalar_multiplier: float = 1.0


@dataclass
class Simple(ExperimentParameters):
    my_parameter: int = 0


@dataclass
class Model(ExperimentParameters):
    model_size: int = 9000
    num_gpus: int = 1


@dataclass
class Holder(ExperimentParameters):
    value: Any = None


@dataclass
class Layer:
    width: int = 8
    activation: str = "relu"


@dataclass
class Network(ExperimentParameters):
    first: Layer = field(default_factory=Layer)
    second: Layer = field(default_factory=Layer)
    width: int = 8


@dataclass
class Ignoring(ExperimentParameters):
    size: int = 1
    devices: int = 1
    seed: int | None = None
    hash_representations: dict[str, Any] = set_hash_functions(  # noqa: RUF009 - a field
        {"devices": None}, size=lambda parameters, value: value * 2
    )


class Estimator:
    def __init__(self, depth: int) -> None:
        self.depth = depth

    def __repr__(self) -> str:
        return f"Estimator({self.depth})"

    def fit(self) -> None:
        """Do nothing."""


class Color(Enum):
    RED = 1
    BLUE = 2


Point = collections.namedtuple("Point", ["x"])


def make_parameters(**values: Any) -> ExperimentParameters:
    """Return a parameter set of a class that has just these fields, in this order."""
    names = [(name, object, None) for name in values]
    made: ExperimentParameters = make_dataclass("Made", names, bases=(ExperimentParameters,))(
        **values
    )
    return made


def add_to(amount: int) -> Callable[[int], int]:
    def add(value: int) -> int:
        return value + amount

    return add


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (Scalar(some_scalar_multiplier=1.0), "fbfbde1db878403f89d2b0b9cdf4fbbd"),
        (Scalar(some_scalar_multiplier=2.0), "ab202296761d2052e9b6b0376b46785b"),
        (Scalar(some_scalar_multiplier=4.0), "a4337711dc83557f076bccd2b015e2ad"),
        (Simple(my_parameter=1), "ec3f8f4559d33912cdfa01467994ce46"),
        (Simple(my_parameter=2), "981bc72d0bdde272e010d9c2202b4ecf"),
        (Model(num_gpus=1), "1ae3169d21cc23f1665561f7e91fe266e"),
        (Model(num_gpus=2), "f1b00c12e820963221b1f60501d3822e"),
        (ExperimentParameters(), "0"),
    ],
    ids=repr,
)
def test_published_hashes(parameters: ExperimentParameters, expected: str) -> None:
    assert parameters.params_hash() == expected


@pytest.mark.parametrize(
    ("name", "strategy", "representation"),
    [
        ("name", "SKIPPED: blacklist", None),
        ("hash", "SKIPPED: blacklist", None),
        ("overwrite", "SKIPPED: blacklist", None),
        ("hash_representations", "SKIPPED: blacklist", None),
        ("devices", "SKIPPED: set to None in hash_representations", None),
        ("seed", "SKIPPED: value is None", None),
        ("size", "param_set.hash_representations['size'](param_set, size)", 2),
    ],
)
def test_dry_hash_names_the_strategy_of_special_fields(
    name: str, strategy: str, representation: object
) -> None:
    assert Ignoring().params_hash(dry=True)[name] == (strategy, representation)


@pytest.mark.parametrize(
    ("value", "strategy", "representation"),
    [
        (1.5, "repr(value)", "1.5"),
        ("text", "repr(value)", "'text'"),
        (Estimator, "value.__qualname__", "Estimator"),
        (make_parameters, "value.__qualname__", "make_parameters"),
    ],
)
def test_dry_hash_names_the_strategy_of_ordinary_values(
    value: object, strategy: str, representation: str
) -> None:
    assert make_parameters(value=value).params_hash(dry=True)["value"] == (strategy, representation)


def test_dry_hash_of_a_nested_dataclass_shows_its_fields() -> None:
    strategy, representation = Network().params_hash(dry=True)["first"]

    assert strategy == "get_param_set_hash_values(param_set, first)"
    assert representation["width"] == ("repr(width)", "8")
    assert representation["activation"] == ("repr(activation)", "'relu'")


def test_neither_name_nor_class_counts() -> None:
    renamed = make_dataclass("Other", [("my_parameter", int, 1)], bases=(ExperimentParameters,))

    assert renamed(name="other").params_hash() == Simple(name="one", my_parameter=1).params_hash()


def test_adding_a_field_that_is_none_or_ignored_keeps_the_hash() -> None:
    extended = make_parameters(my_parameter=1, added=None, ignored=5)
    extended.hash_representations = {"ignored": None}

    assert extended.params_hash() == Simple(my_parameter=1).params_hash()


def test_a_function_that_returns_none_leaves_the_field_out() -> None:
    extended = make_parameters(my_parameter=1, added=5)
    extended.hash_representations = {"added": lambda parameters, value: None}

    assert extended.params_hash() == Simple(my_parameter=1).params_hash()


def test_a_hash_function_is_given_the_set_and_the_value() -> None:
    together = lambda parameters, value: f"{value} of {parameters.model_size}"  # noqa: E731
    small, large = Model(model_size=1), Model(model_size=2)
    small.hash_representations = large.hash_representations = {"num_gpus": together}

    assert small.params_hash(dry=True)["num_gpus"][1] == "1 of 1"
    assert large.params_hash(dry=True)["num_gpus"][1] == "1 of 2"


def test_keywords_of_set_hash_functions_win_over_the_dictionary() -> None:
    functions = set_hash_functions({"a": None, "b": None}, b=max).default_factory()

    assert functions == {"a": None, "b": max}


def test_set_hash_functions_refuses_what_is_no_dictionary() -> None:
    with pytest.raises(ValueError, match="dictionary"):
        set_hash_functions(["size"])  # type: ignore[arg-type]


def test_hash_functions_of_one_instance_can_change_alone() -> None:
    changed, other = Ignoring(devices=8), Ignoring(devices=8)

    assert isinstance(changed.hash_representations, dict)
    del changed.hash_representations["devices"]

    assert changed.params_hash() != other.params_hash()
    assert other.params_hash() == Ignoring(devices=1).params_hash()


NAMES = st.sampled_from(["a", "b", "a1", "ab", "learning_rate", "x_", "größe"])


@given(values=st.dictionaries(NAMES, VALUES, min_size=1), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_the_order_of_fields_does_not_count(values: dict[str, Any], seed: int) -> None:
    shuffled = list(values.items())
    random.Random(seed).shuffle(shuffled)

    assert (
        make_parameters(**dict(shuffled)).params_hash() == make_parameters(**values).params_hash()
    )


@given(values=st.dictionaries(NAMES, VALUES, min_size=1), data=st.data())
@settings(max_examples=100)
def test_changing_one_field_changes_the_hash(values: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(values)))
    other = data.draw(VALUES.filter(lambda value: value != values[name]))

    before = make_parameters(**values).params_hash()
    assert make_parameters(**{**values, name: other}).params_hash() != before


DIFFERENT: dict[str, tuple[object, object]] = {
    "ints": (1, 2),
    "int and float": (1, 1.0),
    "int and bool": (1, True),
    "int and text": (1, "1"),
    "text and bytes": ("1", b"1"),
    "close floats": (0.1, 0.1 + 2**-55),
    "tuple and list": ((1, 2), [1, 2]),
    "order of a tuple": ((1, 2), (2, 1)),
    "lists of digits": ([1, 23], [12, 3]),
    "lists of texts with commas": (["a', 'b"], ["a", "b"]),
    "dictionaries": ({"a": 1}, {"a": 2}),
    "sets": ({1, 2}, {1, 3}),
    "set and frozenset": ({1}, frozenset({1})),
    "sets with None": ({"a", None}, {"b", None}),
    "dataclasses": (Layer(width=8), Layer(width=9)),
    "dataclasses in lists": ([Layer(width=8)], [Layer(width=9)]),
    "dataclasses in dictionaries": ({"layer": Layer(width=8)}, {"layer": Layer(width=9)}),
    "classes": (Estimator, Layer),
    "objects": (Estimator(1), Estimator(2)),
    "functions": (make_parameters, add_to),
    "built-in functions": (len, max),
    "lambdas": (lambda value: value + 1, lambda value: value + 2),
    "lambdas calling methods": (lambda value: value.mean(), lambda value: value.sum()),
    "defaults of lambdas": (lambda value=1: value, lambda value=2: value),
    "lambdas with inner code": (lambda: [2 * n for n in (1, 2)], lambda: [2 * n for n in (1, 3)]),
    "closures": (add_to(1), add_to(2)),
    "partials": (functools.partial(add_to, 1), functools.partial(add_to, 2)),
    "keywords of partials": (
        functools.partial(add_to, amount=1),
        functools.partial(add_to, amount=2),
    ),
    "functions of partials": (functools.partial(add_to), functools.partial(len)),
    "bound methods": (Estimator(1).fit, Estimator(2).fit),
    "bound built-in methods": ("{:.2f}".format, "{:.3f}".format),
    "enum members": (Color.RED, Color.BLUE),
    "paths": (Path("a"), Path("b")),
    "ordered dictionaries": (collections.OrderedDict(a=1), collections.OrderedDict(a=2)),
    "default dictionaries": (
        collections.defaultdict(int, a=1),
        collections.defaultdict(int, a=2),
    ),
    "deques": (collections.deque([1]), collections.deque([2])),
    "named tuples": (Point(1), Point(2)),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_values_have_different_hashes(one: object, other: object) -> None:
    first, second = make_parameters(field=one), make_parameters(field=other)

    assert first.params_hash() != second.params_hash()


def test_swapping_values_between_nested_dataclasses_changes_the_hash() -> None:
    network = Network(first=Layer(width=1), second=Layer(width=2))
    swapped = Network(first=Layer(width=2), second=Layer(width=1))

    assert network.params_hash() != swapped.params_hash()


def test_swapping_values_between_top_level_and_nested_changes_the_hash() -> None:
    network = Network(first=Layer(width=1), width=2)
    swapped = Network(first=Layer(width=2), width=1)

    assert network.params_hash() != swapped.params_hash()


def test_names_and_values_do_not_run_into_each_other() -> None:
    larger = make_parameters(dim=20, dim2=4)
    smaller = make_parameters(dim=24, dim2=0)

    assert larger.params_hash() != smaller.params_hash()


def test_a_nested_dataclass_honours_its_own_hash_functions() -> None:
    one, other = Ignoring(devices=1), Ignoring(devices=2)

    assert make_parameters(nested=one).params_hash() == make_parameters(nested=other).params_hash()


def test_parameter_sets_in_a_list_count_as_they_do_alone() -> None:
    before = make_parameters(sets=[Ignoring(name="one", devices=1)]).params_hash()
    hashed = Ignoring(name="two", devices=2)
    hashed.fill_hash()

    assert make_parameters(sets=[hashed]).params_hash() == before


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        dataclasses.replace,
        lambda value: pickle.loads(pickle.dumps(value)),
    ],
    ids=["copy", "deepcopy", "replace", "pickle"],
)
def test_a_changed_copy_never_keeps_the_hash_of_its_original(
    duplicate: Callable[[Any], Any],
) -> None:
    original = Simple(my_parameter=1)
    original.fill_hash()

    changed = duplicate(original)
    changed.my_parameter = 2

    assert changed.params_hash() == changed.fill_hash() == Simple(my_parameter=2).params_hash()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, dataclasses.replace])
def test_a_hash_set_by_hand_stays(duplicate: Callable[[Any], Any]) -> None:
    chosen = duplicate(Simple(my_parameter=1, hash="chosen"))
    chosen.my_parameter = 2

    assert chosen.params_hash() == chosen.fill_hash() == "chosen"


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), (1, None), ([1], [1, 2]), (None, 3)],
    ids=repr,
)
def test_a_value_that_was_replaced_changes_the_hash(before: object, after: object) -> None:
    parameters = Holder(value=before)
    first = parameters.fill_hash()
    parameters.value = after

    assert first == Holder(value=before).params_hash()
    assert parameters.fill_hash() == Holder(value=after).params_hash() != first


def test_what_is_changed_in_place_or_counts_in_another_way_changes_the_hash() -> None:
    listed, ignored, unset = Holder(value=[1]), Holder(value=2), Holder(value=2)
    before = [each.fill_hash() for each in (listed, ignored, unset)]
    listed.value.append(2)
    ignored.hash_representations = {"value": None}
    del unset.__dict__["value"]
    after = [each.fill_hash() for each in (listed, ignored, unset)]

    assert all(one != other for one, other in zip(before, after, strict=True))
    assert after == [
        Holder(value=[1, 2]).params_hash(),
        Holder().params_hash(),
        Holder().params_hash(),
    ]


def test_a_hash_survives_pickling_with_its_set() -> None:
    parameters = Holder(value=2)
    parameters.fill_hash()
    twin = pickle.loads(pickle.dumps(parameters))
    first = twin.fill_hash()
    twin.value = 3

    assert first == parameters.hash
    assert twin.fill_hash() == Holder(value=3).params_hash()


def test_setting_the_hash_to_none_computes_it_again() -> None:
    chosen = Simple(my_parameter=1, hash="chosen")
    chosen.hash = None

    assert chosen.params_hash() == "ec3f8f4559d33912cdfa01467994ce46"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (make_parameters(encoder=object()), "encoder"),
        (make_parameters(encoders=[1, {"a": object()}]), "encoders"),
        (make_parameters(model=Point(Layer(width=object()))), "model"),  # type: ignore[arg-type]
        (Network(first=Layer(activation=object())), "first.activation"),  # type: ignore[arg-type]
    ],
    ids=["field", "in containers", "in a named tuple", "nested"],
)
def test_an_object_that_shows_only_its_address_is_refused(
    parameters: ExperimentParameters, name: str
) -> None:
    with pytest.raises(UnhashableParameterError, match=f"{name!r}.*set_hash_functions"):
        hash_parameters(parameters)


def test_such_an_object_can_be_ignored() -> None:
    parameters = make_parameters(my_parameter=1, encoder=object())
    parameters.hash_representations = {"encoder": None}

    assert parameters.params_hash() == Simple(my_parameter=1).params_hash()


@pytest.mark.parametrize("active", [None, "abc"])
def test_the_hash_of_an_aggregate_does_not_depend_on_the_order_of_records(
    active: str | None,
) -> None:
    text = str([active or "None", "None", "a", "b"])

    assert combine_hashes(active, ["b", "None", "a"]) == md5(text.encode()).hexdigest()


def test_described_parameters_are_texts_and_nested_dictionaries() -> None:
    described = describe_parameters(Network(name="net", first=Layer(width=3)))

    assert described["first"] == {"width": "3", "activation": "relu"}
    assert described["name"] == "net"
    assert described["width"] == "8"


def test_a_hash_is_sent_elsewhere_without_the_class_of_its_set() -> None:
    @dataclass
    class Local(ExperimentParameters):
        x: int = 1

    hash_ = Local(name="a").fill_hash()

    assert pickle.loads(pickle.dumps(hash_)) == hash_
