"""Arrays in numpy's own formats."""

from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import NumpyCacher
from curifactory.exceptions import CacheError

numpy = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    "array",
    [numpy.arange(6).reshape(2, 3), numpy.array(5.0), numpy.array(["a", "b"]), numpy.zeros((0, 3))],
    ids=["ints", "no dimensions", "texts", "empty"],
)
def test_an_array_comes_back_as_it_was(folder: Path, array: Any) -> None:
    NumpyCacher("file.npy").save(array)

    loaded = NumpyCacher("file.npy").load()
    assert (loaded.shape, loaded.dtype) == (array.shape, array.dtype)
    assert (loaded == array).all()
    assert (numpy.load(folder / "file.npy") == array).all()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_dictionary_of_arrays_comes_back_as_it_was(folder: Path, *, compressed: bool) -> None:
    arrays = {"x": numpy.arange(3), "file": numpy.ones((2, 2))}
    NumpyCacher("file.npz", compressed=compressed).save(arrays)

    loaded = NumpyCacher("file.npz").load()
    assert {name: array.tolist() for name, array in loaded.items()} == {
        "x": [0, 1, 2],
        "file": [[1.0, 1.0], [1.0, 1.0]],
    }


def test_compressing_makes_a_smaller_file(folder: Path) -> None:
    arrays = {"x": numpy.zeros(10_000)}
    for compressed in (False, True):
        NumpyCacher(f"{compressed}.npz", compressed=compressed).save(arrays)

    assert (folder / "True.npz").stat().st_size < (folder / "False.npz").stat().st_size / 10


def test_a_mapped_array_reads_the_file_and_cannot_change_it(folder: Path) -> None:
    NumpyCacher("file.npy").save(numpy.arange(3))

    loaded = NumpyCacher("file.npy", mmap_mode="r").load()

    assert isinstance(loaded, numpy.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 5


@pytest.mark.parametrize(
    "value",
    [numpy.array([object()]), {"x": numpy.array([object()])}],
    ids=["array", "dictionary"],
)
def test_arrays_of_objects_are_refused_when_they_are_stored(
    manager: ArtifactManager, value: Any
) -> None:
    @stage(outputs=["data"], cachers=[NumpyCacher])
    def make(record: Record) -> Any:
        return value

    with pytest.raises(CacheError, match="'data' of stage 'make'"):
        make(Record(manager, ExperimentParameters()))
