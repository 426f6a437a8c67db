"""Tables as Parquet files, from pandas, polars or pyarrow."""

from typing import Any

from curifactory.caching.cacheable import Cacheable


class ParquetCacher(Cacheable):
    """Stores a pandas or polars frame, or a pyarrow table; it comes back as what it was."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".parquet", **kwargs})

    def save(self, obj: Any) -> str:
        """Write the table and return the path.

        Raises
        ------
        TypeError
            If ``obj`` is no table of these libraries.

        """
        path = self.get_path()
        library = type(obj).__module__.partition(".")[0]
        if library == "pandas":
            obj.to_parquet(path)
        elif library == "polars":
            obj.write_parquet(path)
        elif library == "pyarrow":
            from pyarrow import parquet

            parquet.write_table(obj, path)
        else:
            raise TypeError(
                f"ParquetCacher stores pandas and polars frames and pyarrow tables, not "
                f"{type(obj).__module__}.{type(obj).__qualname__}"
            )
        self.extra_metadata["library"] = library
        return path

    def load(self) -> Any:
        """Return the table as the library gives it that it came from, or pandas."""
        path = self.get_path()
        library = self.extra_metadata.get("library", "pandas")
        if library == "polars":
            import polars

            return polars.read_parquet(path)
        if library == "pyarrow":
            from pyarrow import parquet

            return parquet.read_table(path)
        import pandas

        return pandas.read_parquet(path)
