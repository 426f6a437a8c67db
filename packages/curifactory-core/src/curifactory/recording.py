"""The run of a session: opened, kept in a full store, and closed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from curifactory.calls import EXECUTED, StageCall
from curifactory.interrupting import uninterrupted
from curifactory.plugins import STORES, require
from curifactory.usage import describe_use

if TYPE_CHECKING:
    from curifactory.freshness import Freshness
    from curifactory.logs import RunLog
    from curifactory.manager import ArtifactManager
    from curifactory.protocols import FullStore, MetadataIndex, PendingDigests, RunHook
    from curifactory.record import Record
    from curifactory.registry import ParameterRegistry
    from curifactory.run import Run


class RecordedSession:
    """The part of a manager that records what becomes of its run."""

    if TYPE_CHECKING:
        run: Run
        log: RunLog
        hooks: tuple[RunHook, ...]
        registry: ParameterRegistry
        freshness: Freshness | None
        all_records: list[Record]
        dry: bool
        parallel_mode: bool
        store_full: bool
        interactive: bool

        @property
        def manager_cache_path(self) -> str:
            """Folder with the runs' journals."""

        @property
        def cache_path(self) -> str:
            """Folder with the artifacts."""

        @property
        def logs_path(self) -> str:
            """Folder for log files."""

        @property
        def writes_cache(self) -> bool:
            """Whether artifacts are stored."""

    _full_store: "FullStore | None" = None
    metadata_index: "MetadataIndex | None" = None
    """What the part with the cachers knows of metadata, if it has read any."""
    pending_digests: "PendingDigests | None" = None
    """What the part with the cachers still computes of stored artifacts, if it has stored any."""

    def open_run(
        self, *, log: bool = True, parameters: dict[str, list[tuple[str, str]]] | None = None
    ) -> None:
        """Give the run its number and start its journal and, with ``log``, its log file.

        A dry session, and one in parallel mode, has no number, journal or log file.

        Parameters
        ----------
        log
            Write a log file.
        parameters
            Name and hash of each parameter set, by file.

        """
        session = cast("ArtifactManager", self)
        source = self._full_store_source()
        self.log.begun = True
        for hook in self.hooks:
            hook.run_opening(session)
        if not (self.dry or self.parallel_mode):
            self.run.full_store = source is not None
            self.run.open(self.manager_cache_path, self.logs_path if log else None)
        if parameters is not None:
            self.run.record_parameters(parameters)
        if source is not None:
            self.open_full_store()
        for hook in self.hooks:
            hook.run_started(session)

    def store(self) -> None:
        """Record the run, unless it is recorded already or the session is dry."""
        if not self.run.recorded:
            self.open_run()

    def _full_store_source(self) -> "Callable[[ArtifactManager], FullStore] | None":
        """Return what makes full stores; ``None`` if this session's run gets none.

        Raises
        ------
        MissingPartError
            Without curifactory-cache.

        """
        if not self.store_full or self.dry or self.parallel_mode:
            return None
        source: Callable[[ArtifactManager], FullStore] = require(
            STORES, "full", "full stores come", "curifactory-cache"
        )
        return source

    def open_full_store(self) -> None:
        """Begin the full store of the run, which must be open, if it is to have one."""
        source = self._full_store_source()
        if source is not None and self._full_store is None:
            self.run.full_store = True
            self._full_store = source(cast("ArtifactManager", self))
            self._full_store.open()

    @property
    def full_store(self) -> "FullStore | None":
        """The folder with everything of the run; ``None`` if it has none."""
        return self._full_store if self.store_full else None

    def write_run_env_output(self) -> None:
        """Write the facts and the environment of the run to its full store, if it has one."""
        if self.full_store is not None:
            self.full_store.open()

    def close_run(
        self,
        status: str,
        *,
        error: str | None = None,
        traceback: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        """Set the run's final status and end its journal; records and artifacts stay usable."""
        session = cast("ArtifactManager", self)
        try:
            self.finish_digests(give_up=status == "interrupted")
        finally:  # whoever does not want to wait gets no other status
            calls = [call for record in self.all_records for call in record.calls]
            with uninterrupted():
                self.run.record_use(describe_use(calls, self.cache_path))
                self._record_code(calls)
                self.run.close(status, calls, error=error, traceback=traceback, exit_code=exit_code)
                if self.run.recorded:
                    self.registry.export()
                    if self.metadata_index is not None and self.writes_cache:
                        self.metadata_index.save()
                for hook in self.hooks:
                    hook.run_finished(session)

    def finish_digests(self, *, give_up: bool = False) -> None:
        """Wait until the metadata of what was stored is complete, or give up what it misses.

        It is given up too if the wait is interrupted; whoever needs a digest then computes it.
        """
        pending = self.pending_digests
        if pending is None:
            return
        if give_up:
            pending.give_up()
        try:
            pending.wait()
        except KeyboardInterrupt:
            pending.give_up()
            with uninterrupted():
                pending.wait()
            raise

    def _record_code(self, calls: Sequence[StageCall]) -> None:
        """Note the code of the stages, unless nobody has asked for it and nothing was executed."""
        executed = any(call.status is EXECUTED for call in calls)
        if self.run.recorded and (executed or self.freshness is not None):
            from curifactory.freshness import freshness_of  # imports what reads code

            specs = [call.spec for call in calls]
            freshness = freshness_of(cast("ArtifactManager", self))
            self.run.record_code(freshness.fingerprints(specs, keep=self.writes_cache))

    @property
    def run_info(self) -> dict[str, Any]:
        """What the report and other tools are told of the run."""
        return self.run.info() | ({"interactive": True} if self.interactive else {})

    def get_str_timestamp(self) -> str:
        """Return the run's start as ``2022-02-03-T105859``."""
        return self.run.timestamp

    def get_reference_name(self) -> str:
        """Return ``<experiment>_<number>_<timestamp>``, which names log, report and full store."""
        return self.run.reference
