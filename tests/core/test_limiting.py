"""Stages that take longer than they may, in one process."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from curifactory import ArtifactManager, Record, stage
from curifactory.exceptions import StageTimeoutError
from curifactory.limiting import limited


def test_a_stage_that_hangs_is_interrupted(manager: ArtifactManager) -> None:
    cleaned = []

    @stage(outputs=["value"], timeout=0.2)
    def hanging(record: Record) -> int:
        try:
            time.sleep(600)
        finally:
            cleaned.append(1)
        return 1

    with pytest.raises(StageTimeoutError, match=r"it took longer than 0\.2 s") as caught:
        hanging(Record(manager, None))

    assert cleaned == [1]
    assert "in stage 'hanging'" in caught.value.__notes__[0]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.slow
def test_a_stage_that_hangs_once_is_tried_again(manager: ArtifactManager) -> None:
    attempts = []

    @stage(outputs=["value"], timeout=2, retries=1)
    def hanging(record: Record) -> int:
        attempts.append(1)
        if len(attempts) == 1:
            subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=True)
        return 7

    assert hanging(Record(manager, None)).state["value"] == 7
    assert len(attempts) == 2


def test_a_stage_that_goes_on_all_the_same_fails_at_its_end(manager: ArtifactManager) -> None:
    @stage(outputs=["value"], timeout=0.1)
    def stubborn(record: Record) -> int:
        try:
            time.sleep(600)
        except Exception:  # noqa: BLE001 - as careless code does
            return 1
        return 2

    with pytest.raises(StageTimeoutError):
        stubborn(Record(manager, None))


def test_a_stage_in_time_is_left_alone_and_so_is_an_alarm_of_others(
    manager: ArtifactManager,
) -> None:
    @stage(outputs=["value"], timeout="1h")
    def quick(record: Record) -> int:
        return 7

    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 3600)
        assert quick(Record(manager, None)).state["value"] == 7
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < left <= 3600
        signal.raise_signal(signal.SIGALRM)
        assert rung == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_in_another_thread_a_warning_says_that_nothing_is_limited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = []

    def work() -> None:
        with limited(0.001, "'fit' of Record 0"):
            time.sleep(0.05)
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == [1]
    assert "stage 'fit' of Record 0 may take longer than its timeout of 0.001 s" in caplog.text


def test_a_block_inside_another_does_not_take_its_time(manager: ArtifactManager) -> None:
    def outer() -> None:
        with limited(0.2, "outer"):
            with limited(60, "inner"):
                pass
            time.sleep(600)

    with pytest.raises(StageTimeoutError, match=r"longer than 0\.2 s"):
        outer()
