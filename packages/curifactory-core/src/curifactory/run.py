"""A run: its number, journal, log file, and the facts about where it happened."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from curifactory.calls import EXECUTED, SKIPPED, CallStatus, StageCall
from curifactory.environment import (
    NO_REPOSITORY,
    GitFacts,
    ask_git,
    ask_git_difference,
    hostname,
    process_name,
    python_facts,
)
from curifactory.journal import STORE, TIMESTAMP_FORMAT, Journal, append_line, encode, open_journal
from curifactory.logs import RunLog
from curifactory.metrics import find_metrics
from curifactory.old_store import import_old_store
from curifactory.paths import remove_empty_folders, safe_component

if TYPE_CHECKING:
    from curifactory.options import RunOptions

_log = logging.getLogger(__name__)


class Run:
    """One run of an experiment, or one live session.

    Until :meth:`open` gives it a number it is 0, and nothing is written.
    """

    def __init__(
        self,
        experiment_name: str | None,
        status: str,
        log: RunLog,
        *,
        command: str,
        notes: str | None,
    ) -> None:
        self.experiment_name = experiment_name
        self.status = status
        """``LIVE``, ``incomplete``, ``complete``, ``error`` or ``interrupted``."""
        self.log = log
        self.command = command
        self.notes = notes
        self.number = 0
        self.recorded = False
        """Whether this process has recorded the run; never for one that others record."""
        self.started = datetime.now()
        self.hostname = hostname()
        self.error: str | None = None
        """Class and message of what ended the run."""
        self.traceback: str | None = None
        self.log_path: str | None = None
        self.options: RunOptions | None = None
        """What was asked of it; ``None`` for a live session."""
        self.full_store = False
        """Whether everything of the run is kept in a folder of its own."""
        self.reproduce: str | None = None
        """The command that runs it again from that folder."""
        self.parameters: dict[str, list[tuple[str, str]]] = {}
        """Name and hash of each parameter set, by file."""
        self.environment: dict[str, Any] = {}
        """Python, its packages, and what differs from the commit, once the run is open."""
        self._journal: Journal | None = None
        self._end: dict[str, Any] | None = None
        self._provenance: dict[str, Any] | None = None

    @property
    def timestamp(self) -> str:
        """The start as ``2022-02-03-T105859``."""
        return self.started.strftime(TIMESTAMP_FORMAT)

    @property
    def reference(self) -> str:
        """``<experiment>_<number>_<timestamp>``, which names log, report and full store."""
        return f"{self.experiment_name}_{self.number}_{self.timestamp}"

    @cached_property
    def git(self) -> GitFacts:
        """The state of the repository, asked once."""
        return ask_git()

    def belongs_to(self, number: int | None, started: datetime | None) -> None:
        """Take number and start of a run that another process records."""
        self.number = self.number if number is None else number
        self.started = self.started if started is None else started

    def open(self, manager_cache_path: str, logs_path: str | None) -> None:
        """Take the next number and start the journal; and the log, if there is a ``logs_path``."""
        self._provenance = None
        import_old_store(manager_cache_path)
        self._journal = open_journal(
            os.path.join(manager_cache_path, STORE), str(self.experiment_name)
        )
        self.number = self._journal.number
        self.recorded = True
        if logs_path is not None:
            self.log_path = os.path.join(logs_path, f"{safe_component(self.reference)}.log")
            self.log.to_file(self.log_path)
            _log.info("run %s: %s", self.reference, self.command)
            if self.git.commit == NO_REPOSITORY:
                _log.warning(
                    "this is no git repository: nothing tells later which code this run executed."
                )
        facts = {key: fact for key, fact in self.info().items() if not key.startswith("param")}
        facts |= {"format": 1, "process": process_name()}
        self._journal.write("opened", facts)
        difference = ask_git_difference() if self.git.may_differ else ""
        self.environment = {**python_facts(), "difference": difference}
        self._journal.write("environment", self.environment)

    def record_parameters(self, parameters: dict[str, list[tuple[str, str]]]) -> None:
        """Note which parameter sets, as ``(name, hash)``, came from which file."""
        self.parameters = parameters
        if self._journal is not None:
            self._journal.write("parameters", {"files": parameters})

    def record_call(self, call: StageCall) -> None:
        """Note what became of ``call``; the skipped ones are only counted in the end."""
        if self._journal is None or call.status is SKIPPED:
            return
        self._journal.write_encoded("stage", _stage_facts(call, self._journal.moment))

    def record_use(self, entries: list[dict[str, Any]]) -> None:
        """Note which artifacts the run used, as :mod:`curifactory.usage` describes them."""
        if self._journal is not None and entries:
            self._journal.write("used", {"artifacts": entries})

    def record_code(self, fingerprints: Mapping[str, str]) -> None:
        """Note the fingerprint of the code of each stage."""
        if self._journal is not None and fingerprints:
            self._journal.write("code", {"stages": fingerprints})

    def close(
        self,
        status: str,
        calls: Iterable[StageCall],
        *,
        error: str | None = None,
        traceback: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        """Set the final status and end the journal with it and the number of calls by status."""
        self.status, self.error, self.traceback = status, error, traceback
        if self._journal is None:
            return
        counts = dict.fromkeys(CallStatus, 0)
        for call in calls:
            counts[call.status] += 1
        facts = {"status": status, "exit_code": exit_code, "error": error, "calls": counts}
        self._journal.write("closed", facts)
        self._journal.close()
        self._end, self._journal = facts | {"path": self._journal.path}, None

    def exit_with(self, exit_code: int) -> None:
        """Note the exit code, if it is not what was recorded when the run was closed.

        That happens when the report cannot be written, or is not waited for.
        """
        if self._end is not None and self._end["exit_code"] != exit_code:
            self._end["exit_code"] = exit_code
            facts = {key: fact for key, fact in self._end.items() if key != "path"}
            append_line(self._end["path"], "closed", facts)

    def discard(self) -> None:
        """Undo :meth:`open`: the run turned out to be bad input, and leaves no trace."""
        self.log.close()
        if self._journal is None:
            return
        self._journal.discard()
        self._journal = None
        if self.log_path is not None:
            with suppress(FileNotFoundError):
                os.unlink(self.log_path)
            remove_empty_folders(os.path.dirname(self.log_path), 1)

    def identity(self) -> dict[str, Any]:
        """Return what another process of this run must know of it, as :meth:`assume` takes it."""
        names = ("number", "started", "command", "notes", "hostname", "parameters", "git")
        return {name: getattr(self, name) for name in names}

    def assume(self, identity: Mapping[str, Any]) -> None:
        """Be the run that another process has opened, which alone writes its journal."""
        for name, value in identity.items():
            setattr(self, name, value)
        if self._journal is not None:
            self._journal.leave()
        self._journal = self._provenance = None

    def provenance(self) -> dict[str, Any]:
        """Return what every artifact's metadata says of the run that made it.

        The parameter sets of the whole run are left out: they would make a cache grow with the
        square of their number.
        """
        if self._provenance is None:
            left_out = ("params", "status", "error", "traceback", "reproduce")
            facts = self.info()
            self._provenance = {key: facts[key] for key in facts if key not in left_out}
        return self._provenance

    def info(self) -> dict[str, Any]:
        """Return the facts that reports, full stores and metadata carry, in documented names."""
        facts: dict[str, Any] = {
            "reference": self.reference,
            "experiment_name": self.experiment_name,
            "run_number": self.number,
            "timestamp": self.timestamp,
            "commit": self.git.commit,
            "workdir_dirty": self.git.dirty,
            "param_files": list(self.parameters),
            "params": {
                file: [list(pair) for pair in pairs] for file, pairs in self.parameters.items()
            },
            "full_store": self.full_store,
            "status": self.status,
            "cli": self.command,
            "hostname": self.hostname,
            "notes": self.notes,
        }
        if self.reproduce is not None:
            facts["reproduce"] = self.reproduce
        if self.error is not None:
            facts |= {"error": self.error, "traceback": self.traceback}
        return facts


def _stage_facts(call: StageCall, moment: Callable[[float], str]) -> str:
    """Return the members of the journal's object about ``call``: a run has one for each call."""
    metrics = call_metrics(call) if call.status is EXECUTED else None
    worker = "null" if call.worker is None else quoted(call.worker)
    return (
        f'"record": {call.record.ordinal}, "position": {call.position}, '
        f'"stage": {quoted(call.spec.name)}, '
        f'"hash": {quoted(call.hash)}, "status": {quoted(call.status)}, "worker": {worker}, '
        f"{_cost(call, moment)}"
        f"{_encode_metrics(metrics) if metrics else ''}"
    )


