"""Images of runs: ``--docker`` and ``--docker-context``."""
