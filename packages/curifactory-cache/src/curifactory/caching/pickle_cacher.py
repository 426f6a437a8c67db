"""Artifacts as pickles."""

import pickle
from typing import Any

from curifactory.caching.cacheable import Cacheable


class PickleCacher(Cacheable):
    """Stores any object that can be pickled; ``pickle.load`` reads the file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".pkl", **kwargs})

    def save(self, obj: Any) -> str:
        """Write ``obj`` with pickle protocol 5 and return the path."""
        path = self.get_path()
        with self.new_file(path) as file:
            pickle.dump(obj, file, protocol=5)
        return path

    def load(self) -> Any:
        """Return the object; loading a pickle runs code that it names."""
        with open(self.get_path(), "rb") as file:
            return pickle.load(file)
