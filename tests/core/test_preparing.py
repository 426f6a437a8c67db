"""A process that executes one call of a run, as a worker does."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from curifactory.config import get_configuration
from curifactory.exceptions import ExecutingWithSkippedInputError
from curifactory.importing import project_imports
from curifactory.options import RunOptions
from curifactory.performing import execute
from curifactory.running import prepare

if TYPE_CHECKING:
    from tests.core.conftest import Project

EXPERIMENT = """
import curifactory as cf
from probe import FileCacher, ran

@cf.stage(outputs=["a"], cachers=[FileCacher])
def make_a(record):
    ran.append("a")
    return 1

@cf.stage(inputs=["a"], outputs=["b"], cachers=[FileCacher])
def make_b(record, a):
    ran.append("b")
    return a + 1

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    make_b(make_a(cf.Record(manager, param_sets[0])))
"""


@pytest.fixture
def take_call(project: "Project") -> Callable[[str], object]:
    """Map the experiment afresh, and execute the call of one stage alone."""
    project.write("experiments/chain.py", EXPERIMENT)

    def take(stage: str) -> object:
        configuration = get_configuration()
        with project_imports(configuration):
            work = prepare(RunOptions(experiment="chain"), configuration)
            plan = work.plan()
            assert plan is not None
            work.manager.computes_missing = False
            (call,) = [call for call, _ in plan.calls() if call.name == stage]
            return execute(call)

    return take


def test_calls_of_one_run_can_be_executed_one_by_one(
    project: "Project", take_call: Callable[[str], object]
) -> None:
    assert take_call("make_a") == (1,)
    assert take_call("make_b") == (2,)
    assert project.ran == ["a", "b"]

    result = project.run("chain")

    assert result.status == "complete"
    assert [call.status for call, _ in result.manager.decisions()] == ["skipped", "skipped"]


def test_a_call_whose_input_is_nowhere_is_refused(
    project: "Project", take_call: Callable[[str], object]
) -> None:
    with pytest.raises(ExecutingWithSkippedInputError, match="'a' of 'make_a'"):
        take_call("make_b")

    assert project.ran == []
