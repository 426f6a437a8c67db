"""Finding what calls have stored, one after another, without making a cacher for each."""

from typing import TYPE_CHECKING

from curifactory.caching.locating import locate, with_extension
from curifactory.caching.metadata_index import index_of
from curifactory.causes import Cause, CauseKind
from curifactory.lineage import lineage
from curifactory.protocols import Lookup

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
        If it is that of no call.

    """

    def __init__(self, cacher: "Cacheable") -> None:
        if cacher.record is None or cacher.name is None:
            raise RuntimeError("nothing can be found with a cacher that serves no stage")
        self._cacher = cacher
        self._manager = cacher.record.manager
        self._name = cacher.name
        self._identity = cacher.stage, cacher.name
        self._file = with_extension(cacher, cacher.name)
        self._folder = self._manager.cache_folder(cacher.subdir)
        self._index = index_of(self._manager)
        self._missing = Lookup(False, (Cause(CauseKind.MISSING, cacher._label()),))
        self._is_elsewhere = cacher.path_override is not None

    def find(self, call: "StageCall") -> Lookup | None:
        """Return what is there of ``call``; ``None`` if that cannot be told without its cacher."""
        path = self._path(call)
        if not self._cacher._exists(path):
            return self._missing
        known = self._index.find(path)
        if known is None or known.content is None:
            return None
        if self._is_elsewhere:
            return Lookup(True, (), known.facts, None, known.content, known.path)
        if known.lineage != lineage(call) or (known.stage, known.name) != self._identity:
            return None
        return Lookup(True, (), known.facts, known.execution, known.content, known.path)

    def _path(self, call: "StageCall") -> str:
        if self._is_elsewhere:
            return locate(self._cacher.bound_to(call, self._name), None)
        prefix = self._cacher.prefix
        name = self._manager.file_name(self._file, call.hash, prefix, call.file_stage)
        return f"{self._folder}/{name}"
