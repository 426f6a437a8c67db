"""Data frames in the formats that pandas writes."""

import logging
import pickle
from collections.abc import Mapping
from typing import Any

from curifactory.caching.cacheable import Cacheable

_log = logging.getLogger(__name__)

_EXTENSIONS = {
    "csv": ".csv",
    "json": ".json",
    "parquet": ".parquet",
    "pickle": ".pkl",
    "orc": ".orc",
    "hdf5": ".h5",
    "excel": ".xlsx",
    "xml": ".xml",
}
_TO_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "json": {"double_precision": 15},
    "hdf5": {"key": "df"},
    "xml": {"index": False},
}
_READ_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "csv": {"index_col": 0},
    "excel": {"index_col": 0},
}
_METHODS = {"hdf5": "hdf"}


class PandasCacher(Cacheable):
    """Stores a data frame with pandas.

    Parameters
    ----------
    path_override
        As for :class:`Cacheable`.
    format
        ``csv``, ``json``, ``parquet``, ``pickle``, ``orc``, ``hdf5``, ``excel`` or ``xml``.
    to_args, read_args
        Keywords for the pandas functions that write and read. By default JSON is written with
        15 digits, XML without the index, HDF5 under the key ``df``; CSV and Excel files are read
        with the first column as the index.

    Raises
    ------
    KeyError
        If the format is not one of these.

    """

    def __init__(
        self,
        path_override: str | None = None,
        format: str = "pickle",  # noqa: A002 - the documented name
        to_args: Mapping[str, Any] | None = None,
        read_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if format not in _EXTENSIONS:
            raise KeyError(
                f"format {format!r} is not known to {type(self).__name__}; choose one of "
                f"{', '.join(_EXTENSIONS)}."
            )
        super().__init__(path_override, **{"extension": _EXTENSIONS[format], **kwargs})
        self.format = format
        self.to_args = {**_TO_DEFAULTS.get(format, {}), **(to_args or {})}
        self.read_args = {**_READ_DEFAULTS.get(format, {}), **(read_args or {})}

    def save(self, obj: Any) -> str:
        """Write the frame and return the path."""
        import pandas

        if self.format == "json":
            _log.warning(
                "JSON keeps at most 15 digits of a float and not every index type; choose parquet "
                "or pickle where %r must come back exactly.",
                self.name,
            )
        self.extra_metadata |= {
            "pandas_version": pandas.__version__,
            "to_args": self.to_args,
            "read_args": self.read_args,
            "format": self.format,
        }
        path = self.get_path()
        if self.format == "pickle" and not self.to_args:
            with self.new_file(path) as file:
                pickle.dump(obj, file, protocol=5)  # what pandas does
        else:
            getattr(obj, f"to_{self._method()}")(path, **self.to_args)
        return path

    def load(self) -> Any:
        """Return the frame."""
        import pandas

        stored = self.extra_metadata.get("pandas_version")
        if stored is not None and stored != pandas.__version__:
            _log.warning(
                "%r was stored with pandas %s and is loaded with %s.",
                self.name,
                stored,
                pandas.__version__,
            )
        return getattr(pandas, f"read_{self._method()}")(self.get_path(), **self.read_args)

    def _method(self) -> str:
        return _METHODS.get(self.format, self.format)


class PandasCsvCacher(PandasCacher):
    """Stores a data frame as CSV."""

    def __init__(
        self,
        path_override: str | None = None,
        to_csv_args: Mapping[str, Any] | None = None,
        read_csv_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(path_override, "csv", to_csv_args, read_csv_args, **kwargs)


class PandasJsonCacher(PandasCacher):
    """Stores a data frame as JSON: a list of rows or columns as pandas writes it."""

    def __init__(
        self,
        path_override: str | None = None,
        to_json_args: Mapping[str, Any] | None = None,
        read_json_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(path_override, "json", to_json_args, read_json_args, **kwargs)


PandasCSVCacher = PandasCsvCacher
PandasJSONCacher = PandasJsonCacher
