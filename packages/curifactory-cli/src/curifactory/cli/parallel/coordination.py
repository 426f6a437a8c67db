"""One parallel run: calls are handed out as they become ready until nothing is left to do."""

import heapq
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten

from curifactory.calls import CallStatus, StageCall
from curifactory.causes import Cause, CauseKind
from curifactory.cli.parallel.capacity import Capacity, Claim
from curifactory.cli.parallel.schedule import Schedule
from curifactory.cli.terminal import counted
from curifactory.deciding import settle
from curifactory.exceptions import ExecutorLostError, StageFailedError
from curifactory.executors import (
    Executor,
    Failure,
    Finished,
    Key,
    Lost,
    Report,
    Said,
    Started,
    Task,
)
from curifactory.holding import look_up
from curifactory.lineage import lineage
from curifactory.manager import ArtifactManager
from curifactory.mapping import RunPlan
from curifactory.planning import Action, Decision

_log = logging.getLogger(__name__)
_LOSSES = 2
"""How often a call may be begun again after its process died, where its stage does not say."""
_WAIT = 60.0
_MOST_NAMED, _LONGEST_MESSAGE = 10, 100
"""How many failures beside the first are named when all is over, and how far each is told."""
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 10.0


@dataclass(slots=True)
class _Attempt:
    """A call that is with the executor."""

    index: int
    claim: Claim
    deadline: float | None = None
    """When it has taken too long, in monotonic seconds."""
    cancelled: str = ""
    """Why it is to end, if it is."""


@dataclass(slots=True)
class _Tries:
    """What was tried for a call so far."""

    failures: int = 0
    losses: int = 0
    begun: bool = False


