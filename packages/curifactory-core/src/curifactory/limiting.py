"""Ending a stage that takes too long, in the process that called it."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from curifactory.exceptions import StageTimeoutError

_log = logging.getLogger(__name__)
_AGAIN = 5.0
"""After how many seconds a stage that went on is interrupted once more."""


@contextmanager
def limited(seconds: float, label: str) -> Iterator[None]:
    """Interrupt the block as Ctrl-C would when it has taken longer than ``seconds``.

    What is not Python's, such as one long call of a numerical library, comes to its end first; what
    was started, such as another process, is not ended. A block that goes on all the same is
    interrupted again, and fails when it has ended. Where there are no alarms, which is anywhere but
    in the main thread of a Unix process, nothing is limited and a warning says so.

    Raises
    ------
    StageTimeoutError
        If it took longer.

    """
    if not _has_alarms():
        _log.warning(
            "stage %s may take longer than its timeout of %g s: only the main thread of a process "
            "can end it. Run it with --parallel 1.",
            label,
            seconds,
        )
        yield
        return
    with _alarm(seconds):
        yield


def _has_alarms() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and hasattr(signal, "setitimer")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    message = f"it took longer than {seconds:g} s."
    within, expired = True, False

    def expire(_number: int, _frame: object) -> None:
        nonlocal expired
        if within:  # else it has just ended
            expired = True
            _raise(message)

    begun = time.monotonic()
    handler = signal.signal(signal.SIGALRM, expire)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        within = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if left:  # whoever set it is waiting for it
            remaining = max(0.001, left - (time.monotonic() - begun))
            signal.setitimer(signal.ITIMER_REAL, remaining, interval)
    if expired:
        _raise(message)


def _raise(message: str) -> NoReturn:
    raise StageTimeoutError(message)
