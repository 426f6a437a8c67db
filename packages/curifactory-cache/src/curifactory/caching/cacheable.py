"""The base class of cachers: whether an artifact is there, how it gets there and out again.

What stores and what loads is imported when it is first used: runs in which all is there do neither.
"""

import copy
import functools
import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self

from curifactory.artifact import Lookup
from curifactory.caching.finding import Finder
from curifactory.caching.locating import METADATA, locate
from curifactory.caching.looking_up import look_up
from curifactory.caching.metadata_index import FileState, index_of, state_of
from curifactory.caching.verifying import (
    any_marked,
    check_metadata,
    is_marked,
    mark,
    markers_folder,
    unmark,
)
from curifactory.causes import Cause, CauseKind
from curifactory.exceptions import CacheError
from curifactory.paths import read_file, write_atomically

if TYPE_CHECKING:
    from curifactory.caching.digesting import DigestingFile
    from curifactory.caching.publishing import StagedFiles
    from curifactory.caching.saving import PendingArtifact
    from curifactory.calls import StageCall
    from curifactory.record import Record


class Cacheable:
    """Stores one artifact and loads it again; subclasses implement :meth:`save` and :meth:`load`.

    ``save`` writes to the paths that :meth:`get_path` and :meth:`get_dir` return. While it runs
    these lie in a private folder; when it is done, everything is renamed into place at once, so
    that an interrupted save is never taken for an artifact.

    Parameters
    ----------
    path_override
        Exact path to use, also accepted as ``overwrite_path``. May hold ``{hash}``, ``{stage}``,
        ``{name}``, ``{experiment}``, ``{cache}``, ``{artifact_filename}`` and ``{params.X}``.
    name
        Name of the artifact; a stage puts the output's name here.
    subdir
        Folder below the cache.
    prefix
        Used in file names in place of the experiment's name, to share artifacts among experiments.
    extension
        Ending of the file's name, with its dot.
    record
        The record the artifact belongs to; for use outside of a stage's decorator.
    track
        Copy the artifact to full stores.

    """

    in_place: ClassVar[bool] = False
    """Whether the artifact's own path is needed while it is written, as by an outside program.

    It is then guarded by a marker, from before its stage runs until it is complete.
    """
    main_suffix: ClassVar[str | None] = None
    """Suffix of the file whose presence means that the artifact is there; of none by default."""
    stage: str | None = None
    call: "StageCall | None" = None
    """The stage's call that this cacher serves; ``None`` for one used inline."""
    _is_plain: ClassVar[bool] = True
    _metadata: dict[str, Any] | None = None
    _metadata_wanted = _owes_metadata = False
    _preview = ""
    _root: str | None = None
    _last_read: "tuple[FileState, dict[str, Any]] | None" = None
    _staged: "StagedFiles | None" = None

    def __init__(
        self,
        path_override: str | None = None,
        name: str | None = None,
        subdir: str | None = None,
        prefix: str | None = None,
        extension: str | None = None,
        record: "Record | None" = None,
        track: bool = True,
        overwrite_path: str | None = None,
    ) -> None:
        self.path_override = path_override or overwrite_path
        self.name = name
        self.subdir = subdir
        self.prefix = prefix
        self.extension = extension or ""
        self.record = record
        self.track = track
        self.cache_paths: list[str] = []
        """Every path handed out so far."""
        self.extra_metadata: dict[str, Any] = {}
        """Stored with the metadata, and there again when :meth:`load` is called by a stage."""
        self._located: dict[tuple[str | None, ...], str] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._is_plain = _copies_plainly(cls)
        if "save" in cls.__dict__:
            cls.save = _publishing(cls.__dict__["save"])  # type: ignore[method-assign, assignment]

    # -- what subclasses implement -------------------------------------------------------------

    def save(self, obj: Any) -> Any:
        """Write ``obj`` to the paths that :meth:`get_path` returns."""
        raise NotImplementedError(f"{type(self).__name__} does not implement save(obj)")

    def load(self) -> Any:
        """Return what was saved."""
        raise NotImplementedError(f"{type(self).__name__} does not implement load()")

    # -- where ---------------------------------------------------------------------------------

    def bound_to(self, call: "StageCall", name: str) -> Self:
        """Return a copy for the output ``name`` of a stage's call.

        An aggregate keeps a name given in the decorator.
        """
        bound = self._copied()
        facts = vars(bound)
        for key, value in facts.items():
            kind = type(value)
            if kind is dict or kind is list or kind is set:
                facts[key] = copy.deepcopy(value) if value else kind()
        bound.record, bound.stage, bound.call = call.record, call.name, call
        if not (call.is_aggregate and self.name):
            bound.name = name
        return bound

    def _copied(self) -> Self:
        """Return a shallow copy, faster than ``copy.copy`` where a class leaves copying alone."""
        kind = type(self)
        if not self._is_plain:
            return copy.copy(self)
        bound = kind.__new__(kind)
        vars(bound).update(vars(self))
        return bound

    def relocated(self, artifacts: str) -> Self:
        """Return a copy that stores into the folder ``artifacts`` of a full store."""
        moved = copy.copy(self)
        moved._root, moved._located, moved.cache_paths = artifacts, {}, []
        return moved

    def get_path(self, suffix: str | None = None) -> str:
        """Return the path of the artifact, or of a further file of it.

        Parameters
        ----------
        suffix
            Put in place of the extension, as ``_model`` for a second file. Use the path exactly as
            it is returned; for many files use :meth:`get_dir`.

        Raises
        ------
        RuntimeError
            Without a record and name, or a path override.

        """
        path = locate(self, suffix)
        if path not in self.cache_paths:
            self.cache_paths.append(path)
        if self._staged is None or self.in_place:
            self._guard()
            return path
        return self._staged.stage(path)

    def new_file(self, path: str) -> "DigestingFile":
        """Return a new binary file at a ``path`` that :meth:`get_path` returned, for ``with``.

        It can only be written from its beginning to its end, by ``write``. If it stays small its
        digest is computed meanwhile, and the file is not read again.
        """
        if self._staged is not None:
            return self._staged.new_file(path)
        from curifactory.caching.digesting import DigestingFile

        return DigestingFile(path)

    def get_dir(self, suffix: str | None = None) -> str:
        """Return the path of a folder for files of the artifact; it is made."""
        path = self.get_path(suffix)
        if self._staged is not None or self.record is None or self.record.manager.writes_cache:
            os.makedirs(path, exist_ok=True)
        return path

    def main_path(self) -> str:
        """Return the path whose presence means that the artifact is there."""
        return locate(self, self.main_suffix)

    # -- whether -------------------------------------------------------------------------------

    def check(self) -> bool:
        """Tell whether the artifact is there and may be used."""
        records = [] if self.record is None else [self.record, *self.record.input_records]
        overwritten = any(
            record.params is not None and record.params.overwrite for record in records
        )
        return not overwritten and look_up(self).hit

    def look_up(self) -> Lookup:
        """Tell whether a complete artifact is there, and what is wrong or worth knowing."""
        found = look_up(self)
        if found.hit and self._checks_itself() and not self.check():
            return Lookup(False, (Cause(CauseKind.MISSING, self._label()),), found.metadata)
        return found

    def digested_metadata(self) -> dict[str, Any] | None:
        """Return the stored metadata with the digests of all files; ``None`` if there is none.

        What this process computes just now is waited for; what a process that was killed did not
        come to compute is computed and recorded.
        """
        from curifactory.caching.pending_digests import complete_metadata, wait_for_digests

        path = locate(self, METADATA)
        wait_for_digests(path)
        manager = None if self.record is None else self.record.manager
        records = manager is not None and not (manager.dry or manager.dry_cache)
        try:
            return complete_metadata(path, self._exclusive if records else None)
        except (OSError, ValueError):  # being replaced, which is noticed when it is loaded
            return None

    def _exclusive(self) -> AbstractContextManager[None]:
        """Keep others from publishing at this place."""
        from curifactory.caching.staging_folders import nobody_publishes

        manager = None if self.record is None else self.record.manager
        folder = self._metadata_folder() or "."
        return nobody_publishes(folder, None if manager is None else manager.manager_cache_path)

    def finder(self, call: "StageCall", output: str) -> "Finder | None":
        """Return what finds what calls such as ``call`` have stored.

        ``None`` for a class that looks in its own way, and for a map where something is being
        written in place.
        """
        if not self.looks_as_all():
            return None
        bound, mapping = self.bound_to(call, output), call.record.manager.mapping
        return Finder(bound) if mapping is None or not any_marked(bound._marker_root()) else None

    def looks_as_all(self) -> bool:
        """Tell whether its class tells as all do what is stored, and where."""
        kind = type(self)
        if kind.bound_to is not Cacheable.bound_to or kind.main_path is not Cacheable.main_path:
            return False
        return kind.look_up is Cacheable.look_up and not self._checks_itself()

    def _checks_itself(self) -> bool:
        return type(self).check is not Cacheable.check

    def _exists(self, path: str) -> bool:
        mapping = None if self.record is None else self.record.manager.mapping
        return os.path.exists(path) if mapping is None else mapping.listing.exists(path)

    def _may_exist(self, path: str) -> bool:
        """Return ``False`` if it is known without asking that there is no such file."""
        mapping = None if self.record is None else self.record.manager.mapping
        return mapping is None or mapping.listing.exists(path)

    def _label(self) -> str:
        return f"output {self.name!r}"

    # -- in ------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Take note that the stage is about to run, which may write to the path itself."""
        if self.in_place:
            mark(self._marker_root(), self.main_path())

    def _guard(self) -> None:
        """Mark the artifact as incomplete while its stage runs and may write to its path."""
        call = self.call
        if call is None or self._staged is not None or call.record.manager.active_call is not call:
            return
        if call.record.manager.writes_cache:
            os.makedirs(os.path.dirname(self.main_path()) or ".", exist_ok=True)
            mark(self._marker_root(), self.main_path())

    def is_guarded(self) -> bool:
        """Tell whether the stage that is running has been given the path to write to."""
        root = self._marker_root()
        return self._exists(markers_folder(root)) and is_marked(root, self.main_path())

    def _marker_root(self) -> str:
        return "." if self.record is None else self.record.manager.manager_cache_path

    def write(self, value: Any) -> "PendingArtifact":
        """Write ``value`` and its metadata aside, to be published with the call's other outputs.

        Raises
        ------
        CacheError
            If it cannot be stored; names stage, output, path and what to do.

        """
        from curifactory.caching.saving import PendingArtifact, not_stored, stage_artifact

        self._last_read = None
        try:
            return PendingArtifact(
                self, *stage_artifact(self, type(self).save, value, metadata=True)
            )
        except OSError as error:
            raise not_stored(self, error) from error
        except CacheError:  # says what is wrong already
            raise
        except Exception as error:
            raise CacheError(
                f"{self._label()} of stage {self.stage!r}, a {type(value).__qualname__}, cannot be "
                f"stored by {type(self).__name__}: {type(error).__name__}: {error}. Choose another "
                "cacher for it."
            ) from error

    def published(self) -> None:
        """Take note that everything is in its place."""
        if self.call is not None:
            unmark(self._marker_root(), self.main_path())

    # -- out -----------------------------------------------------------------------------------

    def fetch(self) -> Any:
        """Return the stored value, after making sure that it is the one that was stored.

        Raises
        ------
        UnreadableArtifactError
            If it is damaged or cannot be loaded. A damaged file's name ends in ``.corrupt`` then.

        """
        from curifactory.caching.loading import fetch

        return fetch(self)

    # -- metadata ------------------------------------------------------------------------------

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What is recorded of the artifact, once it was stored, looked up or loaded."""
        if self._owes_metadata:
            self._owes_metadata = False
            found = self._read_metadata()
            self._metadata = None if found is None else found[1]
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any] | None) -> None:
        self._metadata, self._owes_metadata = metadata, False

    def owe_metadata(self) -> None:
        """Take note that nothing extra is stored; the metadata is read if it is asked for."""
        self.extra_metadata, self._owes_metadata = {}, True

    def collect_metadata(self) -> dict[str, Any]:
        """Return the facts about the artifact, its record and the run, and keep them."""
        metadata: dict[str, Any] = {"extra": dict(self.extra_metadata)}
        if self.record is not None:
            from curifactory.caching.metadata import describe_artifact

            metadata = {**describe_artifact(self, self.record), **metadata}
        self.metadata = metadata
        return metadata

    def save_metadata(self) -> None:
        """Write the metadata beside the artifact; while saving, after the artifact."""
        if self._staged is not None:
            self._metadata_wanted = True
            return
        from curifactory.caching.publishing import StagedFiles

        staged = StagedFiles(os.path.dirname(self.main_path()) or ".")
        path = locate(self, METADATA)
        there = {each: os.stat(each) for each in self.cache_paths if os.path.exists(each)}
        staged.add_metadata(path, self.collect_metadata(), there, there)
        staged.commit(path, self.published)

    def load_metadata(self) -> dict[str, Any] | None:
        """Return the stored metadata, ``None`` if there is none; restores ``extra_metadata``.

        Digests that this session computes just now are waited for.

        Raises
        ------
        ValueError
            If it is not what is written there.

        """
        from curifactory.caching.pending_digests import wait_for_digests

        wait_for_digests(locate(self, METADATA))
        found = self._read_metadata()
        return None if found is None else self._take_metadata(found[1])

    def _take_metadata(self, metadata: dict[str, Any]) -> dict[str, Any]:
        self.metadata = metadata
        self.extra_metadata = dict(metadata.get("extra") or {})
        return metadata

    def _read_metadata(self) -> tuple[FileState, dict[str, Any]] | None:
        path = locate(self, METADATA)
        if not self._may_exist(path):
            return None
        try:
            text, status = read_file(path)
        except FileNotFoundError:
            return None
        except PermissionError as error:  # as good as not what is written there
            raise ValueError(f"it cannot be read: {error.strerror}") from error
        self._last_read = FileState.of(status), check_metadata(json.loads(text.decode()))
        return self._last_read

    def _recall_metadata(self) -> dict[str, Any] | None:
        """Return the metadata, read as seldom as may be: what is read is noted in an index of all.

        What this cacher read last will do, if that is what is still there.
        """
        path = locate(self, METADATA)
        if self._last_read is not None and self._last_read[0] == state_of(path):
            return self._take_metadata(self._last_read[1])
        found = self._read_metadata()
        if found is None:
            return None
        if self.record is not None and self.call is not None and self._root is None:
            index_of(self.record.manager).note(self.main_path(), path, *found)
        return self._take_metadata(found[1])

    def amend_metadata(self, facts: Mapping[str, Any]) -> None:
        """Replace ``facts`` in the stored metadata, as far as that may be written."""
        metadata = self.load_metadata()
        if metadata is not None:
            with suppress(OSError), self._exclusive():  # one that is only read stays as it is
                text = json.dumps({**metadata, **facts}, default=str)
                write_atomically(locate(self, METADATA), text.encode())

    def _metadata_folder(self) -> str:
        return os.path.dirname(locate(self, METADATA))


def _publishing(save: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return ``save`` so that, called by anybody, it publishes what it wrote when it is done."""

    @functools.wraps(save)
    def publishing_save(self: Cacheable, obj: Any) -> Any:
        if self._staged is not None:
            return save(self, obj)
        from curifactory.caching.saving import publish

        return publish(self, save, obj)

    return publishing_save


def _copies_plainly(kind: type) -> bool:
    """Tell whether objects of the class are nothing but their attributes."""
    special = ("__copy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__new__")
    return not any(
        name in vars(each)
        for each in kind.__mro__[:-1]
        for name in (*special, "__getnewargs__", "__getnewargs_ex__", "__slots__")
    )
