"""Artifacts as JSON files."""

import json
from typing import Any

from curifactory.caching.cacheable import Cacheable
from curifactory.paths import read_file


def _text_of(value: Any) -> str:
    """Return the text that stands for what JSON cannot hold.

    Raises
    ------
    TypeError
        For what yields values, whose text says nothing of them.

    """
    if hasattr(value, "__next__"):
        kind = type(value).__name__
        raise TypeError(f"a {kind} yields its values only once; return a list of them")
    return str(value)


_encode = json.JSONEncoder(indent=4, default=_text_of).encode


class JsonCacher(Cacheable):
    """Stores what JSON can hold, indented by four; other objects are stored as their ``str``.

    A tuple comes back as a list, and keys of dictionaries as strings.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".json", **kwargs})

    def save(self, obj: Any) -> str:
        """Write ``obj`` as JSON and return the path."""
        path = self.get_path()
        text = _encode(obj)
        with self.new_file(path) as file:
            file.write(text.encode())
        return path

    def load(self) -> Any:
        """Return what the file holds."""
        text, _ = read_file(self.get_path())
        return json.loads(text.decode())
