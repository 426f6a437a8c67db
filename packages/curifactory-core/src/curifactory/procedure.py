"""Procedures: a sequence of stages to run on one parameter set after another."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from curifactory.exceptions import NoArtifactManagerError
from curifactory.record import Record

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager
    from curifactory.params import ExperimentParameters


class Procedure:
    """Stages that are run in order.

    Parameters
    ----------
    stages
        Decorated stages; the first one may be an aggregate.
    manager
        The session to make records in; wins over one given to :meth:`run`.
    name
        Label of the procedure.
    previous_proc
        Its records are what a leading aggregate runs over.
    records
        What a leading aggregate runs over without ``previous_proc``; by default all records.

    """

    def __init__(
        self,
        stages: Sequence[Callable[..., Record]],
        manager: "ArtifactManager | None" = None,
        name: str | None = None,
        previous_proc: "Procedure | None" = None,
        records: Sequence[Record] | None = None,
    ) -> None:
        self.stages = list(stages)
        self.manager = manager
        self.name = name
        self.previous_proc = previous_proc
        self.input_records = records
        self.records: list[Record] = []
        """The final record of every run so far."""

    def run(
        self,
        param_set: "ExperimentParameters | None",
        record: Record | None = None,
        hide: bool = False,
        manager: "ArtifactManager | None" = None,
        records: Sequence[Record] | None = None,
    ) -> Record:
        """Run the stages and return the final record.

        Parameters
        ----------
        param_set
            Parameter set of the new record.
        record
            Use this record instead of a new one.
        hide
            Leave a new record out of ``manager.records``.
        manager
            The session, if the procedure was made without one.
        records
            What a leading aggregate runs over this time.

        Raises
        ------
        NoArtifactManagerError
            If neither the procedure nor the call has a manager, and there is no record.

        """
        if record is None:
            record = Record(self._manager(manager), param_set, hide=hide)
        for position, stage in enumerate(self.stages):
            leading = position == 0 and stage.spec.is_aggregate  # type: ignore[attr-defined]
            record = stage(record, self._input_records(records)) if leading else stage(record)
        self.records.append(record)
        return record

    def _manager(self, manager: "ArtifactManager | None") -> "ArtifactManager":
        found = self.manager or manager
        if found is None:
            raise NoArtifactManagerError(
                f"procedure {self.name!r} needs a manager to make a record in; pass one to "
                "Procedure(stages, manager) or to run(param_set, manager=...)."
            )
        return found

    def _input_records(self, records: Sequence[Record] | None) -> Sequence[Record] | None:
        if self.previous_proc is not None:
            previous = self.previous_proc.records
            known = {record for each in previous[-1:] for record in each.manager.all_records}
            return [record for record in previous if record in known]
        return self.input_records if records is None else records
