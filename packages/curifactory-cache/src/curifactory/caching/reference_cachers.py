"""Artifacts that lie elsewhere: paths instead of contents."""

import json
import os
from collections.abc import Iterator
from typing import Any

from curifactory.caching.cacheable import Cacheable


class FileReferenceCacher(Cacheable):
    """Stores paths, in a string, list, tuple or dictionary, as JSON.

    The artifact is there only while every file it refers to is.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".json", **kwargs})

    def save(self, obj: Any) -> str:
        """Write the paths and return the path of the file that holds them."""
        path = self.get_path()
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(obj, indent=4, default=os.fspath))
        return path

    def load(self) -> Any:
        """Return the paths."""
        with open(self.get_path(), encoding="utf-8") as file:
            return json.load(file)

    def check(self) -> bool:
        """Tell whether the artifact and every file it refers to are there."""
        if not super().check():
            return False
        try:
            return all(map(os.path.exists, self.referenced_paths()))
        except ValueError:  # neither JSON nor text: it cannot be used
            return False

    def referenced_paths(self) -> list[str]:
        """Return every path that the artifact holds."""
        return list(_strings(self.load()))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


class PathRef(Cacheable):
    """An artifact that the stage writes itself, to ``record.stage_cachers[i].get_path()``.

    The stage returns that very path. It is there when the path is, unless the stage that was to
    write it did not come to its end.
    """

    in_place = True

    def save(self, obj: Any) -> str:
        """Make sure that the stage returned this artifact's path.

        Raises
        ------
        AssertionError
            If it returned anything else.

        """
        path = self.get_path()
        if os.fspath(obj) != path:
            raise AssertionError(
                f"stage {self.stage!r} must return the path of output {self.name!r}, {path!r}, as "
                f"record.stage_cachers gives it; it returned {obj!r}."
            )
        return path

    def load(self) -> str:
        """Return the path."""
        return self.get_path()
