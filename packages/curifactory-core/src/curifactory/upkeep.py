"""Looking after a cache: what the command line asks, and the cache part does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class CachedArtifact(NamedTuple):
    """One artifact in the cache, as its metadata and files tell."""

    name: str
    """Path relative to the cache, without the ending."""
    paths: tuple[str, ...]
    """Every file and folder of it, its metadata last."""
    state: str
    """``complete``; ``unverified`` without metadata; ``damaged``; ``set aside``."""
    size: int
    """Bytes of all of it."""
    modified: float
    """When it was put in place, in seconds since 1970."""
    stage: str | None = None
    output: str | None = None
    experiment: str | None = None
    run: str | None = None
    """Reference of the run that made it."""
    parameter_set: str | None = None
    hash: str | None = None
    execution: str | None = None
    """Token that all outputs of one execution share."""
    seconds: float | None = None
    """How long its stage took; ``None`` if that was not recorded."""
    problem: str | None = None
    """What is wrong with it."""

    def export(self) -> dict[str, Any]:
        """Return it as a dictionary for JSON."""
        return self._asdict()


class Eviction(NamedTuple):
    """What is to leave the cache, and what that gains."""

    evicted: Sequence[CachedArtifact]
    kept: Mapping[str, str]
    """Why an artifact that would have gone stays, by its name."""
    size_before: int
    size_after: int

    @property
    def seconds_lost(self) -> float:
        """What it would take to compute everything again."""
        stages = {(each.execution or each.name): each.seconds or 0.0 for each in self.evicted}
        return sum(stages.values())


class Upkeep(Protocol):
    """Looks after the cache of a project."""

    def artifacts(self) -> list[CachedArtifact]:
        """Return every artifact in the cache, by name."""

    def metadata(self, artifact: CachedArtifact) -> dict[str, Any] | None:
        """Return what is stored about ``artifact``."""

    def stale(self, artifacts: Iterable[CachedArtifact]) -> dict[str, list[str]]:
        """Return by name whether artifacts are stale: why; nothing if fresh; left out if unknown.

        The project's modules are imported for this.
        """

    def needed(self, artifacts: Iterable[CachedArtifact]) -> dict[str, str]:
        """Return by name why artifacts must stay: for a pin, a full store or a latest run."""

    def verify(self, artifact: CachedArtifact) -> str | None:
        """Return what is wrong with ``artifact``, reading every byte of it, or ``None``."""

    @staticmethod
    def read(path: str) -> dict[str, Any] | None:
        """Return the metadata at ``path``; ``None`` if there is none that can be used."""

    @staticmethod
    def digested(path: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return metadata at ``path`` with the digests of files that it lacks.

        Its run was killed before it had recorded them. They are computed as far as files are as
        described there; nothing is recorded.
        """

    def set_aside(self, artifact: CachedArtifact) -> None:
        """Rename ``artifact`` so that it is no longer used."""

    def plan_eviction(self, *, max_size: int | None, max_age: float | None) -> Eviction:
        """Return what to remove so that at most ``max_size`` bytes stay, none unused for longer.

        Parameters
        ----------
        max_size
            In bytes; what saves least time per byte goes first.
        max_age
            In seconds since an artifact was made or a run last used it.

        """

    def remove(self, artifacts: Iterable[CachedArtifact]) -> None:
        """Remove artifacts with all their files.

        Raises
        ------
        CacheError
            If one cannot be removed; what was removed before stays so.

        """

    def pins(self) -> list[str]:
        """Return the names and patterns of artifacts that are never evicted."""

    def set_pins(self, patterns: Iterable[str]) -> None:
        """Replace the names and patterns of artifacts that are never evicted."""
