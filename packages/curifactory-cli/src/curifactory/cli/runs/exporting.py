"""Runs as JSON and CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from curifactory.cli.runs.facts import FACTS, RecordedRun


def as_json(value: Any) -> str:
    """Return ``value`` as indented JSON; what JSON does not know becomes text."""
    return json.dumps(value, indent=2, default=str, ensure_ascii=False)


def runs_as_json(runs: Sequence[RecordedRun]) -> str:
    """Return a list with an object for each run."""
    return as_json([{**run.facts, "parameter_sets": run.parameter_sets} for run in runs])


def runs_as_csv(runs: Sequence[RecordedRun]) -> str:
    """Return a table with a column for each fact; what a run does not have is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FACTS)
    writer.writerows([run.facts[name] for name in FACTS] for run in runs)
    return text.getvalue()
