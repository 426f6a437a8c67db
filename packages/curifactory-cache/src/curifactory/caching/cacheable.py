"""The base class of cachers: where an artifact lies, whether it is there, how it gets there."""

import copy
import functools
import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from curifactory.artifact import preview
from curifactory.caching.publishing import Publication, describe_files, find_damage
from curifactory.causes import Cause, CauseKind
from curifactory.exceptions import CacheError, UnreadableArtifactError
from curifactory.hashing import describe_parameters
from curifactory.paths import write_atomically
from curifactory.protocols import Lookup

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.record import Record

_METADATA = "_metadata.json"
_CORRUPT = ".corrupt"


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
        self.stage: str | None = None
        self.cache_paths: list[str] = []
        """Every path handed out so far."""
        self.metadata: dict[str, Any] | None = None
        self.extra_metadata: dict[str, Any] = {}
        """Stored with the metadata, and there again when :meth:`load` is called by a stage."""
        self._file_stage: str | None = None
        self._publication: Publication | None = None
        self._preview = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "save" in cls.__dict__:
            cls.save = _published(cls.__dict__["save"])  # type: ignore[method-assign, assignment]

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
        bound = copy.copy(self)
        for key, value in vars(self).items():
            if type(value) in (dict, list, set):
                setattr(bound, key, copy.deepcopy(value))
        bound.record, bound.stage = call.record, call.name
        if not (call.is_aggregate and self.name):
            bound.name = name
        bound._file_stage = call.name if call.occurrence == 1 else f"{call.name}-{call.occurrence}"
        return bound

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
        path = self._final_path(suffix)
        if path not in self.cache_paths:
            self.cache_paths.append(path)
        return path if self._publication is None else self._publication.stage(path)

    def get_dir(self, suffix: str | None = None) -> str:
        """Return the path of a folder for files of the artifact; it is made."""
        path = self.get_path(suffix)
        if self._publication is not None or self.record is None or self.record.manager.writes_cache:
            os.makedirs(path, exist_ok=True)
        return path

    def main_path(self) -> str:
        """Return the path whose presence means that the artifact is there."""
        return self._final_path(None)

    def _final_path(self, suffix: str | None) -> str:
        if self.path_override is not None:
            return self._overridden_path(suffix)
        if self.record is None or self.name is None:
            raise RuntimeError(
                f"{type(self).__name__} does not know its path: give it a path, as in "
                f"{type(self).__name__}('data/file'), or a record and a name."
            )
        ending = self.extension if suffix is None else suffix
        name = self.name if ending and self.name.endswith(ending) else f"{self.name}{ending}"
        return self.record.get_path(name, self.subdir, self.prefix, self._file_stage or self.stage)

    def _overridden_path(self, suffix: str | None) -> str:
        path = str(self.path_override)
        if self.record is not None and "{" in path:
            path = path.format(**self._template_values(self.record))
        if suffix is None:
            return path
        if self.extension:
            path = path.removesuffix(self.extension)
        return f"{path}{suffix}"

    def _template_values(self, record: "Record") -> dict[str, Any]:
        manager = record.manager
        return {
            "hash": record.get_hash(),
            "cache": manager.cache_path,
            "stage": self.stage,
            "name": self.name,
            "params": record.params,
            "experiment": manager.experiment_name,
            "artifact_filename": manager.get_artifact_filename(
                str(self.name), record, self.prefix, self._file_stage or self.stage
            ),
        }

    # -- whether -------------------------------------------------------------------------------

    def check(self) -> bool:
        """Tell whether the artifact is there and may be used."""
        records = [] if self.record is None else [self.record, *self.record.input_records]
        overwritten = any(
            record.params is not None and record.params.overwrite for record in records
        )
        return not overwritten and self._look_up().hit

    def look_up(self) -> Lookup:
        """Tell whether a complete artifact is there, and what is wrong or worth knowing."""
        found = self._look_up()
        if found.hit and type(self).check is not Cacheable.check and not self.check():
            return Lookup(False, (Cause(CauseKind.MISSING, self._label()),), found.metadata)
        return found

    def _look_up(self) -> Lookup:
        if not self._exists(self.main_path()):
            return Lookup(False, (Cause(CauseKind.MISSING, self._label()),))
        try:
            metadata = self.load_metadata()
        except ValueError as error:
            return self._damaged(f"its metadata cannot be read: {error}")
        if metadata is None:
            return Lookup(True, (Cause(CauseKind.UNVERIFIED, self._label()),))
        owner = (metadata.get("stage"), metadata.get("artifact_name"))
        if self.path_override is None and owner not in {(self.stage, self.name), (None, None)}:
            cause = Cause(
                CauseKind.FOREIGN, self._label(), f"output {owner[1]!r} of stage {owner[0]!r}"
            )
            return Lookup(False, (cause,), metadata)
        damage = find_damage(metadata.get("files", {}), self._metadata_folder())
        return Lookup(True, (), metadata) if damage is None else self._damaged(damage)

    def _exists(self, path: str) -> bool:
        mapping = None if self.record is None else self.record.manager.mapping
        return os.path.exists(path) if mapping is None else mapping.listing.exists(path)

    def _damaged(self, detail: str) -> Lookup:
        return Lookup(False, (Cause(CauseKind.DAMAGED, self._label(), detail),))

    def _label(self) -> str:
        return f"output {self.name!r}"

    # -- in and out ----------------------------------------------------------------------------

    def publish(self, value: Any) -> None:
        """Store ``value`` and its metadata so that they are there completely or not at all.

        Raises
        ------
        CacheError
            If it cannot be stored; names stage, output, path and what to do.

        """
        try:
            _publish(self, type(self).save, value, metadata_wanted=True)
        except OSError as error:
            raise CacheError(
                f"{self._label()} of stage {self.stage!r} cannot be stored at "
                f"{self.main_path()!r}: "
                f"{error.strerror or error}. Check the folder's permissions and the free space, "
                "then run again; what was complete is kept."
            ) from error
        except Exception as error:
            raise CacheError(
                f"{self._label()} of stage {self.stage!r}, a {type(value).__qualname__}, cannot be "
                f"stored by {type(self).__name__}: {type(error).__name__}: {error}. Choose another "
                "cacher for it."
            ) from error

    def fetch(self) -> Any:
        """Return the stored value, after making sure that it is the one that was stored.

        Raises
        ------
        UnreadableArtifactError
            If it is damaged or cannot be loaded; its files end in ``.corrupt`` then.

        """
        found = self._look_up()
        if not found.hit:
            time.sleep(0.02)  # another process may be between renaming a file and its metadata
            found = self._look_up()
        if not found.hit:
            raise self._set_aside(found.causes[0].detail or "it is missing")
        try:
            return self.load()
        except Exception as error:
            raise self._set_aside(f"{type(error).__name__}: {error}") from error

    def _set_aside(self, reason: str) -> UnreadableArtifactError:
        path = self.main_path()
        for damaged in (path, self._final_path(_METADATA)):
            if os.path.lexists(damaged):
                os.replace(damaged, f"{damaged}{_CORRUPT}")
        return UnreadableArtifactError(
            f"cached {self._label()} of stage {self.stage!r} at {path!r} is not usable ({reason}); "
            f"it was set aside as {os.path.basename(path)}{_CORRUPT}."
        )

    # -- metadata ------------------------------------------------------------------------------

    def collect_metadata(self) -> dict[str, Any]:
        """Return the facts about the artifact, its record and the run, and keep them."""
        self.metadata = {"extra": dict(self.extra_metadata)}
        if self.record is not None:
            self.metadata = {**_facts(self, self.record), **self.metadata}
        return self.metadata

    def save_metadata(self) -> None:
        """Write the metadata beside the artifact; while saving, after the artifact."""
        if self._publication is not None:
            self._publication.metadata_wanted = True
        else:
            self._write_metadata([path for path in self.cache_paths if os.path.exists(path)])

    def _write_metadata(self, paths: list[str]) -> None:
        folder = self._metadata_folder()
        metadata = {
            "format": 1,
            **self.collect_metadata(),
            "files": describe_files(
                [path for path in paths if not path.endswith(_METADATA)], folder
            ),
        }
        text = json.dumps(metadata, default=str)
        write_atomically(self._final_path(_METADATA), text.encode())

    def _metadata_folder(self) -> str:
        return os.path.dirname(self._final_path(_METADATA))

    def load_metadata(self) -> dict[str, Any] | None:
        """Return the stored metadata, ``None`` if there is none; restores ``extra_metadata``.

        Raises
        ------
        ValueError
            If it is no JSON object.

        """
        path = self._final_path(_METADATA)
        if not self._exists(path):
            return None
        with open(path, "rb") as file:
            metadata = json.loads(file.read())
        if not isinstance(metadata, dict):
            raise ValueError(f"{path!r} holds no JSON object")
        self.metadata = metadata
        self.extra_metadata = dict(metadata.get("extra") or {})
        return metadata


