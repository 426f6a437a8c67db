"""The artifact manager: one session, from a notebook or a run of an experiment."""

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import finalize

from curifactory import fetching
from curifactory.artifact import Artifact
from curifactory.calls import EXECUTED, FAILED, SKIPPED, StageCall, StageSpec
from curifactory.config import Configuration, OnStale, get_configuration
from curifactory.deciding import warn_of_stale
from curifactory.displaying import NotebookDisplays, SessionReports
from curifactory.documented import ManagerAttributes
from curifactory.environment import is_interactive
from curifactory.exceptions import BadInputError, MissingPartError
from curifactory.files import CacheFiles
from curifactory.hooks import RunHook
from curifactory.logs import RunLog
from curifactory.mapping import Map, RunPlan
from curifactory.outputs import OutputSpec, Unread
from curifactory.planning import Decision
from curifactory.plugins import CACHERS, find
from curifactory.record import Record
from curifactory.recording import RecordedSession
from curifactory.registry import ParameterRegistry
from curifactory.reportables import Reportables
from curifactory.run import Run

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from curifactory.freshness import Freshness
    from curifactory.protocols import CacherSource
    from curifactory.scratch import Scratch

_log = logging.getLogger(__name__)


def _describe_cost(call: StageCall) -> str:
    memory = "" if call.peak_memory is None else f", peak memory {call.peak_memory / 1e6:.0f} MB"
    return f"CPU time {call.cpu_seconds or 0.0:.3f} s{memory}"


