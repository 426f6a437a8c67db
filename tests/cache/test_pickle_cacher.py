"""Pickles, in stages and by themselves."""

import pickle
from pathlib import Path

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record
from curifactory.caching import PickleCacher


def test_any_program_can_read_the_file(folder: Path) -> None:
    path = PickleCacher("out/model.pkl").save({1: {2, 3}})

    with (folder / path).open("rb") as file:
        assert pickle.load(file) == {1: {2, 3}}
    assert PickleCacher("out/model.pkl").load() == {1: {2, 3}}


def test_a_record_gives_it_a_place(manager: ArtifactManager) -> None:
    record = Record(manager, ExperimentParameters())

    path = PickleCacher(name="model", record=record).save([1])

    assert path == record.get_path("model.pkl")
    assert PickleCacher(name="model", record=record).load() == [1]


def test_an_object_that_cannot_be_pickled_leaves_what_was_there(folder: Path) -> None:
    PickleCacher("model.pkl").save([1])

    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        PickleCacher("model.pkl").save([2, lambda: 3])

    assert PickleCacher("model.pkl").load() == [1]
