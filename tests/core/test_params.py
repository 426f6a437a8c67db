"""Parameter sets: their fields, classes without a decorator, and the old names."""

import copy
import pickle
from dataclasses import dataclass, field, fields
from typing import Any

import pytest

import curifactory
from curifactory import ArtifactManager, ExperimentParameters, Record


@dataclass
class Decorated(ExperimentParameters):
    size: int = 1


class Undecorated(ExperimentParameters):
    size: int = 1
    layers: list[int] = field(default_factory=list)


class ExtendedUndecorated(Undecorated):
    depth: int = 2


def test_own_fields_come_first_with_their_defaults() -> None:
    parameters = ExperimentParameters()

    names = [item.name for item in fields(parameters)]
    assert names == ["name", "hash", "overwrite", "hash_representations"]
    assert (parameters.name, parameters.hash, parameters.overwrite) == ("UNNAMED", None, False)
    assert parameters.hash_representations == {}


def test_the_representation_shows_everything_but_the_hash_functions() -> None:
    assert repr(Decorated(name="small")) == (
        "Decorated(name='small', hash=None, overwrite=False, size=1)"
    )


def test_a_record_fills_the_hash(manager: ArtifactManager) -> None:
    parameters = Decorated(name="small")

    Record(manager, parameters)

    assert parameters.hash == parameters.params_hash() == Decorated().params_hash()
    assert f"hash={parameters.params_hash()!r}" in repr(parameters)


def test_sets_compare_by_value_and_are_no_keys() -> None:
    assert Decorated(size=2) == Decorated(size=2) != Decorated(size=3)
    with pytest.raises(TypeError):
        hash(Decorated())


def test_a_class_without_decorator_takes_its_fields_as_keywords() -> None:
    parameters = Undecorated(name="plain", size=3)  # type: ignore[call-arg]

    assert (parameters.name, parameters.size, parameters.layers) == ("plain", 3, [])
    assert Undecorated().layers is not parameters.layers


def test_a_class_without_decorator_hashes_like_a_decorated_one() -> None:
    same: Any = Undecorated(size=3)  # type: ignore[call-arg]
    same.hash_representations = {"layers": None}

    assert same.params_hash() == Decorated(size=3).params_hash()


def test_a_subclass_of_a_class_without_decorator_has_the_fields_of_both() -> None:
    parameters: Any = ExtendedUndecorated(size=3, depth=4)  # type: ignore[call-arg]

    assert (parameters.size, parameters.depth) == (3, 4)


def test_a_decorated_subclass_of_a_class_without_decorator_has_the_fields_of_both() -> None:
    class Base(ExperimentParameters):
        size: int = 1

    @dataclass
    class Extended(Base):
        depth: int = 2

    parameters: Any = Extended(size=3, depth=4)  # type: ignore[call-arg]
    assert (parameters.size, parameters.depth) == (3, 4)


def test_an_own_constructor_is_left_alone() -> None:
    class WithConstructor(ExperimentParameters):
        size: int

        def __init__(self, half: int) -> None:
            super().__init__(name="own")
            self.size = half * 2

    assert WithConstructor(4).size == 8


@pytest.mark.parametrize("parameters", [Decorated(size=2), Undecorated()], ids=["decorated", "not"])
def test_sets_survive_copying_and_pickling(parameters: ExperimentParameters) -> None:
    parameters.fill_hash()

    assert copy.deepcopy(parameters) == parameters
    assert pickle.loads(pickle.dumps(parameters)) == parameters


def test_the_old_name_warns_and_is_the_same_class() -> None:
    with pytest.warns(DeprecationWarning, match="ExperimentParameters") as caught:
        assert curifactory.ExperimentArgs is ExperimentParameters  # type: ignore[attr-defined]
    assert caught[0].filename == __file__


def test_the_old_module_warns_and_has_the_same_class() -> None:
    with pytest.warns(DeprecationWarning, match="ExperimentParameters"):
        from curifactory.args import ExperimentArgs
    assert ExperimentArgs is ExperimentParameters


def test_record_args_warns_and_is_the_parameter_set(manager: ArtifactManager) -> None:
    parameters = Decorated()
    record = Record(manager, parameters)

    with pytest.warns(DeprecationWarning, match=r"record\.params"):
        assert record.args is parameters
