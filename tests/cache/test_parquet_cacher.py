"""Tables as Parquet files."""

from collections.abc import Callable

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import ParquetCacher
from curifactory.exceptions import CacheError

NewManager = Callable[..., ArtifactManager]


def store_and_load(new_manager: NewManager, table: object) -> object:
    @stage(outputs=["table"], cachers=[ParquetCacher])
    def make(record: Record) -> object:
        return table

    make(Record(new_manager(), ExperimentParameters()))
    record = make(Record(new_manager(), ExperimentParameters()))
    assert record.calls[0].status == "loaded"
    return record.output


def test_a_pandas_frame_comes_back_with_its_index(new_manager: NewManager) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"a": [0.1, 0.2]}, index=pandas.Index(["x", "y"], name="key"))

    pandas.testing.assert_frame_equal(store_and_load(new_manager, frame), frame)


def test_a_polars_frame_comes_back_as_one(new_manager: NewManager) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2]})

    loaded = store_and_load(new_manager, frame)

    assert isinstance(loaded, polars.DataFrame)
    assert loaded.equals(frame)


def test_an_arrow_table_comes_back_as_one(new_manager: NewManager) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1, 2]})

    loaded = store_and_load(new_manager, table)

    assert isinstance(loaded, pyarrow.Table)
    assert loaded.equals(table)


def test_anything_else_is_refused_with_what_it_is(manager: ArtifactManager) -> None:
    @stage(outputs=["table"], cachers=[ParquetCacher])
    def make(record: Record) -> dict[str, int]:
        return {"a": 1}

    with pytest.raises(CacheError, match=r"pyarrow tables, not builtins\.dict"):
        make(Record(manager, ExperimentParameters()))
