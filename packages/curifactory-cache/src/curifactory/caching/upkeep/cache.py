"""Everything about looking after the cache of a project, for the command line."""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from curifactory.caching.digesting import digest_file, undigested, with_digests
from curifactory.caching.pending_digests import complete_metadata
from curifactory.caching.staging_folders import nobody_publishes
from curifactory.caching.upkeep.evicting import plan_eviction
from curifactory.caching.upkeep.inventory import (
    CORRUPT,
    REMOVED,
    read_inventory,
    read_metadata,
)
from curifactory.caching.upkeep.needing import Needs
from curifactory.caching.verifying import find_damage
from curifactory.config import Configuration
from curifactory.exceptions import CacheError
from curifactory.upkeep import CachedArtifact, Eviction


class CacheUpkeep:
    """Looks after the cache of a project.

    Parameters
    ----------
    configuration
        The project's configuration; its ``cache_path`` need not exist.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._needs = Needs(configuration)

    def artifacts(self) -> list[CachedArtifact]:
        """Return every artifact in the cache, by name."""
        return read_inventory(os.path.normpath(self._configuration.cache_path))

    def metadata(self, artifact: CachedArtifact) -> dict[str, Any] | None:
        """Return what is stored about ``artifact``; ``None`` if nothing is."""
        return read_metadata(artifact.paths[-1])[0] if artifact.stage else None

    def stale(self, artifacts: Iterable[CachedArtifact]) -> dict[str, list[str]]:
        """Return by name why artifacts are stale: nothing if fresh, left out if unknown."""
        from curifactory.caching.upkeep.staleness import Staleness

        reasons = Staleness(self._configuration, self.artifacts()).reasons()
        names = {artifact.name for artifact in artifacts}
        return {name: found for name, found in reasons.items() if name in names}

    def needed(self, artifacts: Iterable[CachedArtifact]) -> dict[str, str]:
        """Return by name why artifacts must stay."""
        return self._needs.reasons(artifacts)

    def verify(self, artifact: CachedArtifact) -> str | None:
        """Return what is wrong with ``artifact``, reading every byte of it, or ``None``.

        Digests that its metadata has not, because its run was killed before, are recorded.
        """
        if artifact.state != "complete":
            return artifact.problem
        path = artifact.paths[-1]
        metadata, problem = read_metadata(path)
        damage = find_damage(metadata.get("files", {}), os.path.dirname(path), read_all=True)
        if problem is None and damage is None and undigested(metadata):
            with suppress(OSError, ValueError):  # removed just now
                complete_metadata(path, lambda: self._alone(artifact))
        return problem or damage

    @staticmethod
    def read(path: str) -> dict[str, Any] | None:
        """Return the metadata at ``path``; ``None`` if there is none that can be used."""
        metadata, problem = read_metadata(path)
        return metadata if problem is None else None

    @staticmethod
    def digested(path: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return metadata at ``path`` with the digests of files that it lacks.

        Its run was killed before it had recorded them. They are computed as far as files are as
        described there; nothing is recorded.
        """
        found = {}
        for name in undigested(metadata):
            with suppress(OSError, KeyError):  # gone, or not what is written there
                found[name] = digest_file(os.path.dirname(path), name, metadata)
        return with_digests(metadata, found) if found else metadata

    def set_aside(self, artifact: CachedArtifact) -> None:
        """Rename the files of ``artifact`` so that it is no longer used.

        Raises
        ------
        CacheError
            If that fails.

        """
        with self._alone(artifact):
            for path in artifact.paths:
                self._renamed(path, CORRUPT)

    def plan_eviction(self, *, max_size: int | None, max_age: float | None) -> Eviction:
        """Return what to remove so that at most ``max_size`` bytes stay, none unused for longer."""
        artifacts = self.artifacts()
        return plan_eviction(
            artifacts,
            self.needed(artifacts),
            self._needs.last_used(),
            max_size=max_size,
            max_age=max_age,
        )

    def remove(self, artifacts: Iterable[CachedArtifact]) -> None:
        """Remove artifacts with all their files, the metadata last.

        Raises
        ------
        CacheError
            If one cannot be removed; what was removed before stays so.

        """
        for artifact in artifacts:
            with self._alone(artifact):
                for path in artifact.paths:
                    self._remove(path)

    def _remove(self, path: str) -> None:
        """Remove a file or a folder; half a folder is never left under its name."""
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path if path.endswith(REMOVED) else self._renamed(path, REMOVED))
            elif os.path.lexists(path):
                os.unlink(path)
        except OSError as error:
            raise _not_changed(path, error) from error

    def _renamed(self, path: str, ending: str) -> str:
        target = f"{path}{ending}"
        try:
            if os.path.isdir(target):
                shutil.rmtree(target)
            os.replace(path, target)
        except FileNotFoundError:  # somebody else did
            return target
        except OSError as error:
            raise _not_changed(path, error) from error
        return target

    def _alone(self, artifact: CachedArtifact) -> Any:
        folder = os.path.dirname(artifact.paths[-1]) or "."
        return nobody_publishes(folder, self._configuration.manager_cache_path)

    def pins(self) -> list[str]:
        """Return the names and patterns of what is never evicted."""
        return self._needs.pins()

    def set_pins(self, patterns: Iterable[str]) -> None:
        """Replace the names and patterns of what is never evicted."""
        self._needs.set_pins(patterns)


def _not_changed(path: str, error: OSError) -> CacheError:
    return CacheError(
        f"{path!r} cannot be removed: {error.strerror or error}. Check the folder's permissions, "
        "then try again."
    )
