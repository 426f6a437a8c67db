"""What a stage declares about its outputs, and how their values wait outside memory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curifactory.artifact import Artifact
    from curifactory.protocols import Cacher


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One declared output of a stage."""

    name: str
    lazy: bool = False
    """Keep the value out of memory: store it at once, load it at each use."""
    resolve: bool = True
    """Hand consumers the value; ``False`` hands them the :class:`Lazy` itself."""


class Lazy:
    """An output that stays out of memory: stored at once, loaded each time it is used.

    Wrap it around an output's name in a stage's ``outputs``. Each record gets a lazy value of its
    own; the one in the decorator only declares.

    Parameters
    ----------
    name
        Name of the output.
    resolve
        With ``False``, state access and stage inputs give the ``Lazy`` itself, whose ``cacher``
        knows the artifact's path.

    """

    __slots__ = ("artifact", "name", "resolve")

    def __init__(self, name: str, resolve: bool = True) -> None:
        self.name = name
        self.resolve = resolve
        self.artifact: Artifact | None = None
        """Where the value lives; ``None`` for the declaration in a decorator."""

    @property
    def cacher(self) -> "Cacher | None":
        """The cacher that stored the value; ``None`` for a declaration."""
        return None if self.artifact is None else self.artifact.cacher

    def load(self) -> Any:
        """Return the value, read from the cache.

        Raises
        ------
        RuntimeError
            If this is only the declaration in a decorator.

        """
        if self.artifact is None:
            raise RuntimeError(
                f"Lazy({self.name!r}) only declares an output; no record has a value for it."
            )
        return self.artifact.fetch()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Lazy({self.name!r})" if self.resolve else f"Lazy({self.name!r}, resolve=False)"


class Deferred:
    """Stands in a record's state for a value that nobody has asked for yet.

    Reading it through the state loads it from the cache, or computes it where the cache has none,
    and keeps it. While mapping there is no value: reading ends the mapping.
    """

    __slots__ = ("artifact",)

    def __init__(self, artifact: "Artifact") -> None:
        self.artifact = artifact

    def __repr__(self) -> str:
        return f"<{self.artifact.name!r}, not loaded>"