class ArtifactManager(
    RecordedSession, ManagerAttributes, CacheFiles, SessionReports, NotebookDisplays
):
    """One session: its records, artifacts, reportables and the run they belong to.

    Made in a notebook, REPL or script it opens a *live* run with a log file and a journal of its
    own, and makes the project's folders; for the ``experiment`` command a run is opened once its
    parameter sets are known.

    Parameters
    ----------
    experiment_name
        Names the run, its log, report and cached files.
    store_full
        Keep a copy of everything the run makes or uses in a folder of its own below ``runs_path``.
    dry
        Write nothing at all: no log, journal, cache or report.
    dry_cache
        Read the cache but write nothing into it.
    prefix
        Goes before cached files' names in place of the experiment's name.
    run_line
        The command line to record; by default that of this process.
    parallel_lock
        What :meth:`lock` takes. The cache needs none: it is safe for several processes as it is.
    parallel_mode
        Run and cache, but record no run.
    lazy
        Treat every output as :class:`~curifactory.Lazy`.
    ignore_lazy
        Keep lazy outputs in memory like others.
    notes
        Text for the report; its first line is shown in the index.
    manager_cache_path, cache_path, runs_path, logs_path, notebooks_path, reports_path
        Places to use instead of the configuration's.
    report_css_path
        Style sheet to use instead of the configuration's.
    status_override
        Status of the run. ``"LIVE"`` opens the run at once, any other leaves that to
        :meth:`open_run`.
    suppress_live_log
        Write no log file for a live run, and show nothing of it but what Python does by itself.
        Otherwise its messages also go to the standard error stream, unless the script shows
        messages in its own way.
    live_log_debug
        Log debugging messages.
    disable_non_cf_loggers
        Keep messages of other libraries' loggers out of the log.
    hooks
        Are told what happens in the run.

    """

    renewing_command: str = ""
    """The command line that renews what is stale; empty in a live session."""
    freshness: "Freshness | None" = None
    """What this session knows of its code, once it was asked for."""
    computes_missing = True
    """Whether a stage that was not to run does so when somebody reads its result."""
    retries_stages = True
    """Whether a stage that failed is tried again here, as often as its decorator says."""
    limits_time = True
    """Whether a stage that takes longer than its decorator says is ended here."""
    partial = False
    """Whether only a part of the parameter sets is here, so that aggregates are left out."""
    map_progress: Any = None
    """What shows how far a planned run is, with ``--progress``: a ``rich.progress.Progress``."""
    reported: Reportables
    """What stages reported, by the calls that did."""
    scratch: "Scratch | None" = None
    """Values that no cacher stores, where several processes make a run."""

    def __init__(
        self,
        experiment_name: str | None = None,
        store_full: bool = False,
        dry: bool = False,
        dry_cache: bool = False,
        prefix: str | None = None,
        run_line: str = "",
        parallel_lock: "AbstractContextManager[Any] | None" = None,
        parallel_mode: bool = False,
        lazy: bool = False,
        ignore_lazy: bool = False,
        notes: str | None = None,
        manager_cache_path: str | None = None,
        cache_path: str | None = None,
        runs_path: str | None = None,
        logs_path: str | None = None,
        notebooks_path: str | None = None,
        reports_path: str | None = None,
        report_css_path: str | None = None,
        status_override: str | None = "LIVE",
        suppress_live_log: bool = False,
        live_log_debug: bool = False,
        disable_non_cf_loggers: bool = True,
        *,
        config: Configuration | None = None,
        hooks: Sequence[RunHook] = (),
    ) -> None:
        super().__init__()
        self.experiment_name, self.prefix = experiment_name, prefix
        self.dry, self.dry_cache, self.store_full = dry, dry_cache, store_full
        self.parallel_lock, self.parallel_mode = parallel_lock, parallel_mode
        self.status_override, self.disable_non_cf_loggers = status_override, disable_non_cf_loggers
        self.suppress_live_log, self.live_log_debug = suppress_live_log, live_log_debug
        self.lazy, self.ignore_lazy = lazy, ignore_lazy
        given = {
            "manager_cache_path": manager_cache_path,
            "cache_path": cache_path,
            "runs_path": runs_path,
            "logs_path": logs_path,
            "notebooks_path": notebooks_path,
            "reports_path": reports_path,
            "report_css_path": report_css_path,
        }
        self.config = (config or get_configuration()).updated(given)
        """The project's configuration with the places this session uses instead."""
        self.hooks = tuple(hooks)
        self.overwrite = False
        """Ignore the cache for every stage."""
        self.overwrite_stages: list[str] = []
        """Names of stages to ignore the cache for."""
        self.on_stale = OnStale(self.config.on_stale)
        """What happens to cached artifacts that are stale."""
        self.records: list[Record] = []
        self.all_records: list[Record] = []
        """The records with the hidden ones, in the order they were made."""
        self.mapping: Map | None = None
        """The map being made; ``None`` when stages really run."""
        self.plan: RunPlan | None = None
        self.active_call: StageCall | None = None
        """The call whose function is running."""
        self.log = RunLog(
            verbose=live_log_debug,
            all_loggers=not disable_non_cf_loggers,
            project=self.config.module_names(),
        )
        status = status_override or "incomplete"
        self.interactive = status == "LIVE" and is_interactive()
        command = run_line or _command_line(interactive=self.interactive)
        self.run = Run(experiment_name, status, self.log, command=command, notes=notes)
        """The run this session belongs to."""
        self.registry = ParameterRegistry(self.manager_cache_path)
        finalize(self, self.registry.export_new)
        self._artifact_count = self._call_count = 0
        self.reported = Reportables()
        self._output_cachers: dict[Any, tuple[tuple[OutputSpec, CacherSource | None], ...]] = {}
        self.nowhere_stored: dict[StageSpec, Decision] = {}
        """What is decided about each call of a stage none of whose outputs has a cacher."""
        if status == "LIVE":
            self._begin_live()

    # -- the run -----------------------------------------------------------------------------

    def _begin_live(self) -> None:
        finalize(self, self.log.close)
        self.open_run(log=not self.suppress_live_log)
        for folder in self._own_folders():
            os.makedirs(folder, exist_ok=True)
        if not (self.suppress_live_log or self.parallel_mode):
            self.log.to_console()

    def _own_folders(self) -> list[str]:
        """Return the folders that a live session finds when it begins."""
        caches = [] if self.dry_cache else [self.cache_path, self.runs_path]
        return [] if self.dry else [*caches, self.reports_path, self.logs_path]

    # -- records -----------------------------------------------------------------------------

    def add_record(self, record: Record, *, hide: bool) -> int:
        """Take ``record`` into the session and return its number, hidden records counted."""
        if not hide:
            record.index = len(self.records)
            self.records.append(record)
        self.all_records.append(record)
        return len(self.all_records) - 1

    def register(self, record: Record) -> None:
        """Note what the record's hash stands for."""
        if record.params is not None and self.mapping is None:
            self.registry.register_parameters(record.params, keep=self.run.recorded)

    def register_aggregate(self, hash_: str, active: str | None, inputs: Sequence[str]) -> None:
        """Note what an aggregate's hash stands for."""
        if self.mapping is None:
            self.registry.register_aggregate(hash_, active, inputs, keep=self.run.recorded)

    def count_call(self) -> int:
        """Return the place of a new call."""
        self._call_count += 1
        return self._call_count - 1

    def count_artifacts(self, count: int) -> int:
        """Return the place of the first of ``count`` new artifacts."""
        first, self._artifact_count = self._artifact_count, self._artifact_count + count
        return first

    def start_over(self) -> None:
        """Forget records and reportables, to call an experiment's ``run()`` afresh."""
        self.records, self.all_records = [], []
        self._artifact_count = self._call_count = 0
        self.reported = Reportables()
        self._claims.clear()
        self._claimed_before.clear()
        self._rivals.clear()

    @property
    def map_mode(self) -> bool:
        """Whether stages are only mapped now: noted and looked up in the cache, not executed.

        Setting it begins a map, which forgets earlier records, or gives it up.
        """
        return self.mapping is not None

    @map_mode.setter
    def map_mode(self, on: bool) -> None:
        if on == self.map_mode:
            return
        if on:
            self.start_over()
        self.mapping = Map() if on else None

    def map_records(self) -> RunPlan:
        """End the map that ``map_mode = True`` began, and return it with its plan.

        The next calls are executed, loaded or skipped as planned, if they are the same on records
        that are made anew, in the same order.

        Raises
        ------
        BadInputError
            If no map was begun.

        """
        if self.mapping is None:
            raise BadInputError(
                "there is no map: set manager.map_mode = True, make records and call stages on "
                "them, and then manager.map_records()."
            )
        self.plan = RunPlan(self.mapping, self.on_stale)
        self.mapping = None
        self.start_over()
        warn_of_stale(self, self.plan.stale_calls())
        return self.plan

    # -- calls -------------------------------------------------------------------------------

    @property
    def writes_cache(self) -> bool:
        """Whether artifacts are stored, which ``dry`` and ``dry_cache`` forbid."""
        return not (self.dry or self.dry_cache or self.mapping is not None)

    def output_cachers(
        self, spec: StageSpec
    ) -> "tuple[tuple[OutputSpec, CacherSource | None], ...]":
        """Return each output of ``spec`` with its cacher, as this session's options make them."""
        key = (spec, self.lazy, self.ignore_lazy)
        found = self._output_cachers.get(key)
        if found is None:
            pairs = zip(spec.outputs, spec.cachers, strict=True)
            found = tuple(self._effective_output(spec, output, cacher) for output, cacher in pairs)
            self._output_cachers[key] = found
        return found

    def _effective_output(
        self, spec: StageSpec, output: OutputSpec, cacher: "CacherSource | None"
    ) -> "tuple[OutputSpec, CacherSource | None]":
        lazy = (output.lazy or self.lazy) and not self.ignore_lazy
        if lazy and cacher is None:
            cacher = find(CACHERS, "default")
            if cacher is None:
                raise MissingPartError(
                    f"output {output.name!r} of stage {spec.name!r} is lazy and needs a cacher; "
                    "cachers come with 'curifactory-cache'. Run 'pip install curifactory-cache'."
                )
            if not output.lazy:
                _log.warning(
                    "output %r of stage %r has no cacher; as every output is lazy, it is pickled.",
                    output.name,
                    spec.name,
                )
        return OutputSpec(output.name, lazy, output.resolve), cacher

    def fetch(self, artifact: Artifact) -> Any:
        """Return the value of ``artifact``: from memory or the cache, or else computed again.

        While mapping there are no values; what is returned then may only be passed on.
        """
        if self.mapping is None:
            with self.log:
                return fetching.fetch(artifact)
        self.mapping.handed_out.append(artifact.name)
        return Unread(artifact)

    def call_started(self, call: StageCall) -> None:
        """Tell log and hooks that the function of ``call`` is about to be called."""
        if _log.isEnabledFor(logging.INFO):
            _log.info("stage %s: %s runs", call.name, call.record.get_reference_name())
        for hook in self.hooks:
            hook.stage_started(call)

    def call_finished(self, call: StageCall) -> None:
        """Tell log, journal and hooks what became of ``call``."""
        level = logging.DEBUG if call.status is SKIPPED else logging.INFO
        if _log.isEnabledFor(level):
            took = "" if call.seconds is None else f" in {call.seconds:.3f} s"
            record = call.record.get_reference_name()
            _log.log(level, "stage %s: %s %s%s", call.name, record, call.status, took)
            if call.status is EXECUTED and _log.isEnabledFor(logging.DEBUG):
                _log.debug("stage %s: %s", call.name, _describe_cost(call))
        if call.status is not FAILED and self.full_store is not None:
            self.full_store.keep(call)
            call.record.store_tracked_paths()
        call.record.unstored_tracked_paths.clear()
        if self._lent:
            self.take_back_folders()
        self.run.record_call(call)
        for hook in self.hooks:
            hook.stage_finished(call)

    def describe_call(self, call: StageCall) -> str:
        """Return stage, record, parameter set and experiment of ``call`` for messages."""
        kind = "aggregate" if call.is_aggregate else "stage"
        record = call.record
        name = None if record.params is None else record.params.name
        return (
            f"{kind} {call.name!r} of record {record.get_record_index()} (parameter set {name!r}, "
            f"hash {call.hash}) in experiment {self.experiment_name!r}"
        )

    def __deepcopy__(self, memo: object) -> "ArtifactManager":
        return self  # a session is never copied with a record or a value

    def lock(self) -> None:
        """Take the lock that the session was given, if any."""
        if self.parallel_lock is not None:
            self.parallel_lock.__enter__()

    def unlock(self) -> None:
        """Give the lock back."""
        if self.parallel_lock is not None:
            self.parallel_lock.__exit__(None, None, None)

    def decisions(self) -> Iterable[tuple[StageCall, Decision]]:
        """Yield every call of this session with what was decided about it."""
        for record in self.all_records:
            for call in record.calls:
                if call.decision is not None:
                    yield call, call.decision


def _command_line(*, interactive: bool) -> str:
    if interactive:
        return "(Interactive environment)"
    import shlex  # slow to import

    return shlex.join(sys.argv)
