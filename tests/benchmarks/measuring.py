"""Measuring the same work done by curifactory and by the least plain Python that does it."""

import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PROLOGUE = "import resource, sys, time\n"
_EPILOGUE = "\nprint('RESULT', result)"


@dataclass(frozen=True)
class Scenario:
    """Two programs that do the same; each puts its cost into ``result``."""

    name: str
    ours: str
    """Program in a fresh interpreter and a fresh directory; ``result`` is the cost in ``unit``."""
    floor: str | None = None
    """The same work in plain Python; ``None`` where there is nothing to compare with."""
    unit: str = "ms"


@dataclass(frozen=True)
class Measurement:
    """The medians of a scenario."""

    name: str
    ours: float
    floor: float | None
    unit: str

    @property
    def ratio(self) -> float | None:
        """How many times the floor it costs."""
        return None if not self.floor else self.ours / self.floor


def run_program(code: str) -> float:
    """Return the cost that a program prints, run in a directory of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(_PROLOGUE + code + _EPILOGUE)
        output = subprocess.run(
            [sys.executable, path.name], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
    return float(output.rpartition("RESULT")[2])


def measure(scenarios: list[Scenario], rounds: int) -> list[Measurement]:
    """Return the medians of ``rounds`` runs of each scenario, ours and the floor in turn."""
    found = []
    for scenario in scenarios:
        ours, floors = [], []
        for _ in range(rounds):
            ours.append(run_program(scenario.ours))
            if scenario.floor is not None:
                floors.append(run_program(scenario.floor))
        floor = statistics.median(floors) if floors else None
        found.append(Measurement(scenario.name, statistics.median(ours), floor, scenario.unit))
    return found
