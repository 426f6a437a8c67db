"""A real Slurm of one node, where its Debian packages are installed and this is root."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.parallel.conftest import ParallelProject

LONG = 240.0
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmdParameters=config_overrides
MpiDefault=none
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def slurm(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Start munged, slurmctld and slurmd by hand, and stop them afterwards."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.getuid() != 0:
        pytest.skip(f"Slurm is not installed ({', '.join(missing)}), or this is not root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    folder.chmod(0o755)
    place = folder / "slurm.conf"
    host = socket.gethostname().partition(".")[0]
    ports = free_port(), free_port()
    place.write_text(CONFIGURATION.format(host=host, folder=folder, ports=ports))
    (folder / "cgroup.conf").write_text("CgroupPlugin=autodetect\n")
    monkeypatch.setenv("SLURM_CONF", str(place))
    commands = [
        [
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--pid-file={folder}/munged.pid",
            f"--log-file={folder}/munged.log",
            f"--seed-file={folder}/seed",
        ],
        ["slurmctld", "-D", "-f", str(place)],
        ["slurmd", "-D", "-f", str(place), "-N", host],
    ]
    os.makedirs("/run/munge", exist_ok=True)
    with ExitStack() as stack:
        for words in commands:
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            time.sleep(1)
        deadline = time.monotonic() + 60
        while "idle" not in _sinfo():
            if time.monotonic() > deadline:
                logs = "".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
                pytest.skip(f"Slurm does not come up in this container: {_sinfo()} {logs}")
            time.sleep(0.5)
        yield folder


def _sinfo() -> str:
    process = subprocess.run(
        ["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False
    )
    return process.stdout + process.stderr


@pytest.mark.slow
def test_stages_run_in_jobs_of_a_cluster(tree: "ParallelProject", slurm: Path) -> None:
    settings = {
        "kind": "slurm",
        "cores": 1,
        "memory": "500MB",
        "queue": "test",
        "workers": 2,
        "interface": "lo",
        "walltime": "00:30:00",
        "wait": 200,
        "job_directives_skip": ["--mem"],
    }
    tree.project.run("tree", "--no-report")
    serial = tree.artifacts()
    tree.forget()
    tree.project.write("curifactory_config.json", json.dumps({"executors": {"hpc": settings}}))

    with tree.project.start("tree", "--no-report", "--executor", "hpc") as process:
        out, err = process.communicate(timeout=LONG)

    assert process.returncode == 0, out + err
    assert tree.artifacts() == serial
    assert set(tree.counts().values()) == {1}
    assert list((tree.project.root / "logs" / "jobs").iterdir())
