"""Recorded runs that no experiment had to run for."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curifactory.cli.runs.facts import History
from curifactory.environment import hostname

GONE = f"{hostname()}-{os.getpid()}-1"
"""Name of a process of this machine that ended."""
RecordRun = Callable[..., None]
"""Writes the journal of a run, as ``record_run(experiment, number, **facts)``."""


@pytest.fixture
def record_run(tmp_path: Path) -> RecordRun:
    store = tmp_path / "data" / "store"
    registered: set[str] = set()

    def record(
        experiment: str,
        number: int,
        *,
        day: int = 1,
        status: str | None = "complete",
        params: dict[str, Any] | None = None,
        seconds: float = 2.0,
        process: str = GONE,
        notes: str | None = None,
        difference: str = "",
        packages: dict[str, str] | None = None,
        seeds: dict[str, int] | None = None,
        stages: list[dict[str, Any]] | None = None,
    ) -> None:
        timestamp = f"2026-11-{day:02}-T10{number:02}00"
        hash_ = f"{abs(hash(json.dumps(params))):x}"
        began = day * 86400.0 + number
        lines: list[dict[str, Any]] = [
            {
                "event": "opened",
                "time": began,
                "reference": f"{experiment}_{number}_{timestamp}",
                "experiment_name": experiment,
                "run_number": number,
                "timestamp": timestamp,
                "commit": "4f5a0c3d9e1b7a2c",
                "workdir_dirty": bool(difference),
                "full_store": False,
                "status": "incomplete",
                "cli": f"experiment {experiment}",
                "hostname": "here",
                "notes": notes,
                "process": process,
            },
            {
                "event": "environment",
                "time": began,
                "python": "3.12.1",
                "platform": "linux",
                "seeds": seeds or {},
                "packages": packages or {},
                "difference": difference,
            },
        ]
        if params is not None:
            files = {experiment: [[params.get("name", "set"), hash_]]}
            lines.append({"event": "parameters", "time": began, "files": files})
        lines += [{"event": "stage", "time": began, "hash": hash_, **line} for line in stages or []]
        if status is not None:
            end = {"status": status, "error": None, "calls": {"executed": 1, "loaded": 0}}
            lines.append({"event": "closed", "time": began + seconds, **end})
        folder = store / experiment
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{number}.jsonl").write_text(text)
        if params is not None and hash_ not in registered:
            registered.add(hash_)
            entry = {key: value if key == "name" else repr(value) for key, value in params.items()}
            with (store / "parameters.jsonl").open("a") as file:
                file.write(json.dumps({"hash": hash_, "digest": hash_, "entry": entry}) + "\n")

    return record


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(str(tmp_path / "data"))
