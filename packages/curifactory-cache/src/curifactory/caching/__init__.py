"""Cachers: how artifacts are stored, found and loaded."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.caching.figure_cacher import FigureCacher
    from curifactory.caching.json_cacher import JsonCacher
    from curifactory.caching.notebook_cacher import RawJupyterNotebookCacher
    from curifactory.caching.numpy_cacher import NumpyCacher
    from curifactory.caching.pandas_cacher import (
        PandasCacher,
        PandasCSVCacher,
        PandasCsvCacher,
        PandasJSONCacher,
        PandasJsonCacher,
    )
    from curifactory.caching.parquet_cacher import ParquetCacher
    from curifactory.caching.pickle_cacher import PickleCacher
    from curifactory.caching.reference_cachers import FileReferenceCacher, PathRef
    from curifactory.caching.text_cacher import BytesCacher, TextCacher
    from curifactory.outputs import Lazy
else:  # loaded when first used: an experiment needs few of them

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


_HOMES = {
    "Cacheable": "curifactory.caching.cacheable",
    "FigureCacher": "curifactory.caching.figure_cacher",
    "JsonCacher": "curifactory.caching.json_cacher",
    "RawJupyterNotebookCacher": "curifactory.caching.notebook_cacher",
    "NumpyCacher": "curifactory.caching.numpy_cacher",
    "PandasCacher": "curifactory.caching.pandas_cacher",
    "PandasCSVCacher": "curifactory.caching.pandas_cacher",
    "PandasCsvCacher": "curifactory.caching.pandas_cacher",
    "PandasJSONCacher": "curifactory.caching.pandas_cacher",
    "PandasJsonCacher": "curifactory.caching.pandas_cacher",
    "ParquetCacher": "curifactory.caching.parquet_cacher",
    "PickleCacher": "curifactory.caching.pickle_cacher",
    "FileReferenceCacher": "curifactory.caching.reference_cachers",
    "PathRef": "curifactory.caching.reference_cachers",
    "BytesCacher": "curifactory.caching.text_cacher",
    "TextCacher": "curifactory.caching.text_cacher",
    "Lazy": "curifactory.outputs",
}
"""Public name -> the module it is defined in."""

__all__ = [
    "BytesCacher",
    "Cacheable",
    "FigureCacher",
    "FileReferenceCacher",
    "JsonCacher",
    "Lazy",
    "NumpyCacher",
    "PandasCSVCacher",
    "PandasCacher",
    "PandasCsvCacher",
    "PandasJSONCacher",
    "PandasJsonCacher",
    "ParquetCacher",
    "PathRef",
    "PickleCacher",
    "RawJupyterNotebookCacher",
    "TextCacher",
]
