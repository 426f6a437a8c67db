"""The smaller examples, copied to a folder of their own and run with the real command."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

_EXAMPLES = Path(__file__).parents[2] / "examples"


def copied(name: str, folder: Path) -> Path:
    leftovers = shutil.ignore_patterns("data", "logs", "reports", "notebooks", "__pycache__")
    return Path(shutil.copytree(_EXAMPLES / name, folder / name, ignore=leftovers))


def run(project: Path, *words: str) -> str:
    command = os.path.join(sysconfig.get_path("scripts"), "experiment")
    done = subprocess.run(
        [command, *words],
        cwd=project,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_digits_shares_its_images_and_compares_over_seeds(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs the group examples of pyproject.toml")
    project = copied("digits", tmp_path)

    first, second = run(project, "digits"), run(project, "digits")

    assert "warning" not in first
    assert "20 stages: 20 run" in first
    assert "Nothing ran" in second
    assert len(list((project / "data/cache").glob("*_load_images_images.npy"))) == 1
    page = (project / "reports/_latest/index.html").read_text("utf-8")
    for name in ("1 neighbour", "5 neighbours", "ridge", "accuracy over seeds", "confusion"):
        assert name in page


@pytest.mark.slow
def test_custom_cacher_stores_a_model_in_two_files(tmp_path: Path) -> None:
    project = copied("custom_cacher", tmp_path)

    run(project, "network", "--no-report")
    again = run(project, "network", "--no-report", "--overwrite-stage", "predict")

    assert "2 run, 2 loaded" in again
    cache = project / "data/cache"
    assert len(list(cache.glob("network_*_train_network_weights.npy"))) == 2
    for path in cache.glob("network_*_train_network_metadata.json"):
        assert json.loads(path.read_text("utf-8"))["extra"] == {"weights": 3}
    predictions = [json.loads(path.read_text()) for path in cache.glob("*_predict_prediction.json")]
    assert all(abs(prediction - 2) < 0.5 for prediction in predictions)


@pytest.mark.slow
def test_lazy_arrays_hold_one_array_at_a_time(tmp_path: Path) -> None:
    project = copied("lazy_arrays", tmp_path)

    done = subprocess.run(
        [sys.executable, "-W", "error", "peak.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )

    lazy, kept = (int(peak) for peak in re.findall(r"(\d+) MB", done.stdout))
    array = 4  # MB
    assert lazy < 5 * array  # one, what numpy makes of it, and a part of it that is digested
    assert kept > 8 * array


@pytest.mark.slow
def test_parallel_sweep_gives_what_one_process_gives(tmp_path: Path) -> None:
    parallel, serial = copied("parallel_sweep", tmp_path / "a"), copied("parallel_sweep", tmp_path)

    assert "11 run" in run(parallel, "percolation", "--parallel", "2", "--no-report")
    assert "11 run" in run(serial, "percolation", "--no-report")

    (curves,), (expected,) = (
        list((project / "data/cache").glob("*_compare_curves.json"))
        for project in (parallel, serial)
    )
    assert curves.read_bytes() == expected.read_bytes()
    assert json.loads(curves.read_text("utf-8"))["30 cells a side"][::4] == [0, 1]
