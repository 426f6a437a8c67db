"""The code that results were computed by, kept to show later what has changed in it."""

import json
import os
from collections.abc import Mapping

from curifactory.closure.parts import Closure, Part
from curifactory.paths import write_atomically


class CodeStore:
    """A folder with a file for each version of a stage's code, named by its fingerprint."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._kept: set[str] = set()

    def keep(self, closure: Closure) -> None:
        """Write the code of ``closure``, unless it is there."""
        if closure.fingerprint in self._kept:
            return
        path = self._path(closure.fingerprint)
        if not os.path.exists(path):
            os.makedirs(self._folder, exist_ok=True)
            parts = {name: [part.digest, part.text] for name, part in closure.parts.items()}
            write_atomically(path, json.dumps({"format": 1, "parts": parts}).encode())
        self._kept.add(closure.fingerprint)

    def load(self, fingerprint: str) -> Mapping[str, Part] | None:
        """Return the code with this fingerprint; ``None`` if it was not kept, or is damaged."""
        try:
            with open(self._path(fingerprint), "rb") as file:
                parts = json.loads(file.read())["parts"]
            return {name: Part(digest, text) for name, (digest, text) in parts.items()}
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _path(self, fingerprint: str) -> str:
        return os.path.join(self._folder, f"{os.path.basename(fingerprint)}.json")
