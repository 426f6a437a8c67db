"""Cachers: how artifacts are stored, found and loaded."""

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
