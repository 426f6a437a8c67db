"""Records: the state and history of one parameter set in a run."""

import os
import warnings
from collections.abc import Callable, Container, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from curifactory.documented import RecordAttributes
from curifactory.hashing import combine_hashes
from curifactory.outputs import Deferred
from curifactory.state import State

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.manager import ArtifactManager
    from curifactory.params import ExperimentParameters
    from curifactory.protocols import Cacher, Reportable

_NOT_KNOWN = object()


class Record(RecordAttributes):
    """What one parameter set, or one aggregate, has produced so far.

    Parameters
    ----------
    manager
        The session the record belongs to.
    param_set
        Its parameter set; ``None`` for a record that only compares others. Its ``hash`` is filled.
    hide
        Leave the record out of ``manager.records``.

    """

    def __init__(
        self,
        manager: "ArtifactManager",
        param_set: "ExperimentParameters | None",
        hide: bool = False,
    ) -> None:
        self.manager = manager
        self.params: Any = param_set
        """The parameter set, or ``None``."""
        self.state = State()
        """The record's artifacts by name."""
        self.calls: list[StageCall] = []
        """Every stage called on this record, in order."""
        self.input_records: list[Record] = []
        """Records an aggregate runs over, or the one this is a copy of."""
        self.is_aggregate = False
        self.combo_hash: str | None = None
        """Hash of an aggregate; ``None`` until an aggregate ran on this record."""
        self.unstored_tracked_paths: list[dict[str, str | None]] = []
        """Paths that :meth:`get_path` and :meth:`get_dir` gave out since the last stage ended."""
        self.stored_paths: list[str] = []
        """Those of them that were copied to the full store."""
        self._output: Any = []
        self._hash = "None" if param_set is None else param_set.fill_hash()
        manager.register(self)
        self.index = -1
        """Position in ``manager.records``, -1 if hidden."""
        self.ordinal = manager.add_record(self, hide=hide)
        """Number of the record in its run, hidden ones included."""

    @property
    def args(self) -> Any:
        """The parameter set, under its old name."""
        warnings.warn("record.args is called record.params now.", DeprecationWarning, stacklevel=2)
        return self.params

    @property
    def stage_cachers(self) -> "list[Cacher] | None":
        """The cachers of the stage that is running on this record, in the order of its outputs."""
        active = self.manager.active_call
        return active.cachers if active is not None and active.record is self else None

    @property
    def output(self) -> Any:
        """What the last stage returned; its lazy outputs as :class:`~curifactory.Lazy`."""
        if self._output is _NOT_KNOWN:
            values = [self.state.waiting(artifact) for artifact in self.calls[-1].outputs]
            self._output = values[0] if len(values) == 1 else tuple(values) or []
        return self._output

    def set_output(self, value: Any = _NOT_KNOWN) -> None:
        """Note what the last stage returned; without a value it is read when asked for."""
        self._output = value

    def snapshot(self) -> "Callable[[Container[StageCall]], None]":
        """Return a function that puts names and output back as they are now.

        It is given the calls that were executed again meanwhile; a name whose value is of one of
        them keeps its new value.
        """
        held, artifacts = dict(self.state.held_items()), dict(self.state.artifacts)
        output = self._output

        def restore(executed: "Container[StageCall]") -> None:
            now = dict(self.state.held_items())
            self.state.clear()
            for name, value in held.items():
                artifact = artifacts.get(name)
                kept = artifact is not None and artifact.call in executed and name in now
                self.state.put(name, now[name] if kept else value, artifact)
            self._output = output

        return restore

    def get_hash(self) -> str:
        """Return the hash that names this record's artifacts; ``"None"`` without parameters."""
        return self.combo_hash or self._hash

    def set_hash(self) -> None:
        """Compute the hash again, after the parameter set was changed."""
        self._hash = "None" if self.params is None else self.params.fill_hash()

    def set_aggregate(self, records: "Sequence[Record]") -> None:
        """Make this the record of an aggregate over ``records``."""
        self.is_aggregate = True
        self.input_records = list(records)
        active = None if self.params is None else self._hash
        inputs = [record.get_hash() for record in records]
        self.combo_hash = combine_hashes(active, inputs)
        self.manager.register_aggregate(self.combo_hash, active, inputs)

    def make_copy(
        self, param_set: "ExperimentParameters | None" = None, add_to_manager: bool = True
    ) -> "Record":
        """Return a new record that starts with this one's state.

        Values in memory are copied deeply; what waits in the cache is shared.

        Parameters
        ----------
        param_set
            Parameter set of the copy; ``None`` keeps this record's.
        add_to_manager
            Let the copy appear in ``manager.records``.

        """
        copy = Record(
            self.manager, self.params if param_set is None else param_set, hide=not add_to_manager
        )
        memo: dict[int, Any] = {}
        for name, value in self.state.held_items():
            if type(value) is Deferred:
                copy.state.keep(name, Deferred(value.artifact, copied=True))
            else:
                copy.state.keep(name, deepcopy(value, memo))
        copy.state.artifacts.update(self.state.artifacts)
        copy.input_records = [self]
        return copy

    def report(self, reportable: "Reportable") -> None:
        """Show ``reportable`` in the run's report, under the stage that is running.

        Raises
        ------
        IndexError
            If no stage has run on this record yet.

        """
        active = self.manager.active_call
        if active is not None and active.record is self:
            self.manager.add_reportable(reportable, active)
        elif self.calls:
            self.manager.add_reportable(reportable, self.calls[-1])
        else:
            raise IndexError(
                f"{self.get_reference_name()} has no stage yet; call record.report inside a stage."
            )

    def get_path(
        self,
        obj_name: str,
        subdir: str | None = None,
        prefix: str | None = None,
        stage_name: str | None = None,
        track: bool = True,
    ) -> str:
        """Return the cache path of ``obj_name`` for this record and its current or last stage.

        The folder is there when this returns, unless the run writes nothing. With ``track``, what
        is written there is copied to the run's full store when the stage ends.
        """
        path = self.manager.get_artifact_path(
            obj_name, self, subdir=subdir, prefix=prefix, stage_name=stage_name
        )
        if track:
            self.track(path, obj_name, subdir, prefix)
        return path

    def get_dir(
        self,
        dir_name_suffix: str,
        subdir: str | None = None,
        prefix: str | None = None,
        stage_name: str | None = None,
        track: bool = True,
    ) -> str:
        """Return the path of a folder for this record and its current or last stage; it is made.

        With ``track``, all of it is copied to the run's full store when the stage ends.
        """
        path = self.get_path(dir_name_suffix, subdir, prefix, stage_name, track)
        self.manager.make_folder_for_stage(path)
        return path

    def track(
        self, path: str, obj_name: str, subdir: str | None = None, prefix: str | None = None
    ) -> None:
        """Take note of a path whose content belongs into the run's full store."""
        manager = self.manager
        if manager.mapping is not None:
            return
        tracked = {"obj_name": obj_name, "subdir": subdir, "prefix": prefix, "path": path}
        if tracked not in self.unstored_tracked_paths:
            self.unstored_tracked_paths.append(tracked)
        active = manager.active_call
        if active is not None and active.record is self and path not in active.tracked:
            active.tracked += (path,)

    def store_tracked_paths(self) -> None:
        """Copy what lies at the tracked paths to the run's full store, and forget the paths.

        Without a full store they are only forgotten.
        """
        store = self.manager.full_store
        if store is not None:
            for path in [str(tracked["path"]) for tracked in self.unstored_tracked_paths]:
                if os.path.exists(path):
                    store.keep_path(path)
                    if path not in self.stored_paths:
                        self.stored_paths.append(path)
        self.unstored_tracked_paths.clear()

    def __deepcopy__(self, memo: object) -> "Record":
        return self  # a record in another one's state stays that record

    def get_record_index(self) -> int:
        """Return the position in ``manager.records``, -1 if hidden."""
        return self.index

    def get_reference_name(self) -> str:
        """Return ``Record <index> (<name of the parameter set>)``."""
        name = None if self.params is None else self.params.name
        return f"Record {self.index} ({name})"

    def __repr__(self) -> str:
        return f"<{self.get_reference_name()}, hash {self.get_hash()}>"
