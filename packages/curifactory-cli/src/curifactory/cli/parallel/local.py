"""The executor ``local``: supervised processes of this machine, one task each at a time."""

import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait

from curifactory.cli.parallel.processes import (
    WorkerProcess,
    fork_worker,
    forks_workers,
    spawn_worker,
)
from curifactory.executors import Event, Finished, Key, Lost, Started, Task, Workplace

_TICK = 0.2
"""How often processes are looked after where the system does not tell when one ends."""
_CANCEL_GRACE = 5.0
Profile = tuple[int, tuple[str, ...] | None, bool]


class LocalExecutor:
    """Executes calls in processes that this one starts; a death costs the call it happened in.

    Workers inherit the mapped experiment where forking is safe, and map it themselves in a fresh
    interpreter where it is not: on other systems than Linux, and where threads are running.
    """

    def __init__(self, place: Workplace) -> None:
        self.slots = place.slots
        self._place = place
        self._workers: list[WorkerProcess] = []
        self._buried: list[Event] = []

    def start(self) -> None:
        """Do nothing yet: workers are started as they are needed."""

    def submit(self, task: Task) -> None:
        """Give ``task`` to a worker that is made for it and has nothing to do, or to a new one."""
        needs = task.requirements
        profile: Profile = (needs.cores, task.devices, needs.isolate)
        idle = [worker for worker in self._workers if worker.task is None]
        fitting = [worker for worker in idle if worker.profile == profile and not needs.isolate]
        if fitting:
            worker = fitting[0]
        else:
            if idle and len(self._workers) >= self.slots:
                self._retire(idle[0])
            worker = self._launch(profile)
        worker.give(task)

    def _launch(self, profile: Profile) -> WorkerProcess:
        taken = {worker.name for worker in self._workers}
        number = 1
        while str(number) in taken:
            number += 1
        if self._place.calls and forks_workers(self._place.settings):
            others = [worker.connection for worker in self._workers]
            worker = fork_worker(self._place, str(number), profile, others)
        else:
            worker = spawn_worker(self._place, str(number), profile, profile[0])
        self._workers.append(worker)
        return worker

    def _retire(self, worker: WorkerProcess) -> None:
        worker.retire()
        worker.kill_at = time.monotonic() + _CANCEL_GRACE
        while not worker.has_ended():
            if time.monotonic() > worker.kill_at:
                worker.kill()
            wait([worker.sentinel] if worker.sentinel is not None else [], _TICK)
        self._forget(worker)

    def _forget(self, worker: WorkerProcess) -> None:
        worker.bury()
        self._workers.remove(worker)

    def events(self, timeout: float) -> Sequence[Event]:
        """Return what workers said, and which have died."""
        deadline = time.monotonic() + timeout
        while True:
            found = self._collect(max(0.0, min(self._next_look(), deadline - time.monotonic())))
            if found or time.monotonic() >= deadline:
                return found

    def _next_look(self) -> float:
        kills = [worker.kill_at for worker in self._workers if worker.kill_at is not None]
        nearest = min(kills, default=float("inf")) - time.monotonic()
        polled = any(worker.sentinel is None for worker in self._workers)
        return max(0.01, min(nearest, _TICK if polled else 3600.0))

    def _collect(self, timeout: float) -> list[Event]:
        sources: list[Connection | int] = []
        for worker in self._workers:
            sources.append(worker.connection)
            if worker.sentinel is not None:
                sources.append(worker.sentinel)
        wait(sources, timeout)
        found: list[Event] = []
        for worker in list(self._workers):
            ended = worker.has_ended()  # before its last words are read, so that none are lost
            found += self._read(worker)
            if worker.kill_at is not None and time.monotonic() >= worker.kill_at:
                worker.kill()
            if ended:
                found += self._end_of(worker)
        return found

    def _read(self, worker: WorkerProcess) -> list[Event]:
        found: list[Event] = []
        with suppress(EOFError, OSError):
            while worker.connection.poll():
                event: Event = worker.connection.recv()
                cancelled = worker.task is None or worker.kill_at is not None
                worker.has_begun |= isinstance(event, Started)
                if isinstance(event, Finished) and not cancelled:
                    if worker.task is not None and worker.task.requirements.isolate:
                        worker.end(grace=_CANCEL_GRACE)
                    worker.task, worker.has_served = None, True
                if not (cancelled and hasattr(event, "key")):
                    found.append(event)
        return found

    def _end_of(self, worker: WorkerProcess) -> list[Event]:
        self._forget(worker)
        if worker.task is None:
            return []
        if worker.has_served and not worker.has_begun and worker.kill_at is None:
            self.submit(worker.task)  # it died while it had nothing to do, which costs nothing
            return []
        return [Lost(worker.task.key, worker.epitaph(), worker.name)]

    def cancel(self, key: Key) -> None:
        """End the worker that executes ``key`` with all that it has started."""
        for worker in self._workers:
            if worker.task is not None and worker.task.key == key:
                worker.end(grace=_CANCEL_GRACE)

    def close(self, *, grace: float) -> None:
        """End all workers; those that execute something are asked, and killed after ``grace``."""
        for worker in self._workers:
            if worker.task is None:
                worker.retire()
                worker.kill_at = time.monotonic() + _CANCEL_GRACE
            else:
                worker.end(grace=grace)
        try:
            while self._workers:
                self._reap()
        finally:  # a second Ctrl-C
            for worker in self._workers:
                worker.kill()

    def _reap(self) -> None:
        for worker in list(self._workers):
            if worker.kill_at is not None and time.monotonic() >= worker.kill_at:
                worker.kill()
            if worker.has_ended():
                self._forget(worker)
        sentinels = [worker.sentinel for worker in self._workers if worker.sentinel is not None]
        wait(sentinels, min(_TICK, self._next_look())) if sentinels else time.sleep(0.01)
