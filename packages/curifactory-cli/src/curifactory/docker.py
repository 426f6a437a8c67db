"""Making images of runs, under the documented name of the module."""

from curifactory.cli.docker.past_runs import build_docker

__all__ = ["build_docker"]
