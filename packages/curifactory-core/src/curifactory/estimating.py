"""How long stages took in earlier runs, to say how long they may take."""

import json
import os
from collections.abc import Iterator

from curifactory.journal import STORE, list_journals
from curifactory.paths import safe_component

_MOST_RUNS = 50


class Durations:
    """Wall times of the stages of an experiment, from the journals of its latest runs.

    Parameters
    ----------
    manager_cache_path
        Folder that holds the journals; it need not exist.
    experiment_name
        Name of the experiment.

    """

    def __init__(self, manager_cache_path: str, experiment_name: str) -> None:
        folder = os.path.join(manager_cache_path, STORE, safe_component(experiment_name))
        self._exact: dict[tuple[str, str], float] = {}
        self._of_stage: dict[str, list[float]] = {}
        for _, path in reversed(list_journals(folder)[-_MOST_RUNS:]):
            for stage, hash_, seconds in _executions(path):
                self._exact.setdefault((stage, hash_), seconds)
                self._of_stage.setdefault(stage, []).append(seconds)

    def seconds(self, stage: str, hash_: str) -> float | None:
        """Return how long a stage may take, in seconds; ``None`` if it never ran.

        That is the time it took last with the same parameters, or else the mean of all times.
        """
        exact = self._exact.get((stage, hash_))
        times = self._of_stage.get(stage)
        return exact if exact is not None or not times else sum(times) / len(times)


def _executions(path: str) -> Iterator[tuple[str, str, float]]:
    """Yield stage, hash and wall time of each execution in a journal."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for text in file:
                if not text.startswith('{"event": "stage"'):
                    continue
                try:
                    line = json.loads(text)
                except ValueError:  # cut off by a crash
                    return
                if line.get("seconds") is not None:
                    yield str(line.get("stage")), str(line.get("hash")), float(line["seconds"])
    except OSError:  # removed just now
        return
