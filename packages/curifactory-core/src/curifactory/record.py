"""Records: the state and history of one parameter set in a run."""

import os
import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from curifactory.documented import RecordAttributes
from curifactory.hashing import combine_hashes
from curifactory.outputs import Deferred, Lazy
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
        self._output: Any = []
        self._hash = "None" if param_set is None else param_set.fill_hash()
        manager.register(self)
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
            values = [
                artifact.fetch()
                if isinstance(self.state.held(artifact.name), Deferred)
                else self.state.held(artifact.name)
                for artifact in self.calls[-1].outputs
            ]
            self._output = values[0] if len(values) == 1 else tuple(values)
        return self._output

    def set_output(self, value: Any = _NOT_KNOWN) -> None:
        """Note what the last stage returned; without a value it is read when asked for."""
        self._output = value

    def snapshot(self) -> "Callable[[StageCall], None]":
        """Return a function that puts names and output back as they are now.

        It is given a call that was executed again meanwhile and leaves that call's results alone.
        """
        held, artifacts, output = (
            dict(self.state.held_items()),
            dict(self.state.artifacts),
            self._output,
        )

        def restore(executed: "StageCall") -> None:
            for name, artifact in artifacts.items():
                if artifact.call is not executed:
                    self.state.put(name, held[name], artifact)
            if self.calls[-1] is not executed:
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
            shared = isinstance(value, Lazy | Deferred)
            copy.state.keep(name, value if shared else deepcopy(value, memo))
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
        if not self.calls:
            raise IndexError(
                f"{self.get_reference_name()} has no stage yet; call record.report inside a stage."
            )
        self.manager.add_reportable(reportable, self.calls[-1])

    def get_path(
        self,
        obj_name: str,
        subdir: str | None = None,
        prefix: str | None = None,
        stage_name: str | None = None,
    ) -> str:
        """Return the cache path of ``obj_name`` for this record and its current or last stage.

        The folder is there when this returns, unless the run writes nothing.
        """
        return self.manager.get_artifact_path(
            obj_name, self, subdir=subdir, prefix=prefix, stage_name=stage_name
        )

    def get_dir(
        self,
        dir_name_suffix: str,
        subdir: str | None = None,
        prefix: str | None = None,
        stage_name: str | None = None,
    ) -> str:
        """Return the path of a folder for this record and its current or last stage; it is made."""
        path = self.get_path(dir_name_suffix, subdir, prefix, stage_name)
        if self.manager.writes_cache:
            os.makedirs(path, exist_ok=True)
        return path

    def get_record_index(self) -> int:
        """Return the position in ``manager.records``, -1 if hidden."""
        return self.manager.record_index(self)

    def get_reference_name(self) -> str:
        """Return ``Record <index> (<name of the parameter set>)``."""
        name = None if self.params is None else self.params.name
        return f"Record {self.get_record_index()} ({name})"

    def __repr__(self) -> str:
        return f"<{self.get_reference_name()}, hash {self.get_hash()}>"
