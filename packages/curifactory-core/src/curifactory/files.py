"""Where a session's artifacts lie in the cache, and which call has which file names."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from curifactory.lineage import lineage
from curifactory.paths import (
    artifact_file_name,
    remove_empty_folders,
    require_inside,
    safe_component,
)

if TYPE_CHECKING:
    from curifactory.calls import StageCall, StageSpec
    from curifactory.protocols import Finder
    from curifactory.record import Record
    from curifactory.run import Run

ARTIFACTS = "artifacts"
"""Name of the folder for artifacts in a full store."""


class CacheFiles:
    """The part of a manager that names files."""

    if TYPE_CHECKING:
        experiment_name: str | None
        dry: bool
        run: Run
        prefix: str | None
        active_call: StageCall | None

        @property
        def cache_path(self) -> str:
            """Folder with the artifacts."""

        @property
        def runs_path(self) -> str:
            """Folder for full stores."""

        @property
        def writes_cache(self) -> bool:
            """Whether artifacts are stored."""

    def __init__(self) -> None:
        self._folders: set[str] = set()
        self._claims: dict[str, dict[str, StageCall]] = {}
        self._claimed_before: dict[str, list[StageCall]] = {}
        self._rivals: dict[StageCall, list[StageCall]] = {}
        self._claimed: dict[StageSpec, tuple[str, ...]] = {}
        self.finders: dict[tuple[StageSpec, bool, bool, str], dict[str, Finder]] = {}
        """What finds the outputs of a stage by their names, with options and prefix of the session.

        They are ``lazy`` and ``ignore_lazy``.
        """
        self._lent: list[tuple[str, int]] = []

    def claim(self, call: "StageCall") -> str:
        """Return the stage's name for files of ``call``, with a suffix if the plain one is taken.

        It is taken by a call of other lineage whose file names would be the same.
        """
        for before in self._claimed_before.pop(call.hash, ()):
            self._claim(before)
        if not call.is_plain:
            lineage(call)  # of what it is given as that is now
        rivals = self._claim(call)
        if rivals:
            self._rivals[call] = rivals
            if any(lineage(rival) != lineage(call) for rival in rivals):
                return f"{call.name}-{lineage(call)[:10]}"
        return call.spec.name

    def _claim(self, call: "StageCall") -> "list[StageCall]":
        """Note that the file names of ``call`` are taken; return which other calls have them."""
        owners = self._claims.setdefault(call.hash, {})
        names = self._claimed.get(call.spec) or self._names_of(call.spec)
        found: list[StageCall] = []
        for name in names:
            owner = owners.setdefault(name, call)
            if owner is not call:
                found.append(owner)
        return found

    def find_rivals(self, call: "StageCall") -> "Sequence[StageCall]":
        """Return the calls that had claimed a file name of ``call`` before it did."""
        return self._rivals.get(call, ())

    def claim_as_before(self, call: "StageCall") -> None:
        """Let ``call`` have the file names that the same call of the map has claimed."""
        self._claimed_before.setdefault(call.hash, []).append(call)

    def _names_of(self, spec: "StageSpec") -> tuple[str, ...]:
        """Return what the names of files of the stage have after the hash."""
        names = [*(output.name for output in spec.outputs), "reportables"]
        found = self._claimed[spec] = tuple(f"{spec.name}_{name}" for name in names)
        return found

    def file_prefix(self, prefix: str | None) -> str:
        """Return what names of files begin with, where a cacher wants ``prefix``."""
        return str(prefix or self.prefix or self.experiment_name)

    def get_artifact_filename(
        self,
        obj_name: str,
        record: "Record",
        prefix: str | None = None,
        stage_name: str | None = None,
    ) -> str:
        """Return ``<prefix>_<record hash>_<stage>_<obj_name>``.

        The stage is the one that runs on ``record``, or ran last, unless ``stage_name`` names one.
        """
        call = self.active_call
        if call is None or call.record is not record:
            call = record.calls[-1] if record.calls else None
        stage = stage_name or ("" if call is None else call.name)
        return self.file_name(obj_name, record.get_hash(), prefix, stage)

    def file_name(self, obj_name: str, hash_: str, prefix: str | None, stage_name: str) -> str:
        """Return the name of a file in the cache."""
        return artifact_file_name(self.file_prefix(prefix), hash_, stage_name, obj_name)

    def get_artifact_path(
        self,
        obj_name: str,
        record: "Record",
        subdir: str | None = None,
        prefix: str | None = None,
        stage_name: str | None = None,
        store: bool = False,
    ) -> str:
        """Return the path of :meth:`get_artifact_filename` in the cache; its folder is made.

        With ``store``, in the run's full store instead. In a session that writes nothing, the
        folder is there while a stage runs, and stays if the stage writes to it.

        Raises
        ------
        ValueError
            If ``subdir`` leads out of the cache.

        """
        if store:
            root = self.get_run_output_path(ARTIFACTS)
            folder = require_inside(os.path.join(root, subdir or ""), root).rstrip("/")
        else:
            folder = self.cache_folder(subdir)
        self.make_folder_for_stage(folder, writes=not self.dry if store else self.writes_cache)
        return os.path.join(
            folder, self.get_artifact_filename(obj_name, record, prefix, stage_name)
        )

    def make_folder_for_stage(self, folder: str, *, writes: bool | None = None) -> None:
        """Make a folder of the cache; where nothing is written, only while a stage runs."""
        if folder in self._folders and os.path.isdir(folder):
            return
        if self.writes_cache if writes is None else writes:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        elif self.active_call is not None:
            self._lend(folder)

    def _lend(self, folder: str) -> None:
        """Make a folder that the running stage may want to write to, in a session that does not."""
        above, missing = folder, 0
        while above and not os.path.exists(above):
            above, missing = os.path.dirname(above), missing + 1
        if missing:
            os.makedirs(folder, exist_ok=True)
            self._lent.append((folder, missing))

    def take_back_folders(self) -> None:
        """Remove the folders that a stage was lent and has not used."""
        while self._lent:
            remove_empty_folders(*self._lent.pop())

    def get_run_output_path(self, obj_name: str | None = None) -> str:
        """Return the folder of the run's full store, or the path of ``obj_name`` in it.

        The folders are there when this returns, unless the session is dry.

        Raises
        ------
        ValueError
            If ``obj_name`` leads out of the store.

        """
        folder = os.path.join(self.runs_path, safe_component(self.run.reference))
        path = folder
        if obj_name is not None:
            path = require_inside(os.path.join(folder, obj_name), folder)
        if not self.dry:
            os.makedirs(folder if obj_name is None else os.path.dirname(path), exist_ok=True)
        return path

    def cache_folder(self, subdir: str | None = None) -> str:
        """Return the cache's folder or one in it; it need not be there.

        Raises
        ------
        ValueError
            If ``subdir`` leads out of the cache.

        """
        if not subdir:
            return self.cache_path
        return require_inside(os.path.join(self.cache_path, subdir), self.cache_path)
