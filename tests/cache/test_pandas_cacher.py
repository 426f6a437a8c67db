"""Data frames in the formats that pandas writes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.caching import (
    PandasCacher,
    PandasCSVCacher,
    PandasCsvCacher,
    PandasJSONCacher,
    PandasJsonCacher,
)

pandas = pytest.importorskip("pandas")
NEEDED = {
    "parquet": "pyarrow",
    "orc": "pyarrow",
    "hdf5": "tables",
    "excel": "openpyxl",
    "xml": "lxml",
}
EXTENSIONS = {
    "csv": ".csv",
    "json": ".json",
    "parquet": ".parquet",
    "pickle": ".pkl",
    "orc": ".orc",
    "hdf5": ".h5",
    "excel": ".xlsx",
    "xml": ".xml",
}


def make_stage(cacher: Any, frame: Any) -> Callable[[Record], Record]:
    @stage(outputs=["frame"], cachers=[cacher])
    def make(record: Record) -> Any:
        return frame

    return make


@pytest.mark.parametrize("format_", EXTENSIONS)
def test_a_frame_comes_back_as_it_was(
    new_manager: Callable[..., ArtifactManager], format_: str
) -> None:
    if format_ in NEEDED:
        pytest.importorskip(NEEDED[format_])
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.1, 0.25], "c": ["x", "y"]})
    make = make_stage(PandasCacher(format=format_), frame)

    make(Record(new_manager(), ExperimentParameters()))
    record = make(Record(new_manager(), ExperimentParameters()))

    assert record.calls[0].status == "loaded"
    assert Path(record.calls[0].outputs[0].path or "").suffix == EXTENSIONS[format_]
    pandas.testing.assert_frame_equal(record.output, frame, check_dtype=format_ != "xml")


def test_json_keeps_fifteen_digits_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    PandasJsonCacher("frame.json").save(pandas.DataFrame({"a": [0.123456789012345]}))

    assert PandasJsonCacher("frame.json").load()["a"][0] == pytest.approx(0.123456789012345, 1e-14)
    assert "15 digits" in caplog.text


def test_arguments_reach_pandas(folder: Path) -> None:
    frame = pandas.DataFrame({"a": [1], "b": [2]})
    cacher = PandasCsvCacher(
        "frame.csv", to_csv_args={"sep": ";"}, read_csv_args={"sep": ";", "usecols": [0, 2]}
    )

    cacher.save(frame)

    assert (folder / "frame.csv").read_text().splitlines()[0] == ";a;b"
    assert list(cacher.load().columns) == ["b"]


def test_metadata_says_how_the_frame_was_stored(manager: ArtifactManager) -> None:
    make = make_stage(PandasCsvCacher(to_csv_args={"sep": ";"}), pandas.DataFrame({"a": [1]}))
    path = Path(make(Record(manager, ExperimentParameters())).calls[0].outputs[0].path or "")

    facts = json.loads(path.with_name(f"{path.stem}_metadata.json").read_text())
    assert facts["extra"] == {
        "pandas_version": pandas.__version__,
        "to_args": {"sep": ";"},
        "read_args": {"index_col": 0},
        "format": "csv",
    }


def test_another_version_of_pandas_is_named(
    new_manager: Callable[..., ArtifactManager],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make = make_stage(PandasCsvCacher, pandas.DataFrame({"a": [1]}))
    with monkeypatch.context() as older:
        older.setattr(pandas, "__version__", "0.1")
        make(Record(new_manager(), ExperimentParameters()))

    make(Record(new_manager(), ExperimentParameters())).state["frame"]

    assert f"stored with pandas 0.1 and is loaded with {pandas.__version__}" in caplog.text


def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"'word' is not known.*csv, json, parquet"):
        PandasCacher(format="word")


def test_both_spellings_are_the_same_class() -> None:
    assert PandasCSVCacher is PandasCsvCacher
    assert PandasJSONCacher is PandasJsonCacher
