"""What stages that run at a time are given: cores, devices, threads."""

import json
import os
from typing import TYPE_CHECKING

import pytest

from curifactory.experiment import run_experiment
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project


NEEDY = """
import os, time
from pathlib import Path
import curifactory as cf

@cf.stage(outputs=["env"], resources=NEEDS)
def needy(record):
    with open("log.txt", "a") as file:
        file.write("+1\\n")
    time.sleep(0.05)
    with open("log.txt", "a") as file:
        file.write("-1\\n")
    names = ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
    return {name: os.environ.get(name) for name in names}

def get_params():
    return [cf.ExperimentParameters(name=str(n), hash=str(n)) for n in range(6)]

def run(param_sets, manager):
    return [needy(cf.Record(manager, item)) and manager.records[-1].output for item in param_sets]
"""


def needy(project: "Project", needs: str) -> None:
    project.write("experiments/needy.py", NEEDY.replace("NEEDS", needs))


def test_a_stage_that_asks_for_too_much_ends_the_run_before_it_begins(project: "Project") -> None:
    needy(project, '{"cores": 3}')

    outcome = project.run("needy", "--parallel", "2")

    assert outcome.code == 2
    assert "stage 'needy' needs cores=3, and there are 2" in outcome.err
    assert RunStore("data").runs() == []
    assert not (project.root / "log.txt").exists()


def test_stages_run_at_a_time_only_as_far_as_there_is_enough(project: "Project") -> None:
    needy(project, '{"cores": 2}')

    outcome = project.run("needy", "--parallel", "4", "--resources", "cores=4", "--no-report")

    assert outcome.code == 0
    running, most = 0, 0
    for line in (project.root / "log.txt").read_text().split():
        running += int(line)
        most = max(most, running)
    assert 1 <= most <= 2
    assert running == 0


def test_a_worker_sees_its_share_of_threads_and_devices(project: "Project") -> None:
    needy(project, '{"cores": 2, "gpu": 1}')

    results, manager = run_experiment("needy", parallel=2, resources="cores=4,gpu=2", report=False)

    assert manager.status == "complete"
    assert {env["OMP_NUM_THREADS"] for env in results} == {"2"}
    assert {env["CUDA_VISIBLE_DEVICES"] for env in results} <= {"0", "1"}


BLAS = """
import curifactory as cf
import numpy as np

@cf.stage(outputs=["threads"], resources={"cores": CORES})
def multiply(record):
    from threadpoolctl import threadpool_info
    np.ones((64, 64)) @ np.ones((64, 64))
    return sorted({pool["num_threads"] for pool in threadpool_info()})

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    return [multiply(cf.Record(manager, item)).output for item in param_sets]
"""


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("start", ["fork", "spawn", "dask"])
def test_numerical_libraries_take_the_cores_of_their_stage(
    project: "Project", start: str, cores: int
) -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    pytest.importorskip("numpy")
    if start == "dask":
        pytest.importorskip("distributed", reason="Dask is not installed")
    project.write("experiments/blas.py", BLAS.replace("CORES", str(cores)))
    executors = {"mine": {"kind": "local", "start": start}}
    project.write("curifactory_config.json", json.dumps({"executors": executors}))

    results, manager = run_experiment(
        "blas",
        parallel=2,
        executor="dask" if start == "dask" else "mine",
        resources="cores=4",
        report=False,
    )

    assert manager.error is None
    assert results == [[cores], [cores]]
    pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    assert set(pools) <= {len(os.sched_getaffinity(0))}
