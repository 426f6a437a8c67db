"""Text and bytes as they are."""

from typing import Any

from curifactory.caching.cacheable import Cacheable


class TextCacher(Cacheable):
    """Stores a string as UTF-8, line endings unchanged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".txt", **kwargs})

    def save(self, obj: str) -> str:
        """Write the text and return the path."""
        path = self.get_path()
        with self.new_file(path) as file:
            file.write(obj.encode())
        return path

    def load(self) -> str:
        """Return the text."""
        with open(self.get_path(), encoding="utf-8", newline="") as file:
            return file.read()


class BytesCacher(Cacheable):
    """Stores bytes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".bin", **kwargs})

    def save(self, obj: bytes | bytearray | memoryview) -> str:
        """Write the bytes and return the path."""
        path = self.get_path()
        with self.new_file(path) as file:
            file.write(obj)
        return path

    def load(self) -> bytes:
        """Return the bytes."""
        with open(self.get_path(), "rb") as file:
            return file.read()
