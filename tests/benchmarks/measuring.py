"""Measuring the same work done by curifactory, by plain Python and by other libraries."""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

_PROLOGUE = "import resource, sys, time\n"
_EPILOGUE = "\nprint('RESULT', result)"
_MEMORY_FILES = Path("/dev/shm")
_PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
OURS, FLOOR = "curifactory", "floor"
_LINEAR, _LINEAR_OF_TWO = 1.1, 1.2
"""The exponents up to which a cost counts as linear: of all sizes, and of the two largest."""


@lru_cache(maxsize=1)
def _installed_peers() -> dict[str, str]:
    """Return the interpreter that has each package which could be a peer, this one if both have."""
    found: dict[str, str] = {}
    code = "import json, pkgutil; print(json.dumps([each.name for each in pkgutil.iter_modules()]))"
    for python in (str(_PEERS), sys.executable):
        if Path(python).exists():
            done = subprocess.run([python, "-c", code], capture_output=True, check=True)
            found |= dict.fromkeys(json.loads(done.stdout), python)
    return found


def _interpreter(program: str) -> str:
    return sys.executable if program in {OURS, FLOOR} else _installed_peers()[program]


@dataclass(frozen=True)
class Scenario:
    """Programs that do the same; each puts its cost into ``result``.

    Every program runs in a fresh interpreter and a fresh directory.
    """

    name: str
    ours: str
    floor: str | None = None
    """The same work in plain Python; ``None`` where there is nothing to compare with."""
    unit: str = "ms"
    peers: Mapping[str, str] = field(default_factory=dict)
    """The same work by other libraries, by the name they are imported under."""
    at_most: float | None = None
    """How many times the floor it may cost."""
    below: float | None = None
    """The most it may cost, in ``unit``."""
    beside: Mapping[str, float] = field(default_factory=dict)
    """How many times what a peer costs it may cost, where that peer is installed."""
    series: str = ""
    """Scenarios of one series do the same at several sizes."""
    size: int = 0
    """How many things this one does, where it is one of a series."""
    per_item: bool = False
    """Whether ``result`` is the cost of one of ``size`` things instead of all."""
    in_memory: bool = False
    """Whether the directory is in memory, so that the disk does not count."""
    most_rounds: int | None = None
    """How often it is measured at most, where once takes long or always gives the same."""

    def programs(self) -> dict[str, str]:
        """Return the programs that can run here, ours first."""
        found = {OURS: self.ours}
        if self.floor is not None:
            found[FLOOR] = self.floor
        return found | {k: code for k, code in self.peers.items() if k in _installed_peers()}


def at_sizes(
    series: str, sizes: Sequence[int], ours: Callable[[int], str], **given: Any
) -> list[Scenario]:
    """Return a scenario for each size, without a floor: what counts is how the cost grows."""
    given = {"series": series, "most_rounds": 3, **given}
    return [Scenario(f"{series}, {size:,}", ours(size), size=size, **given) for size in sizes]


@dataclass(frozen=True)
class Measurement:
    """The medians of a scenario."""

    scenario: Scenario
    costs: Mapping[str, float]
    """Median cost of each program, in the scenario's unit."""

    @property
    def ours(self) -> float:
        """What it costs here."""
        return self.costs[OURS]

    @property
    def ratio(self) -> float | None:
        """How many times the floor it costs."""
        floor = self.costs.get(FLOOR)
        return self.ours / floor if floor else None

    @property
    def met(self) -> bool | None:
        """Whether it costs no more than it may; ``None`` where nothing is demanded."""
        scenario = self.scenario
        verdicts = []
        if scenario.at_most is not None and self.ratio is not None:
            verdicts.append(self.ratio <= scenario.at_most)
        if scenario.below is not None:
            verdicts.append(self.ours <= scenario.below)
        for peer, share in scenario.beside.items():
            if peer in self.costs:
                verdicts.append(self.ours <= share * self.costs[peer])
        return all(verdicts) if verdicts else None

    def facts(self) -> dict[str, object]:
        """Return what a file with figures holds."""
        return {
            "name": self.scenario.name,
            "unit": self.scenario.unit,
            "costs": dict(self.costs),
            "ratio": self.ratio,
            "at_most": self.scenario.at_most,
            "below": self.scenario.below,
            "beside": dict(self.scenario.beside),
            "met": self.met,
            "series": self.scenario.series,
            "size": self.scenario.size,
        }


def run_program(code: str, python: str = sys.executable, *, in_memory: bool = False) -> float:
    """Return the cost that a program prints, run in a directory of its own."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have byte code, and so must all here
    place = _MEMORY_FILES if in_memory and _MEMORY_FILES.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "program.py"
        path.write_text(_PROLOGUE + code + _EPILOGUE)
        done = subprocess.run(
            [python, path.name],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise SystemExit(f"A benchmark failed:\n{code}\n{done.stderr}")
    return float(done.stdout.rpartition("RESULT")[2])


def measure(scenario: Scenario, rounds: int) -> Measurement:
    """Return the medians of ``rounds`` runs of each program of a scenario, taken in turns."""
    programs = scenario.programs()
    costs: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(min(rounds, scenario.most_rounds or rounds)):
        for name, code in programs.items():
            cost = run_program(code, _interpreter(name), in_memory=scenario.in_memory)
            costs[name].append(cost)
    return Measurement(scenario, {name: statistics.median(each) for name, each in costs.items()})


@dataclass(frozen=True)
class Growth:
    """How the total cost of a series grows with size: as which power of it."""

    sizes: Sequence[int]
    exponent: float
    """What fits all sizes, by least squares of the logarithms: 1 where twice as many cost twice."""
    at_the_end: float
    """What the two largest sizes alone say, where costs that do not grow weigh least."""

    @property
    def is_linear(self) -> bool:
        """Whether no more is spent than size demands."""
        return self.exponent <= _LINEAR and self.at_the_end <= _LINEAR_OF_TWO


def growth(measurements: Sequence[Measurement]) -> Growth:
    """Return how the costs of a series grow."""
    measured = sorted(measurements, key=lambda each: each.scenario.size)
    sizes = [math.log(each.scenario.size) for each in measured]
    totals = [
        math.log(each.ours * (each.scenario.size if each.scenario.per_item else 1))
        for each in measured
    ]
    return Growth(
        [each.scenario.size for each in measured],
        statistics.linear_regression(sizes, totals).slope,
        (totals[-1] - totals[-2]) / (sizes[-1] - sizes[-2]),
    )
