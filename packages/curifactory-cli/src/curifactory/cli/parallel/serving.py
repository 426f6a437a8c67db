"""A worker process: it takes one task at a time from a pipe, and ends with its parent."""

import atexit
import fcntl
import io
import logging
import os
import pickle
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from curifactory.cli.parallel.working import (
    MappedRun,
    describe_failure,
    describe_message,
    prepare_for,
)
from curifactory.executors import Event, Failure, Finished, Said, Started, Task, Work
from curifactory.exiting import Terminated
from curifactory.manager import ArtifactManager

_PR_SET_PDEATHSIG = 1
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Channel:
    """The way from a worker to its coordinator, for its threads and for what stages fork."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._file = _make_lock_file()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._turn = threading.RLock()  # another thread may have held it when this was forked

    def send(self, event: Event) -> None:
        """Send ``event`` while nobody else is sending."""
        with self._turn:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                self._connection.send(event)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)


def _make_lock_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("curifactory")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def serve(connection: Connection, worker: str, parent: int, make: Callable[[], MappedRun]) -> None:
    """Execute the tasks that come through ``connection`` until it is closed.

    Parameters
    ----------
    connection
        Gives tasks, and takes events.
    worker
        The name of this worker.
    parent
        Process to end with.
    make
        Returns the mapped run.

    """
    end_with(parent)
    signal.signal(signal.SIGTERM, _terminate)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
    _redirect_input()
    channel = Channel(connection)
    try:
        mapped: MappedRun | Failure
        try:
            mapped = make()
        except Exception as error:  # noqa: BLE001 - told to the coordinator, whatever it is
            mapped = describe_failure(error, worker)
        _forward(channel, worker, mapped.manager if isinstance(mapped, MappedRun) else None)
        while True:
            task = connection.recv()
            channel.send(Started(task.key, worker, os.getpid()))
            prepare_for(task)
            _hold_to_memory(task)
            outcome = mapped.perform(task, worker) if isinstance(mapped, MappedRun) else mapped
            _flush_output()
            channel.send(Finished(task.key, outcome))
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return  # the coordinator has no more tasks, wants none done, or is gone


def end_with(parent: int) -> None:
    """Let the system kill this process when its parent is gone, where it can."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise Terminated


def _redirect_input() -> None:
    """Let reading from standard input find nothing, instead of stopping the process."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _hold_to_memory(task: Task) -> None:
    if task.requirements.isolate and task.requirements.memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (task.requirements.memory,) * 2)


def _forward(channel: Channel, worker: str, manager: ArtifactManager | None) -> None:
    """Send what is logged and printed through ``channel``."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Forwarder(channel, worker, manager))
    sys.stdout = _Output(channel, worker, "stdout", sys.stdout)
    sys.stderr = _Output(channel, worker, "stderr", sys.stderr)


def _flush_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Output):
            stream.send_rest()


class _Forwarder(logging.Handler):
    def __init__(self, channel: Channel, worker: str, manager: ArtifactManager | None) -> None:
        super().__init__()
        self._channel, self._worker, self._manager = channel, worker, manager

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = describe_message(record, self._manager)
        except Exception:  # noqa: BLE001 - a message that cannot be put together fails no stage
            self.handleError(record)
            return
        if message is not None:
            self._channel.send(Said(self._worker, message))


class _Output(io.TextIOBase):
    """Sends what is printed, in whole lines, so that those of several workers do not mix."""

    def __init__(self, channel: Channel, worker: str, name: str, real: Any) -> None:
        super().__init__()
        self._channel, self._worker, self._name, self._real = channel, worker, name, real
        self._rests: dict[int, str] = {}
        """The beginning of a line that is not complete, by thread."""

    def write(self, text: str) -> int:
        thread = threading.get_ident()
        lines, newline, rest = (self._rests.pop(thread, "") + text).rpartition("\n")
        if rest:
            self._rests[thread] = rest
        if newline:
            self._send(lines + newline)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return the descriptor of the real stream, for programs that stages start."""
        return int(self._real.fileno())

    def send_rest(self) -> None:
        """Send last lines that do not end."""
        rests, self._rests = self._rests, {}
        for rest in rests.values():
            self._send(rest)

    def _send(self, text: str) -> None:
        self._channel.send(Said(self._worker, {"stream": self._name, "text": text}))


def serve_forked(
    connection: Connection, worker: str, parent: int, manager: ArtifactManager, calls: Any
) -> NoReturn:
    """Be a worker that has inherited the mapped calls of its parent; never returns.

    ``ENDING_SIGNALS`` are to be held until then, or one would end the worker as if it were its
    parent.
    """
    code = 0
    try:
        atexit._clear()  # what the parent registered is its own
        os.setpgid(0, 0)
        manager.run.assume({})
        _seed_anew()
        serve(connection, worker, parent, lambda: MappedRun(manager, calls))
    except BaseException:  # noqa: BLE001 - nothing above here is this process's
        code = 1
    finally:
        try:
            atexit._run_exitfuncs()
        finally:
            os._exit(code)


def _seed_anew() -> None:
    """Let numpy's global numbers differ from those of other workers, as Python's own do."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def serve_started() -> None:
    """Be a worker in a fresh interpreter, whose argument is the number of its pipe."""
    connection = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.getLogger().addHandler(logging.NullHandler())
    worker, parent, path, work = pickle.loads(connection.recv_bytes())
    sys.path[:] = path
    load: Work = pickle.loads(work)
    logging.getLogger().setLevel(logging.DEBUG if load.options.verbose else logging.INFO)
    serve(connection, worker, parent, lambda: MappedRun.of_work(load))
