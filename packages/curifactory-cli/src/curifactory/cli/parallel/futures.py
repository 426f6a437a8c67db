"""Executors made of a pool with futures, such as those of :mod:`concurrent.futures`.

A pool of processes that breaks fails everything that was in it, and blames nobody. What was in it
is then executed one by one in a new pool, so that only a call that breaks it alone is lost.
"""

import os
import queue
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import suppress

from curifactory.cli.parallel.working import describe_failure, perform_task
from curifactory.executors import (
    Event,
    Failure,
    Finished,
    Key,
    Lost,
    Report,
    Started,
    Task,
    Workplace,
)

Outcome = Report | Failure


class FuturesExecutor:
    """Executes calls in a pool; derive from it and return one from :meth:`make_pool`.

    What is in a pool cannot be ended: a call that takes too long counts as failed and goes on.
    """

    def __init__(self, place: Workplace) -> None:
        self.slots = place.slots
        self.place = place
        self._events: queue.SimpleQueue[tuple[Key, Future[Outcome]]] = queue.SimpleQueue()
        self._tasks: dict[Key, Task] = {}
        self._suspects: deque[Task] = deque()
        self._alone: Key | None = None
        self._started: list[Event] = []
        self._pool: Executor | None = None

    def make_pool(self) -> Executor:
        """Return a new pool for ``self.slots`` calls at a time."""
        raise NotImplementedError

    def start(self) -> None:
        """Make the pool."""
        self._pool = self.make_pool()

    def submit(self, task: Task) -> None:
        """Put ``task`` into the pool, or among those to be executed one by one."""
        if self._suspects or self._alone is not None:
            self._suspects.append(task)
        else:
            self._put(task)

    def _put(self, task: Task) -> None:
        self._tasks[task.key] = task
        try:
            future = self._submit(perform_task, task)
        except BrokenExecutor:  # found out just now
            self.start()
            future = self._submit(perform_task, task)
        self._started.append(Started(task.key, "pool"))
        future.add_done_callback(lambda done: self._events.put((task.key, done)))

    def _submit(self, function: Callable[..., Outcome], task: Task) -> "Future[Outcome]":
        if self._pool is None:
            self._pool = self.make_pool()
        return self._pool.submit(function, self.place.work, task)

    def events(self, timeout: float) -> Sequence[Event]:
        """Return what has come out of the pool."""
        found, self._started = self._started, []
        deadline = time.monotonic() + (0.0 if found else timeout)
        while True:
            with suppress(queue.Empty):
                key, future = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
                found += self._note(key, future)
                while not self._events.empty():
                    found += self._note(*self._events.get())
            if found or time.monotonic() >= deadline:
                return found

    def _note(self, key: Key, future: "Future[Outcome]") -> list[Event]:
        task = self._tasks.pop(key, None)
        if task is None:
            return []
        event: Event | None
        try:
            event = Finished(key, future.result())
        except (BrokenExecutor, CancelledError) as error:
            event = self._note_break(task, error)
        except Exception as error:  # noqa: BLE001 - the pool's own, such as what cannot be pickled
            event = Finished(key, describe_failure(error, "pool"))
        if self._alone in {None, key}:
            self._alone = None
            self._next_suspect()
        return [] if event is None else [event]

    def _note_break(self, task: Task, error: BaseException) -> Event | None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        if self._alone == task.key or not self._tasks_in_flight():
            return Lost(task.key, f"the pool broke while it executed {task.label}: {error}")
        self._suspects.append(task)
        return None

    def _tasks_in_flight(self) -> bool:
        return bool(self._tasks or self._suspects)

    def _next_suspect(self) -> None:
        """Execute the next of what was in a broken pool, when nothing else is in it."""
        if self._suspects and not self._tasks:
            task = self._suspects.popleft()
            self._alone = task.key
            self._put(task)

    def cancel(self, key: Key) -> None:
        """Give ``key`` up; what it has started goes on."""
        if self._tasks.pop(key, None) is not None:
            self._started.append(Lost(key, "it was given up"))

    def close(self, *, grace: float) -> None:
        """Begin nothing more, and leave what is being executed to itself."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


class ThreadExecutor(FuturesExecutor):
    """Executes calls in threads of this process, for stages that wait for something."""

    def make_pool(self) -> Executor:
        """Return a pool of threads."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(self.slots, thread_name_prefix="stage")


class ProcessPoolExecutor(FuturesExecutor):
    """Executes calls in the pool of processes that Python comes with."""

    def make_pool(self) -> Executor:
        """Return a pool of fresh processes."""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor as Pool

        context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        return Pool(self.slots, mp_context=context)
