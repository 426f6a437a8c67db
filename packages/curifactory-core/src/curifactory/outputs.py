"""What a stage declares about its outputs, and how their values wait outside memory."""

from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from curifactory.exceptions import ReadWhileMappingError

if TYPE_CHECKING:
    from curifactory.artifact import Artifact
    from curifactory.protocols import Cacher


class OutputSpec(NamedTuple):
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

    def __deepcopy__(self, memo: object) -> "Lazy":
        return self  # what it stands for lies in the cache

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Lazy({self.name!r})" if self.resolve else f"Lazy({self.name!r}, resolve=False)"


def waiting(artifact: "Artifact") -> "Lazy | Deferred":
    """Return what stands in a record's state for a value that is not in memory."""
    if not artifact.declared.lazy:
        return Deferred(artifact)
    lazy = Lazy(artifact.name, artifact.declared.resolve)
    lazy.artifact = artifact
    return lazy


class Unread:
    """What ``run()`` gets for a result while mapping: it may be passed on, but not looked at.

    Any use of it ends the mapping.
    """

    __slots__ = ("_artifact",)
    _artifact: "Artifact"

    def __init__(self, artifact: "Artifact") -> None:
        object.__setattr__(self, "_artifact", artifact)

    def read(self, *_arguments: object) -> NoReturn:
        """End the mapping.

        Raises
        ------
        ReadWhileMappingError
            Always.

        """
        raise ReadWhileMappingError(
            f"run() reads {self._artifact.name!r} between stages, but a map has no values."
        )

    __getattr__ = __setattr__ = __getitem__ = __setitem__ = __contains__ = __call__ = read
    __iter__ = __len__ = __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = read
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = read
    __truediv__ = __rtruediv__ = __floordiv__ = __mod__ = __pow__ = __neg__ = __abs__ = read
    __int__ = __float__ = __index__ = __round__ = __str__ = __repr__ = __format__ = read
    __enter__ = __hash__ = __reduce_ex__ = __fspath__ = read


class Deferred:
    """Stands in a record's state for a value that nobody has asked for yet.

    Reading it through the state loads it from the cache, or computes it where the cache has none,
    and keeps it. While mapping there is no value: reading ends the mapping.
    """

    __slots__ = ("artifact", "copied")

    def __init__(self, artifact: "Artifact", *, copied: bool = False) -> None:
        self.artifact = artifact
        self.copied = copied
        """Whether this is in the state of a copied record, which has values of its own."""

    def load(self) -> Any:
        """Return the value; for a copied record one that no other record shares."""
        value = self.artifact.fetch()
        shared = self.copied and self.artifact.in_memory() is value
        return deepcopy(value) if shared else value

    def __repr__(self) -> str:
        return f"<{self.artifact.name!r}, not loaded>"
