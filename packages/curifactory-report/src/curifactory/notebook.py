"""Notebooks that load a run again, under their documented name."""

from curifactory.reporting.notebook import write_experiment_notebook

__all__ = ["write_experiment_notebook"]
