"""Finding what calls have stored, one after another, without making a cacher for each."""

import os
from typing import TYPE_CHECKING

from curifactory.artifact import Lookup
from curifactory.caching.locating import file_ending
from curifactory.caching.metadata_index import index_of
from curifactory.caching.verifying import markers_folder
from curifactory.causes import Cause, CauseKind
from curifactory.lineage import lineage
from curifactory.paths import artifact_file_name

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.caching.metadata_index import Known
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
        manager = None if cacher.record is None else cacher.record.manager
        if manager is None or cacher.name is None:
            raise RuntimeError("nothing can be found with a cacher that serves no stage")
        self._cacher = cacher
        self._name = cacher.name
        self._identity = cacher.stage, cacher.name
        self._prefix = manager.file_prefix(cacher.prefix)
        self._file = file_ending(cacher, cacher.main_suffix)
        self._folder = manager.cache_folder(cacher.subdir)
        mapping = manager.mapping
        self._names = None if mapping is None else mapping.listing.names(self._folder)
        """Those of the files there, where nobody writes meanwhile; ``None`` in a live session."""
        self._index = index_of(manager)
        self._missing = Lookup(False, (Cause(CauseKind.MISSING, cacher._label()),))
        self._markers = markers_folder(cacher._marker_root())
        self._is_elsewhere = cacher.path_override is not None

    def find(self, call: "StageCall") -> Lookup | None:
        """Return what is there of ``call``; ``None`` if that cannot be told without its cacher."""
        if self._is_elsewhere:
            path = self._cacher.bound_to(call, self._name).main_path()
        else:
            stage = call.file_stage
            name = artifact_file_name(self._prefix, call.hash, stage, self._file)
            path = f"{self._folder}/{name}"
            if self._names is not None and name not in self._names:
                return self._missing
        known = self._index.find(path)
        if (known is None or not known.files) and not self._cacher._exists(path):
            return self._missing
        if known is None or known.content is None or not self._is_complete(known):
            return None
        if self._is_elsewhere:
            return Lookup(True, (), known.facts, None, known.content, known.path)
        if known.lineage != lineage(call) or (known.stage, known.name) != self._identity:
            return None
        return Lookup(True, (), known.facts, known.execution, known.content, known.path)

    def _is_complete(self, known: "Known") -> bool:
        """Tell whether what is ``known`` is surely all there, whoever writes just now."""
        if self._names is not None:
            return True
        return bool(known.files) and not os.path.isdir(self._markers)
