"""Files whose digest is computed while they are written, if they stay small."""

import json
import os
import pickle
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import Cacheable, NumpyCacher, PickleCacher, publishing
from curifactory.caching.digesting import LARGE, DigestingFile

numpy = pytest.importorskip("numpy")

_LARGE = 2 * 1024 * 1024


@given(chunks=st.lists(st.one_of(st.binary(max_size=50), st.just(b"x" * 4_000)), max_size=30))
def test_the_digest_is_that_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("digesting") / "file"
    with DigestingFile(str(path)) as file:
        written = sum(file.write(chunk) for chunk in chunks)

    assert path.read_bytes() == b"".join(chunks)
    assert written == path.stat().st_size
    assert file.digest_of(path.stat()) == sha256(b"".join(chunks)).hexdigest()


@pytest.mark.parametrize("sizes", [[LARGE], [1, LARGE - 1, 1], [LARGE, 1]])
def test_a_large_file_is_left_to_be_digested_later(tmp_path: Path, sizes: list[int]) -> None:
    path = tmp_path / "file"
    with DigestingFile(str(path)) as file:
        for size in sizes:
            file.write(b"x" * size)

    assert path.stat().st_size == sum(sizes)
    assert file.digest_of(path.stat()) is None


def test_arrays_are_written_without_being_bytes(tmp_path: Path) -> None:
    array = numpy.arange(1_000, dtype=numpy.float64).reshape(2, -1)

    with DigestingFile(str(tmp_path / "file")) as file:
        assert file.write(array) == array.nbytes

    assert file.digest_of((tmp_path / "file").stat()) == sha256(array.tobytes()).hexdigest()


def test_arrays_with_gaps_are_written_as_their_elements(tmp_path: Path) -> None:
    array = numpy.arange(1_000)[::2]

    with DigestingFile(str(tmp_path / "file")) as file:
        file.write(array)
        file.write(b"end")

    content = array.tobytes() + b"end"
    assert (tmp_path / "file").read_bytes() == content
    assert file.digest_of((tmp_path / "file").stat()) == sha256(content).hexdigest()


def test_what_is_written_to_the_file_afterwards_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with DigestingFile(str(path)) as file:
        file.write(b"1")
    path.write_bytes(b"2")
    os.utime(path, ns=(1, 1))

    assert file.digest_of(path.stat()) is None


def test_an_error_closes_the_file(tmp_path: Path) -> None:
    file = DigestingFile(str(tmp_path / "file"))

    def fail() -> None:
        with file:
            file.write(b"x" * _LARGE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert file._file is not None
    assert file._file.closed


def test_what_is_small_is_written_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with DigestingFile(str(path)) as file:
        file.write(b"1")
        assert not path.exists()
        file.flush()
        assert path.read_bytes() == b"1"
        file.write(b"2")

    assert path.read_bytes() == b"12"
    assert file.digest_of(path.stat()) == sha256(b"12").hexdigest()


def test_nothing_is_left_of_what_is_small_and_failed(tmp_path: Path) -> None:
    file = DigestingFile(str(tmp_path / "file"))

    def fail() -> None:
        with file:
            file.write(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert os.listdir(tmp_path) == []


def _stored(cacher: type[Cacheable], value: Any, ending: str) -> tuple[Path, dict[str, Any]]:
    """Return the file of a stored value, and what its metadata says of the file."""

    @stage(None, ["data"], [cacher])
    def make(record: Record) -> Any:
        return value

    manager = ArtifactManager("test", suppress_live_log=True)
    make(Record(manager, ExperimentParameters()))
    manager.close_run("complete")
    path = Path(f"data/cache/test_0_make_data{ending}")
    metadata = json.loads(Path("data/cache/test_0_make_data_metadata.json").read_text())
    return path, metadata["files"][path.name]


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(_LARGE),
        numpy.asfortranarray(numpy.arange(_LARGE).reshape(4, -1)),
        numpy.arange(_LARGE)[::2],
        numpy.array(5.0),
        numpy.zeros((0, 3)),
        numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    ],
    ids=["in one piece", "by columns", "with gaps", "a number", "empty", "with fields"],
)
def test_arrays_are_stored_as_numpy_stores_them(folder: Path, array: Any) -> None:
    path, facts = _stored(NumpyCacher, array, ".npy")
    numpy.save("plain.npy", array)

    assert path.read_bytes() == Path("plain.npy").read_bytes()
    assert facts["sha256"] == sha256(path.read_bytes()).hexdigest()


def test_small_files_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> str:
        raise AssertionError(f"{path} is read for its digest")

    monkeypatch.setattr(publishing, "digest", refuse)
    values = [numpy.arange(1_000), {"a": [1, 2]}]

    path, facts = _stored(PickleCacher, values, ".pkl")

    assert facts["sha256"] == sha256(path.read_bytes()).hexdigest()
    assert pickle.loads(path.read_bytes())[1] == {"a": [1, 2]}


class TwiceCacher(PickleCacher):
    def save(self, obj: Any) -> str:
        path = super().save(obj)
        content = Path(path).read_bytes()
        Path(path).write_bytes(content + b"more")
        return path


def test_a_file_that_a_subclass_changes_has_the_digest_of_what_is_there(folder: Path) -> None:
    path, facts = _stored(TwiceCacher, 1, ".pkl")

    assert path.read_bytes().endswith(b"more")
    assert facts["sha256"] == sha256(path.read_bytes()).hexdigest()
