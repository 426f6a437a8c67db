"""Which artifacts leave a cache that has become too large or too old."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from curifactory.upkeep import CachedArtifact, Eviction

_EVICTABLE = frozenset({"complete", "damaged", "set aside"})


@dataclass(frozen=True)
class _Unit:
    """The artifacts of one execution of a stage: without one of them it would run again."""

    artifacts: tuple[CachedArtifact, ...]
    last_used: float

    @property
    def size(self) -> int:
        return sum(artifact.size for artifact in self.artifacts)

    @property
    def worth(self) -> float:
        """Seconds saved per byte; what is of no use is worth least, the unknown most."""
        if all(artifact.state != "complete" for artifact in self.artifacts):
            return -1.0
        seconds = [each.seconds for each in self.artifacts if each.seconds is not None]
        return max(seconds) / max(self.size, 1) if seconds else math.inf


def plan_eviction(
    artifacts: Iterable[CachedArtifact],
    needed: Mapping[str, str],
    last_used: Mapping[str, float],
    *,
    max_size: int | None,
    max_age: float | None,
    now: Callable[[], float] = time.time,
) -> Eviction:
    """Return what to remove, so that at most ``max_size`` bytes stay and nothing older.

    Parameters
    ----------
    artifacts
        Everything in the cache. What has no metadata is never evicted: nobody knows whether it
        can be computed again.
    needed
        Why artifacts must stay, by name.
    last_used
        When runs last used artifacts, by name, in seconds since 1970.
    max_size, max_age
        In bytes, and in seconds.
    now
        Tells the time.

    """
    everything = list(artifacts)
    units = _units(everything, last_used)
    total = sum(artifact.size for artifact in everything)
    oldest = -math.inf if max_age is None else now() - max_age
    kept: dict[str, str] = {}
    evicted: list[CachedArtifact] = []
    left = total
    for unit in sorted(units, key=lambda each: (each.worth, each.last_used)):
        too_old = unit.last_used < oldest
        too_much = max_size is not None and left > max_size
        if not (too_old or too_much):
            continue
        reasons = [needed[each.name] for each in unit.artifacts if each.name in needed]
        if reasons:
            kept |= {each.name: reasons[0] for each in unit.artifacts}
            continue
        evicted += unit.artifacts
        left -= unit.size
    return Eviction(evicted, kept, total, left)


def _units(artifacts: list[CachedArtifact], last_used: Mapping[str, float]) -> list[_Unit]:
    groups: dict[str, list[CachedArtifact]] = {}
    for artifact in artifacts:
        if artifact.state in _EVICTABLE:
            groups.setdefault(artifact.execution or artifact.name, []).append(artifact)
    return [
        _Unit(
            tuple(group),
            max(max(each.modified, last_used.get(each.name, 0.0)) for each in group),
        )
        for group in groups.values()
    ]