def _facts(cacher: Cacheable, record: "Record") -> Mapping[str, Any]:
    """Return the documented metadata of an artifact of ``record``."""
    params = record.params
    return {
        "artifact_generated": datetime.now().isoformat(timespec="seconds"),
        "params_hash": record.get_hash(),
        "params_name": None if params is None else params.name,
        "record_name": record.get_reference_name(),
        "stage": cacher.stage,
        "artifact_name": cacher.name,
        "cacher_type": str(type(cacher)),
        "record_prior_stages": record.stages[:-1],
        "prior_records": [prior.get_reference_name() for prior in record.input_records],
        "params": None if params is None else describe_parameters(params),
        "manager_run_info": record.manager.run.provenance(),
        "preview": cacher._preview,
    }


def _published(save: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return ``save`` so that, called by anybody, it publishes what it wrote when it is done."""

    @functools.wraps(save)
    def publishing_save(self: Cacheable, obj: Any) -> Any:
        if self._publication is not None:
            return save(self, obj)
        return _publish(self, save, obj, metadata_wanted=False)

    return publishing_save


def _publish(
    cacher: Cacheable, save: Callable[[Any, Any], Any], obj: Any, *, metadata_wanted: bool
) -> Any:
    record = cacher.record
    publication = Publication(None if record is None else record.manager.manager_cache_path)
    publication.metadata_wanted = metadata_wanted
    cacher._publication = publication
    try:
        cacher._preview = preview(obj)
        result = publication.final(save(cacher, obj))
        cacher._publication = None
        wanted = publication.metadata_wanted
        publication.commit(cacher.main_path(), cacher._write_metadata if wanted else None)
        return result
    finally:
        cacher._publication = None
        publication.discard()
