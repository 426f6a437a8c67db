"""Artifacts that lie elsewhere: paths instead of contents."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from curifactory.artifact import Lookup
from curifactory.caching.cacheable import Cacheable

_REFERENCED = "referenced"


class FileReferenceCacher(Cacheable):
    """Stores paths, in a string, list, tuple or dictionary, as JSON.

    The artifact is there only while every file it refers to is.
    """

    RELATIVE: ClassVar = "relative_to_artifact"
    """Key in ``extra_metadata`` that says that the paths are relative to the artifact's folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"extension": ".json", **kwargs})

    def save(self, obj: Any) -> str:
        """Write the paths and return the path of the file that holds them."""
        path = self.get_path()
        text = json.dumps(obj, indent=4, default=os.fspath)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.extra_metadata[_REFERENCED] = list(map(_state, _strings(json.loads(text))))
        return path

    def load(self) -> Any:
        """Return the paths."""
        path = self.get_path()
        with open(path, encoding="utf-8") as file:
            stored = json.load(file)
        if self.call is None:
            self.load_metadata()
        if not self.extra_metadata.get(self.RELATIVE):
            return stored
        folder = os.path.dirname(path)
        return _mapped(stored, lambda name: os.path.join(folder, name))

    def check(self) -> bool:
        """Tell whether the artifact and every file it refers to are there."""
        if not super().check():
            return False
        try:
            return all(map(os.path.exists, self.referenced_paths()))
        except ValueError:  # neither JSON nor text: it cannot be used
            return False

    def look_up(self) -> Lookup:
        """Tell what the cache has; the content is that of the files as they are now.

        What was computed from a file that somebody has changed since is stale.
        """
        found = super().look_up()
        extra = (found.metadata or {}).get("extra") or {}
        if not found.hit or _REFERENCED not in extra or extra.get(self.RELATIVE):
            return found
        now = list(map(_state, self.referenced_paths()))
        metadata = {**(found.metadata or {}), "extra": {**extra, _REFERENCED: now}}
        return found._replace(metadata=metadata)

    def referenced_paths(self) -> list[str]:
        """Return every path that the artifact holds."""
        return list(_strings(self.load()))

    def write_references(self, path: str, places: Mapping[str, str]) -> None:
        """Write the artifact to ``path``, with other paths in place of those it holds."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(_mapped(self.load(), places.__getitem__), indent=4))


def _state(path: str) -> str:
    """Return what tells, without reading it, whether a file is another one than it was."""
    try:
        status = os.stat(path)
    except OSError:
        return "missing"
    return f"{status.st_size} bytes of {status.st_mtime_ns}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return ``value`` with every text in it changed, but no key."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return value


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
