"""The old name of :mod:`curifactory.params`."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "ExperimentArgs":
        from curifactory.params import old_experiment_args

        return old_experiment_args()
    raise AttributeError(f"module 'curifactory.args' has no attribute {name!r}")
