"""The documented name of the plan: ``manager.map`` is a ``DAG``."""

from curifactory import mapping

__all__ = ["DAG"]

DAG = mapping.RunPlan
