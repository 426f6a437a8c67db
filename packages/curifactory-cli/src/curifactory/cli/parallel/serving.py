"""A worker process: it takes one task at a time from a pipe, and ends with its parent."""

import atexit
import io
import logging
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from curifactory.cli.parallel.threads import limit_threads
from curifactory.cli.parallel.working import MappedRun, describe_failure, describe_message
from curifactory.executors import Failure, Finished, Said, Started, Task, Work
from curifactory.exiting import Terminated
from curifactory.manager import ArtifactManager

_PR_SET_PDEATHSIG = 1


def serve(connection: Connection, worker: str, parent: int, make: Callable[[], MappedRun]) -> None:
    """Execute the tasks that come through ``connection`` until it is closed.

    Parameters
    ----------
    connection
        Gives ``(task, environment)``, and takes events.
    worker
        The name of this worker.
    parent
        Process to end with.
    make
        Returns the mapped run.

    """
    end_with(parent)
    signal.signal(signal.SIGTERM, _terminate)
    _redirect_input()
    try:
        mapped: MappedRun | Failure
        try:
            mapped = make()
        except Exception as error:  # noqa: BLE001 - told to the coordinator, whatever it is
            mapped = describe_failure(error, worker)
        _forward(connection, worker, mapped.manager if isinstance(mapped, MappedRun) else None)
        while True:
            task, environment = connection.recv()
            connection.send(Started(task.key, worker, os.getpid()))
            _prepare_for(task, environment)
            outcome = mapped.perform(task, worker) if isinstance(mapped, MappedRun) else mapped
            _flush_output()
            connection.send(Finished(task.key, outcome))
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


def _prepare_for(task: Task, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    limit_threads(task.requirements.cores)
    if task.requirements.isolate and task.requirements.memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (task.requirements.memory,) * 2)


def _forward(connection: Connection, worker: str, manager: ArtifactManager | None) -> None:
    """Send what is logged and printed through ``connection``."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Forwarder(connection, worker, manager))
    sys.stdout = _Output(connection, worker, "stdout", sys.stdout)
    sys.stderr = _Output(connection, worker, "stderr", sys.stderr)


def _flush_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Output):
            stream.send_rest()


class _Forwarder(logging.Handler):
    def __init__(
        self, connection: Connection, worker: str, manager: ArtifactManager | None
    ) -> None:
        super().__init__()
        self._connection, self._worker, self._manager = connection, worker, manager

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = describe_message(record, self._manager)
        except Exception:  # noqa: BLE001 - a message that cannot be put together fails no stage
            self.handleError(record)
            return
        if message is not None:
            self._connection.send(Said(self._worker, message))


class _Output(io.TextIOBase):
    """Sends what is printed, in whole lines, so that those of several workers do not mix."""

    def __init__(self, connection: Connection, worker: str, name: str, real: Any) -> None:
        super().__init__()
        self._connection, self._worker, self._name, self._real = connection, worker, name, real
        self._rest = ""

    def write(self, text: str) -> int:
        lines, newline, rest = (self._rest + text).rpartition("\n")
        self._rest = rest
        if newline:
            self._send(lines + newline)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return the descriptor of the real stream, for programs that stages start."""
        return int(self._real.fileno())

    def send_rest(self) -> None:
        """Send a last line that does not end."""
        rest, self._rest = self._rest, ""
        if rest:
            self._send(rest)

    def _send(self, text: str) -> None:
        self._connection.send(Said(self._worker, {"stream": self._name, "text": text}))


def serve_forked(
    connection: Connection, worker: str, parent: int, manager: ArtifactManager, calls: Any
) -> NoReturn:
    """Be a worker that has inherited the mapped calls of its parent; never returns."""
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
