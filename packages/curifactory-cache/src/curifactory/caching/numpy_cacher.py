"""Arrays in numpy's own formats."""

from typing import Any, Literal

from curifactory.caching.cacheable import Cacheable
from curifactory.caching.digesting import LARGE


class NumpyCacher(Cacheable):
    """Stores an array as ``.npy``, or a dictionary of arrays as ``.npz``.

    Parameters
    ----------
    compressed
        Compress a dictionary of arrays.
    mmap_mode
        Load an array without reading it all: ``"r"`` gives one that reads the file when its
        elements are used and cannot be changed, ``"c"`` one whose changes stay in memory.

    """

    def __init__(
        self,
        *args: Any,
        compressed: bool = False,
        mmap_mode: Literal["r", "c"] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **{"extension": ".npy", **kwargs})
        self.compressed = compressed
        self.mmap_mode = mmap_mode

    def save(self, obj: Any) -> str:
        """Write the array or arrays and return the path; objects are refused."""
        import numpy

        path = self.get_path()
        if isinstance(obj, dict):
            self._save_all(path, obj)
        else:
            array = numpy.asanyarray(obj)
            large = array.nbytes >= LARGE  # which numpy writes faster to a file of Python's own
            with open(path, "wb") if large else self.new_file(path) as file:
                numpy.lib.format.write_array(file, array, allow_pickle=False)
        return path

    def _save_all(self, path: str, arrays: "dict[str, Any]") -> None:
        """Write an ``.npz``; unlike ``numpy.savez``, whatever the names, and without objects."""
        import zipfile  # as slow to import

        import numpy

        compression = zipfile.ZIP_DEFLATED if self.compressed else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    numpy.lib.format.write_array(
                        member, numpy.asanyarray(array), allow_pickle=False
                    )

    def load(self) -> Any:
        """Return the array, or the dictionary of arrays."""
        import numpy

        loaded = numpy.load(self.get_path(), mmap_mode=self.mmap_mode, allow_pickle=False)
        if isinstance(loaded, numpy.lib.npyio.NpzFile):
            with loaded:
                return dict(loaded)
        return loaded