def _cost(call: StageCall, moment: Callable[[float], str]) -> str:
    """Return when ``call`` began and what it took; digits to tell floats apart would cost more."""
    if call.started is None or call.seconds is None or call.cpu_seconds is None:
        return '"started": null, "seconds": null, "cpu_seconds": null, "peak_memory": null'
    return (
        f'"started": {moment(call.started)}, "seconds": {call.seconds:.9f}, '
        f'"cpu_seconds": {call.cpu_seconds:.9f}, "peak_memory": {call.peak_memory or "null"}'
    )


def _encode_metrics(metrics: Mapping[str, Mapping[str, float]]) -> str:
    outputs = []
    for output, numbers in metrics.items():
        pairs = [f"{quoted(name)}: {encode(number)}" for name, number in numbers.items()]
        outputs.append(f"{quoted(output)}: {{{', '.join(pairs)}}}")
    return f', "metrics": {{{", ".join(outputs)}}}'


def call_metrics(call: StageCall) -> Mapping[str, Mapping[str, float]]:
    """Return the numbers in each of the call's outputs, those that have any."""
    if call.metrics is not None:
        return call.metrics
    state, found = call.record.state, {}
    for artifact in call.outputs:
        numbers = find_metrics(state.held(artifact.name))
        if numbers:
            found[artifact.name] = numbers
    return found
