"""Finding what calls have stored, one after another, without making a cacher for each."""

from typing import TYPE_CHECKING

from curifactory.artifact import Lookup
from curifactory.caching.locating import locate, with_extension
from curifactory.caching.metadata_index import index_of
from curifactory.causes import Cause, CauseKind
from curifactory.lineage import lineage

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.calls import StageCall


class Finder:
    """Finds one output of the calls of a stage, if it is not there, or is as it was stored.

    All else is left to the cachers, which tell what is wrong.

    Parameters
    ----------
    cacher
        The cacher of one of these calls.

    Raises
    ------
    RuntimeError
        If it is that of no call, or nothing is mapped.

    """

    def __init__(self, cacher: "Cacheable") -> None:
        manager = None if cacher.record is None else cacher.record.manager
        if manager is None or manager.mapping is None or cacher.name is None:
            raise RuntimeError("nothing can be found with a cacher of no stage, or without a map")
        self._cacher = cacher
        self._manager = manager
        self._name = cacher.name
        self._identity = cacher.stage, cacher.name
        self._file = with_extension(cacher, cacher.name)
        self._folder = manager.cache_folder(cacher.subdir)
        self._names = manager.mapping.listing.names(self._folder)
        self._index = index_of(manager)
        self._missing = Lookup(False, (Cause(CauseKind.MISSING, cacher._label()),))
        self._is_elsewhere = cacher.path_override is not None

    def find(self, call: "StageCall") -> Lookup | None:
        """Return what is there of ``call``; ``None`` if that cannot be told without its cacher."""
        if self._is_elsewhere:
            path = locate(self._cacher.bound_to(call, self._name), None)
            is_there = self._cacher._exists(path)
        else:
            stage = call._file_stage or call.file_stage
            name = self._manager.file_name(self._file, call.hash, self._cacher.prefix, stage)
            path = f"{self._folder}/{name}"
            is_there = name in self._names
        if not is_there:
            return self._missing
        known = self._index.find(path)
        if known is None or known.content is None:
            return None
        if self._is_elsewhere:
            return Lookup(True, (), known.facts, None, known.content, known.path)
        if known.lineage != lineage(call) or (known.stage, known.name) != self._identity:
            return None
        return Lookup(True, (), known.facts, known.execution, known.content, known.path)
