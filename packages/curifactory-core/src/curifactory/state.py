"""A record's state: the artifacts by name, loading what waits outside memory."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from curifactory.outputs import Deferred, Lazy, Unread

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values

    from curifactory.artifact import Artifact

_MISSING = object()


class State(dict[str, Any]):
    """The values of one record by name.

    ``state[name]`` and ``state.get(name)`` load values that wait in the cache. ``values()``,
    ``items()`` and ``pop()`` give a :class:`~curifactory.Lazy` as it is.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        super().__init__(values or {})
        self.resolve = True
        """With ``False``, reading gives the :class:`~curifactory.Lazy` and loads nothing."""
        self.artifacts: dict[str, Artifact] = {}
        """Which artifact each value is; values the user put here have none."""

    # -- reading -------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        value = self._known(name)
        if type(value) is Lazy and self.resolve and value.resolve:
            return value.load()
        return value

    def _known(self, name: str) -> Any:
        """Return the value of ``name``, or its :class:`~curifactory.Lazy`."""
        value = super().__getitem__(name)
        if type(value) is Deferred:
            value = value.load()
            if type(value) is not Unread:
                super().__setitem__(name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of ``name`` as ``state[name]`` does; ``default`` if there is none."""
        return self[name] if name in self else default  # noqa: SIM401 - this is that method

    def values(self) -> "dict_values[str, Any]":
        """Return the values; lazy ones as they are."""
        return self._all().values()

    def items(self) -> "dict_items[str, Any]":
        """Return names and values; lazy ones as they are."""
        return self._all().items()

    def _all(self) -> dict[str, Any]:
        return {name: self._known(name) for name in self}

    def __iter__(self) -> Iterator[str]:
        # Only because it is here do dict(state) and **state read by name, not past this class.
        return super().__iter__()

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return self._all() | dict(other)

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return dict(other) | self._all()

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, State) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def waiting(self, artifact: "Artifact") -> Any:
        """Return the value of ``artifact``, or its :class:`~curifactory.Lazy` if that is here."""
        if self.artifacts.get(artifact.name) is artifact:
            return self._known(artifact.name)
        return artifact.fetch()

    def held(self, name: str) -> Any:
        """Return what is in memory under ``name``, loading nothing."""
        return dict.__getitem__(self, name)

    def held_items(self) -> ItemsView[str, Any]:
        """Return every name with what is in memory under it, loading nothing."""
        return super().items()

    # -- writing -------------------------------------------------------------------------------

    def put(self, name: str, value: Any, artifact: "Artifact | None") -> None:
        """Set the value of ``name`` and the artifact that it is."""
        dict.__setitem__(self, name, value)
        if artifact is None:
            self.artifacts.pop(name, None)
        else:
            self.artifacts[name] = artifact

    def keep(self, name: str, value: Any) -> None:
        """Set the value of ``name``, which stays the artifact that it is."""
        super().__setitem__(name, value)

    def __setitem__(self, name: str, value: Any) -> None:
        self.put(name, value, None)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.artifacts.pop(name, None)

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Remove ``name`` and return its value; a lazy one as it is."""
        if name not in self and default is not _MISSING:
            return default
        value = self._known(name)
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last name and return it with its value."""
        if not self:
            raise KeyError("popitem(): the state is empty")
        name = next(reversed(self))
        return name, self.pop(name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return the value of ``name``, which is set to ``default`` if there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **values: Any) -> None:
        """Set every value of a mapping, or of pairs, and of the keywords."""
        for name, value in dict(*others, **values).items():
            self[name] = value

    def __ior__(self, other: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self.artifacts.clear()

    def copy(self) -> dict[str, Any]:
        """Return a plain dictionary with the values; lazy ones as they are."""
        return self._all()
