"""Starting, watching and ending worker processes."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from curifactory.cli.parallel.serving import ENDING_SIGNALS, serve_forked
from curifactory.cli.parallel.threads import count_threads, thread_variables
from curifactory.executors import Task, Workplace

_PROGRAM = "from curifactory.cli.parallel.serving import serve_started; serve_started()"


class WorkerProcess:
    """One worker: a process with a pipe to it, in a process group of its own."""

    def __init__(self, name: str, pid: int, connection: Connection, profile: Any) -> None:
        self.name = name
        self.pid = pid
        self.connection = connection
        self.profile = profile
        """What its environment is made for."""
        self.task: Task | None = None
        self.has_begun = False
        """Whether it has said that it executes ``task``."""
        self.has_served = False
        """Whether it has executed anything before."""
        self.kill_at: float | None = None
        """When it is to be killed, in monotonic seconds, if it has not ended by then."""
        self.status: int | None = None
        """How it ended, as ``os.waitpid`` tells; ``None`` while it runs."""
        self.sentinel = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def give(self, task: Task) -> None:
        """Let it execute ``task``; that it may be dead already is noticed elsewhere."""
        self.task, self.has_begun = task, False
        with suppress(OSError):
            self.connection.send(task)

    def has_ended(self) -> bool:
        """Tell whether the process is gone, and take note of how it ended."""
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                pid, status = self.pid, 0
            if pid:
                self.status = status
        return self.status is not None

    def end(self, *, grace: float) -> None:
        """Ask it to end, with all it has started, and have it killed after ``grace`` seconds."""
        if self.kill_at is None:
            self._signal(signal.SIGTERM)
        self.kill_at = min(self.kill_at or float("inf"), time.monotonic() + grace)

    def retire(self) -> None:
        """Let it end by itself, which it does when it has nothing to do."""
        self.connection.close()

    def kill(self) -> None:
        """Kill it with all it has started."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def bury(self) -> None:
        """Kill what it has left behind, and close what belongs to it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.connection.close()
        if self.sentinel is not None:
            os.close(self.sentinel)
            self.sentinel = None

    def epitaph(self) -> str:
        """Return how it ended, in words."""
        who = f"worker {self.name} (process {self.pid})"
        code = os.waitstatus_to_exitcode(self.status or 0)
        if code >= 0:
            return f"{who} exited with code {code}"
        name = signal.Signals(-code).name
        memory = ", perhaps for lack of memory" if -code == signal.SIGKILL else ""
        return f"{who} was killed by {name}{memory}"


def can_fork() -> bool:
    """Tell whether a process that inherits this one's memory would work.

    Locks that other threads hold at that moment would stay held in it for ever.
    """
    return sys.platform == "linux" and count_threads() == 1


def forks_workers(settings: Mapping[str, Any]) -> bool:
    """Tell whether the executor ``local`` with these settings would fork workers now."""
    start = settings.get("start")
    return can_fork() if start is None else start == "fork"


def fork_worker(
    place: Workplace, name: str, profile: Any, others: Iterable[Connection]
) -> WorkerProcess:
    """Start a worker that inherits the mapped calls."""
    ours, theirs = Pipe()
    manager = next(iter(place.calls.values())).record.manager
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            ours.close()
            for connection in others:
                connection.close()
            serve_forked(theirs, name, parent, manager, place.calls)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    theirs.close()
    with suppress(OSError):  # it has done so itself, or is gone
        os.setpgid(pid, pid)
    return WorkerProcess(name, pid, ours, profile)


def spawn_worker(place: Workplace, name: str, profile: Any, cores: int) -> WorkerProcess:
    """Start a worker in a fresh interpreter, which maps the run itself."""
    load = (name, os.getpid(), list(sys.path), pickle.dumps(place.work))
    return start_interpreter(_PROGRAM, place.work.folder, name, profile, cores, load)


def start_interpreter(
    program: str, folder: str, name: str, profile: Any, cores: int, load: object
) -> WorkerProcess:
    """Start ``program`` in a fresh interpreter; its argument is a pipe that gives it ``load``."""
    ours, theirs = Pipe()
    process = subprocess.Popen(
        [sys.executable, *_interpreter_options(), "-c", program, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, **thread_variables(cores)},
        process_group=0,
    )
    theirs.close()
    process.returncode = 0  # it is waited for in WorkerProcess
    with suppress(OSError):  # it is gone already, which is noticed elsewhere
        ours.send_bytes(pickle.dumps(load))
    return WorkerProcess(name, process.pid, ours, profile)


def _interpreter_options() -> list[str]:
    return subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined, no-any-return]