@dataclass(slots=True)
class Coordination:
    """Executes what a plan says runs.

    Parameters
    ----------
    manager, plan
        The run, and what is to be done.
    executor
        Where calls are executed.
    capacity
        What they share.
    schedule
        What is ready when.
    fail_fast
        End at the first failure.

    """

    manager: ArtifactManager
    plan: RunPlan
    executor: Executor
    capacity: Capacity
    schedule: Schedule
    fail_fast: bool
    _running: dict[Key, _Attempt] = field(default_factory=dict)
    _tries: dict[int, _Tries] = field(default_factory=dict)
    _delayed: list[tuple[float, int]] = field(default_factory=list)
    _errors: list[StageFailedError] = field(default_factory=list)
    _processes: dict[str, int] = field(default_factory=dict)
    _blocked: int = 0
    _devices: bool = False

    def run(self) -> None:
        """Execute everything.

        Raises
        ------
        StageFailedError
            The first failure, once all is done that does not depend on one.
        ExecutorLostError
            If there is nowhere left to execute anything.

        """
        calls = self.plan.mapped.calls
        asked = any(call.spec.requirements.gpu for call in calls)
        self._devices = self.capacity.local and (asked or bool(self.capacity.devices))
        try:
            self._execute_all()
        except ExecutorLostError as error:
            self.interrupted(error)
            raise
        if self._errors:
            raise self._first_error()

    def _execute_all(self) -> None:
        while not self.schedule.is_over and not (self.fail_fast and self._errors):
            self._hand_out()
            if self.schedule.is_over:
                break
            for event in self.executor.events(self._patience()):
                self._note(event)
            self._enforce_timeouts()

    def _first_error(self) -> StageFailedError:
        first, *others = self._errors
        if others:
            first.add_note(f"{len(others)} more failed:")
            for error in others[:_MOST_NAMED]:
                message = shorten(str(error), _LONGEST_MESSAGE, placeholder=" ...")
                first.add_note(f"  {error.__notes__[0]}: {message}")
            if len(others) > _MOST_NAMED:
                first.add_note(f"  and {len(others) - _MOST_NAMED} others")
        if self._blocked:
            blocked = counted(self._blocked, "stage")
            first.add_note(f"{blocked} not executed, for want of the results of what failed")
        return first

    # -- handing out ---------------------------------------------------------------------------

    def _hand_out(self) -> None:
        self.capacity.grow(self.executor.slots)
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            self.schedule.retry(heapq.heappop(self._delayed)[1])
        while len(self._running) < self.executor.slots:
            index = self.schedule.take(self._fits)
            if index is None:
                return
            if self._is_needed(index):
                self._begin(index)
            else:
                self.schedule.finish(index)

    def _fits(self, index: int) -> bool:
        return self.capacity.fits(self.plan.mapped.calls[index].spec.requirements)

    def _is_needed(self, index: int) -> bool:
        """Decide finally about a call, now that all is known that it is computed from."""
        call = self.plan.mapped.calls[index]
        if call.decision is None or call.decision.action is not Action.RUN:
            call.decision = settle(call, self.plan.plan.decisions[index])
        return call.decision.action is Action.RUN

    def _begin(self, index: int) -> None:
        call = self.plan.mapped.calls[index]
        needs = call.spec.requirements
        claim = self.capacity.claim(needs)
        tries = self._tries.setdefault(index, _Tries())
        task = Task(
            key=call.key,
            stage=call.name,
            hash=call.hash,
            lineage=lineage(call),
            label=call.label,
            requirements=needs,
            devices=claim.devices if self._devices else None,
            attempt=1 + tries.failures + tries.losses,
        )
        self._running[call.key] = _Attempt(index, claim)
        self.executor.submit(task)

    def _patience(self) -> float:
        """Return for how long nothing has to be done here, in seconds."""
        times = [each.deadline for each in self._running.values() if each.deadline is not None]
        if self._delayed:
            times.append(self._delayed[0][0])
        return max(0.0, min(_WAIT, min(times, default=float("inf")) - time.monotonic()))

    def _enforce_timeouts(self) -> None:
        now = time.monotonic()
        for key, attempt in list(self._running.items()):
            if attempt.deadline is not None and now >= attempt.deadline:
                call = self.plan.mapped.calls[attempt.index]
                attempt.deadline = None
                attempt.cancelled = f"it took longer than {call.spec.requirements.timeout:g} s"
                self.executor.cancel(key)

    # -- what comes back -----------------------------------------------------------------------

    def _note(self, event: object) -> None:
        if isinstance(event, Said):
            _pass_on(self._speaker(event.worker), event.message)
        elif isinstance(event, Started):
            self._note_start(event)
        elif isinstance(event, Finished | Lost) and event.key in self._running:
            attempt = self._running.pop(event.key)
            self.capacity.release(attempt.claim)
            if isinstance(event, Lost):
                self._note_loss(attempt, event)
            else:
                for message in event.outcome.messages:
                    _pass_on(self._speaker(event.outcome.worker), message)
                self._note_outcome(attempt.index, event.outcome)

    def _speaker(self, worker: str | None) -> str:
        """Return what stands before the messages of ``worker``."""
        process = self._processes.get(worker or "")
        return f"[worker {worker}]" if process is None else f"{{PID:{process}}}"

    def _note_start(self, event: Started) -> None:
        if event.process is not None:
            self._processes[event.worker] = event.process
        attempt = self._running.get(event.key)
        if attempt is None or attempt.cancelled:
            return
        call = self.plan.mapped.calls[attempt.index]
        if call.spec.requirements.timeout is not None:
            attempt.deadline = time.monotonic() + call.spec.requirements.timeout
        call.worker = event.worker
        self._tell_start(attempt.index)

    def _tell_start(self, index: int) -> None:
        """Let log and hooks know, once, however often the call is tried."""
        call, tries = self.plan.mapped.calls[index], self._tries[index]
        if not tries.begun:
            tries.begun = True
            with self.manager.log.speaking_for(self._speaker(call.worker)):
                self.manager.call_started(call)

    def _note_outcome(self, index: int, outcome: Report | Failure) -> None:
        call = self.plan.mapped.calls[index]
        call.worker = outcome.worker
        self._tell_start(index)
        if isinstance(outcome, Report):
            self._note_report(call, outcome)
            self.schedule.finish(index)
        elif not self._recovers(index, outcome):
            self._note_failure(index, outcome)

    def _note_report(self, call: StageCall, report: Report) -> None:
        call.status, call.error = CallStatus.EXECUTED, None
        call.execution, call.started = report.execution, report.started
        call.seconds, call.cpu_seconds = report.seconds, report.cpu_seconds
        call.peak_memory, call.metrics = report.peak_memory, report.metrics
        call.tracked = report.tracked
        unsaved = None if self.manager.writes_cache else f"unsaved {report.execution}"
        for artifact, shown in zip(call.outputs, report.previews, strict=True):
            artifact.described(*shown)
            artifact.renewed(unsaved)
        self._tell_end(call)

    def _tell_end(self, call: StageCall) -> None:
        with self.manager.log.speaking_for(self._speaker(call.worker)):
            self.manager.call_finished(call)

    def _recovers(self, index: int, failure: Failure) -> bool:
        """Let what could not be read be computed again, and ``index`` after it."""
        if failure.misses is None:
            return False
        calls = self.plan.mapped.calls
        missing = next((i for i, call in enumerate(calls) if call.key == failure.misses), None)
        if missing is None or not self.schedule.demand(missing, index):
            return False
        source = calls[missing]
        _log.warning("%s runs after all: its result is needed and cannot be read", source.label)
        source.decision = Decision(Action.RUN, look_up(source)[0])
        source.status = CallStatus.PENDING
        return True

    def _note_loss(self, attempt: _Attempt, lost: Lost) -> None:
        call = self.plan.mapped.calls[attempt.index]
        call.worker = lost.worker or call.worker
        self._tell_start(attempt.index)
        if attempt.cancelled:
            failure = Failure("StageTimeoutError", f"{attempt.cancelled}.", "", worker=lost.worker)
            self._note_failure(attempt.index, failure)
            return
        retries = call.spec.requirements.retries
        allowed = _LOSSES if retries is None else retries
        tries = self._tries[attempt.index]
        tries.losses += 1
        if tries.losses > allowed:
            often = f", {tries.losses} times in a row" if tries.losses > 1 else ""
            failure = Failure("WorkerLostError", f"{lost.reason}{often}.", "", worker=lost.worker)
            self._fail(attempt.index, failure)
            return
        _log.warning("stage %s was lost: %s. It is begun again.", call.label, lost.reason)
        self._delay(attempt.index, tries.losses - 1)

    def _note_failure(self, index: int, failure: Failure) -> None:
        call, tries = self.plan.mapped.calls[index], self._tries[index]
        retries = call.spec.requirements.retries or 0
        if tries.failures >= retries or failure.kind == "WorkerDiffersError":
            self._fail(index, failure)
            return
        tries.failures += 1
        problem = f"{failure.kind}: {failure.message}"
        _log.warning(
            "stage %s failed: %s. Retry %s of %s.", call.label, problem, tries.failures, retries
        )
        self._delay(index, tries.failures - 1)

    def _delay(self, index: int, times: int) -> None:
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0**times) if times else 0.0
        heapq.heappush(self._delayed, (time.monotonic() + delay, index))

    def _fail(self, index: int, failure: Failure) -> None:
        calls = self.plan.mapped.calls
        call = calls[index]
        error = make_error(failure)
        error.add_note(f"in {self.manager.describe_call(call)}")
        call.status, call.error = CallStatus.FAILED, error
        self._errors.append(error)
        self._tell_end(call)
        for lost in self.schedule.fail(index):
            self._blocked += 1
            calls[lost].status = CallStatus.SKIPPED
            calls[lost].decision = Decision(
                Action.SKIP, (Cause(CauseKind.INPUT_FAILED, call.label),)
            )
            self.manager.call_finished(calls[lost])

    def interrupted(self, interrupt: BaseException) -> None:
        """Note that what was being executed came to no end."""
        for attempt in self._running.values():
            call = self.plan.mapped.calls[attempt.index]
            call.status, call.error = CallStatus.FAILED, interrupt
            self._tell_end(call)


def make_error(failure: Failure) -> StageFailedError:
    """Return an exception whose class has the name of the one that was raised elsewhere."""
    kind = type(failure.kind, (StageFailedError,), {"__module__": "builtins"})
    error: StageFailedError = kind(failure.message)
    error.traceback = failure.traceback
    error.own_traceback = failure.own_traceback or failure.traceback
    return error


def _pass_on(speaker: str, message: Mapping[str, object]) -> None:
    """Log, or print, what a worker did."""
    if "stream" in message:
        stream = sys.stderr if message["stream"] == "stderr" else sys.stdout
        stream.write(str(message["text"]))
        stream.flush()
        return
    prefix = f"{speaker} {message['prefix']}"
    record = logging.makeLogRecord({**message, "prefix": prefix})
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
