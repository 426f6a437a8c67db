"""Runs without a plan: each process runs the experiment for a part of the parameter sets.

A process leaves aggregates out, which need the records of all; the run that comes after takes what
is cached and does the rest.
"""

import logging
import os
import pickle
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from multiprocessing.connection import Connection, wait

from curifactory.cli.parallel.carrying import pack, unpack
from curifactory.cli.parallel.coordination import make_error
from curifactory.cli.parallel.processes import WorkerProcess, start_interpreter
from curifactory.cli.parallel.serving import end_with
from curifactory.cli.parallel.working import describe_failure
from curifactory.config import Configuration
from curifactory.exceptions import ExecutingWithSkippedInputError, StageFailedError
from curifactory.executors import Failure
from curifactory.exiting import Terminated
from curifactory.importing import project_imports
from curifactory.interrupting import terminable
from curifactory.options import RunOptions
from curifactory.running import Execution, prepare

_log = logging.getLogger(__name__)
_PROGRAM = "from curifactory.cli.parallel.splitting import run_part; run_part()"


def split_evenly(count: int, workers: int) -> list[range]:
    """Return one index range per worker, together covering ``range(count)``.

    Fewer ranges come back if ``count`` is smaller; the first ones are larger by one if need be.

    Examples
    --------
    >>> split_evenly(5, 2)
    [range(0, 3), range(3, 5)]

    """
    size, rest = divmod(count, workers)
    bounds = [index * size + min(index, rest) for index in range(workers + 1)]
    return [range(*pair) for pair in pairwise(bounds) if pair[0] < pair[1]]


def split(execution: Execution, workers: int, *, grace: float) -> StageFailedError | None:
    """Let processes run the experiment for a part each, and return the first failure.

    Parameters
    ----------
    execution
        The run.
    workers
        How many processes, at least 1.
    grace
        Seconds they have to end when the run is interrupted.

    """
    places = execution.collection.places
    ranges = split_evenly(len(places), workers)
    if len(ranges) < workers:
        _log.warning(
            "--parallel %s: %s processes have nothing to do", workers, workers - len(ranges)
        )
    processes = [_start(execution, [places[i] for i in part], part) for part in ranges]
    try:
        outcomes = [_outcome(process) for process in processes]
    except KeyboardInterrupt:
        for process in processes:
            process.end(grace=grace)
        raise
    finally:
        for process in processes:
            _wait_for(process)
            process.bury()
    return next((make_error(failure) for failure in outcomes if failure is not None), None)


def _start(execution: Execution, places: Sequence[int], part: range) -> WorkerProcess:
    options = execution.options._replace(
        names=(),
        indices=(),
        global_indices=tuple(map(str, places)),
        parallel=None,
        parallel_lock=None,
        executor=None,
        parallel_mode=True,
        store_full=False,
        dag=False,
    )
    manager = execution.manager
    log = None
    if manager.log_path is not None:
        stem, ending = os.path.splitext(manager.log_path)
        log = f"{stem}_{part.start}-{part.stop}{ending}"
    packed = None if execution.definition is None else pack(execution.definition)
    load = (os.getpid(), list(sys.path), pickle.dumps((options, manager.config, log, packed)))
    name = f"{part.start}-{part.stop}"
    return start_interpreter(_PROGRAM, os.getcwd(), name, None, 1, load)


def _outcome(process: WorkerProcess) -> Failure | None:
    """Wait for a process and return what went wrong in it, ``None`` if nothing did."""
    try:
        failure: Failure | None = process.connection.recv()
    except (EOFError, OSError):
        _wait_for(process)
        return Failure("WorkerLostError", f"{process.epitaph()}.", "")
    return failure


def _wait_for(process: WorkerProcess) -> None:
    while not process.has_ended():
        if process.kill_at is not None and time.monotonic() >= process.kill_at:
            process.kill()
        sentinels = [] if process.sentinel is None else [process.sentinel]
        wait(sentinels, 0.2) if sentinels else time.sleep(0.02)


def run_part() -> None:
    """Run a part of the parameter sets, in a process whose argument is the number of its pipe."""
    connection = Connection(int(sys.argv[1]))
    parent, path, load = pickle.loads(connection.recv_bytes())
    end_with(parent)
    sys.path[:] = path
    options, configuration, log, packed = pickle.loads(load)
    with suppress(BrokenPipeError, Terminated):
        connection.send(_run_part(options, configuration, log, packed))


def _run_part(
    options: RunOptions, configuration: Configuration, log: str | None, packed: bytes | None
) -> Failure | None:
    try:
        with project_imports(configuration), terminable():
            definition = None if packed is None else unpack(packed)
            execution = prepare(options, configuration, definition=definition)
            manager = execution.manager
            manager.partial, manager.computes_missing = True, False
            if log is not None:
                manager.log.to_file(log)
            with suppress(ExecutingWithSkippedInputError):
                execution.function(list(execution.collection.parameter_sets), manager)
            manager.log.close()
    except Exception as error:  # noqa: BLE001 - told to the run, whatever it is
        return describe_failure(error, "")
    return None
