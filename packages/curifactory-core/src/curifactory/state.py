"""A record's state: the artifacts by name, loading what waits outside memory."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curifactory.outputs import Deferred, Lazy

if TYPE_CHECKING:
    from curifactory.artifact import Artifact


class State(dict[str, Any]):
    """The values of one record by name.

    ``state[name]`` and ``state.get(name)`` load values that wait in the cache. ``values()``,
    ``items()`` and ``pop()`` hand out what is there, such as a :class:`~curifactory.Lazy`.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        super().__init__(values or {})
        self.resolve = True
        """With ``False``, reading gives the :class:`~curifactory.Lazy` and loads nothing."""
        self.artifacts: dict[str, Artifact] = {}
        """Which artifact each value is; values the user put here have none."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if type(value) is Lazy:
            return value.load() if self.resolve and value.resolve else value
        if type(value) is Deferred:
            value = value.artifact.fetch()
            super().__setitem__(name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of ``name`` as ``state[name]`` does; ``default`` if there is none."""
        return self[name] if name in self else default  # noqa: SIM401 - this is that method

    def __setitem__(self, name: str, value: Any) -> None:
        self.artifacts.pop(name, None)
        super().__setitem__(name, value)

    def put(self, name: str, value: Any, artifact: "Artifact") -> None:
        """Set the value of ``name`` and the artifact that it is."""
        super().__setitem__(name, value)
        self.artifacts[name] = artifact

    def held(self, name: str) -> Any:
        """Return what is in memory under ``name``, loading nothing."""
        return super().__getitem__(name)

    def keep(self, name: str, value: Any) -> None:
        """Set the value of ``name`` and leave open, or as it is, which artifact that is."""
        super().__setitem__(name, value)

    def held_items(self) -> Iterator[tuple[str, Any]]:
        """Yield every name with what is in memory under it, loading nothing."""
        return iter(super().items())
