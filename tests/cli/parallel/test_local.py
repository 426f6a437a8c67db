"""Workers of this machine that die at an unlucky time."""

import os
import signal
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.parallel import coordinator
from curifactory.cli.parallel.local import LocalExecutor
from curifactory.executors import Task

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject


class Unlucky(LocalExecutor):
    """Gives tasks to workers that have just died, if they have executed something."""

    def submit(self, task: Task) -> None:
        for worker in self._workers:
            if worker.task is None:
                os.kill(worker.pid, signal.SIGKILL)
                os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        super().submit(task)


def test_a_death_between_two_calls_costs_none(
    tree: "ParallelProject", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "find", lambda _group, _kind: Unlucky)
    path = tree.project.root / "experiments" / "tree.py"
    path.write_text(path.read_text().replace("[JsonCacher])", "[JsonCacher], retries=0)"))

    outcome = tree.project.run("tree", "--parallel", "2", "--no-report")

    assert (outcome.code, outcome.err) == (0, "")
    assert set(tree.counts().values()) == {1}
    assert "is begun again" not in outcome.out
