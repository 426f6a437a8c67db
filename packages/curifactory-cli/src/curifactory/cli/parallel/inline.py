"""The executor ``inline``: one call after the other in this process, to debug a parallel run."""

import os
from collections import deque
from collections.abc import Sequence

from curifactory.cli.parallel.working import perform_task
from curifactory.executors import Event, Finished, Key, Started, Task, Workplace


class InlineExecutor:
    """Executes calls where the run was started, each when it is asked what happened."""

    def __init__(self, place: Workplace) -> None:
        self.slots = 1
        self._work = place.work
        self._waiting: deque[Task] = deque()

    def start(self) -> None:
        """Do nothing: this process is there."""

    def submit(self, task: Task) -> None:
        """Keep ``task`` until events are asked for."""
        self._waiting.append(task)

    def events(self, timeout: float) -> Sequence[Event]:
        """Execute what waits, and return that."""
        found: list[Event] = []
        while self._waiting:
            task = self._waiting.popleft()
            found.append(Started(task.key, f"inline-{os.getpid()}"))
            found.append(Finished(task.key, perform_task(self._work, task)))
        return found

    def cancel(self, key: Key) -> None:
        """Do nothing: whoever asks is not executing anything."""

    def close(self, *, grace: float) -> None:
        """Forget what waits."""
        self._waiting.clear()
