"""Everything a user can ask of a run, in one value."""

import shlex
from dataclasses import dataclass

from curifactory.planning import OnStale


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of one run of an experiment."""

    experiment: str
    """Name of the experiment file, dots for sub-folders, without ``.py``."""
    param_files: tuple[str, ...] = ()
    """Names of parameter files; none means the experiment file itself."""
    names: tuple[str, ...] = ()
    """Keep only parameter sets with these names."""
    overwrite: bool = False
    """Ignore the cache for every stage."""
    overwrite_stages: tuple[str, ...] = ()
    """Ignore the cache for these stages."""
    on_stale: OnStale | None = None
    """What happens to stale artifacts; ``None`` for what the configuration says."""
    dag: bool = True
    """Map and plan first, then run only what must run; ``False`` decides stage by stage."""
    map_only: bool = False
    """Stop after planning; nothing is written."""
    report: bool = True
    """Write a report after the run."""
    verbose: bool = False
    """Log debugging messages."""

    def command(self) -> str:
        """Return the command line that asks for these options."""
        words = ["experiment", self.experiment]
        for flag, values in (
            ("-p", self.param_files),
            ("-n", self.names),
            ("--overwrite-stage", self.overwrite_stages),
        ):
            for value in values:
                words += [flag, value]
        if self.on_stale is not None:
            words += ["--on-stale", self.on_stale.value]
        for flag, wanted in (
            ("--overwrite", self.overwrite),
            ("--no-dag", not self.dag),
            ("--map", self.map_only),
            ("--no-report", not self.report),
            ("--verbose", self.verbose),
        ):
            if wanted:
                words.append(flag)
        return shlex.join(words)
