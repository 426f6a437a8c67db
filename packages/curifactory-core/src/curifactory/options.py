"""Everything a user can ask of a run, in one value."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from curifactory.config import OnStale


def _option(flag: str, default: Any = False) -> Any:
    """Return a field that ``flag`` sets on the command line."""
    return field(default=default, metadata={"flag": flag})


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of one run of an experiment."""

    experiment: str
    """Name of the experiment file, dots for sub-folders, without ``.py``."""
    param_files: tuple[str, ...] = _option("-p", ())
    """Names of parameter files; none means the experiment file itself."""
    names: tuple[str, ...] = _option("-n", ())
    """Keep only parameter sets with these names."""
    indices: tuple[str, ...] = _option("--indices", ())
    """Keep only these positions of each file: ``"2"``, or ``"0-3"`` for 0, 1 and 2."""
    global_indices: tuple[str, ...] = _option("--global-indices", ())
    """Keep only these positions of all files' sets one after the other."""
    overwrite: bool = _option("--overwrite")
    """Ignore the cache for every stage."""
    overwrite_stages: tuple[str, ...] = _option("--overwrite-stage", ())
    """Ignore the cache for these stages."""
    on_stale: OnStale | None = _option("--on-stale", None)  # noqa: RUF009 - it returns a field
    """What happens to stale artifacts; ``None`` for what the configuration says."""
    cache: str | None = _option("--cache", None)
    """Folder to use as the cache."""
    dry_cache: bool = _option("--dry-cache")
    """Read the cache but write nothing into it."""
    store_full: bool = _option("--store-full")
    """Keep everything of the run in a folder of its own."""
    prefix: str | None = _option("--prefix", None)
    """Goes before cached files' names in place of the experiment's name."""
    lazy: bool = _option("--lazy")
    """Keep every output out of memory."""
    ignore_lazy: bool = _option("--ignore-lazy")
    """Keep lazy outputs in memory."""
    dag: bool = field(default=True, metadata={"flag": "--no-dag", "negated": True})
    """Map and plan first, then run only what must run; ``False`` decides stage by stage."""
    map_only: bool = _option("--map")
    """Stop after planning; nothing is written."""
    json: bool = _option("--json")
    """Show the map as JSON."""
    why: str | None = _option("--why", None)
    """Show of the map only this stage, with all that is known of it; implies ``map_only``."""
    dry: bool = _option("--dry")
    """Write nothing at all."""
    parallel_mode: bool = _option("--parallel-mode")
    """Run and cache, but record no run and write no report."""
    log: bool = field(default=True, metadata={"flag": "--no-log", "negated": True})
    """Write a log file."""
    report: bool = field(default=True, metadata={"flag": "--no-report", "negated": True})
    """Write a report after the run."""
    verbose: bool = _option("--verbose")
    """Log debugging messages."""
    all_loggers: bool = _option("--all-loggers")
    """Log messages of other libraries' loggers too."""
    notes: str | None = None
    """Text for the report; its first line is shown in the index. Not part of the command."""
    run_line: str | None = None
    """The command line to record; ``None`` for the one these options make."""

    def command(self) -> str:
        """Return the command line that asks for these options."""
        import shlex  # slow to import, and not needed in live sessions

        words = ["experiment", self.experiment]
        for item in fields(self):
            value = getattr(self, item.name)
            if "flag" in item.metadata and value != item.default:
                flag = item.metadata["flag"]
                words += [flag] if isinstance(value, bool) else _repeated(flag, value)
        return shlex.join(words)

    def reproduce_from(self, artifacts: str) -> str:
        """Return the command line that runs this again from a full store, executing nothing.

        Parameters
        ----------
        artifacts
            The store's folder of artifacts.

        """
        again = replace(
            self,
            overwrite=False,
            overwrite_stages=(),
            on_stale=None if self.on_stale is OnStale.RERUN else self.on_stale,
            store_full=False,
            cache=artifacts,
            dry_cache=True,
        )
        return again.command()


def _repeated(flag: str, value: "str | tuple[str, ...]") -> list[str]:
    values = (str(value),) if isinstance(value, str) else value
    return [word for each in values for word in (flag, each)]
