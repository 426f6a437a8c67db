"""Everything a user can ask of a run, in one value."""

import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from curifactory.config import OnStale
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime


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
    hashes_only: bool = _option("--hashes")
    """Only tell the hashes of the parameter sets; nothing is written."""
    paths_only: bool = _option("--paths")
    """Only tell where the artifacts and their metadata lie; nothing is written."""
    print_params: bool | str = _option("--print-params")
    """Only tell the parameters: of every set, or of one with this name or recorded hash."""
    dry: bool = _option("--dry")
    """Write nothing at all."""
    parallel: int | None = _option("--parallel", None)
    """Execute this many stages at a time, in processes of their own."""
    executor: str | None = _option("--executor", None)
    """Where stages are executed: the name of an executor, or an address."""
    resources: str | None = _option("--resources", None)
    """What there is to share among the stages that run at a time, as ``cores=8,gpu=2``."""
    fail_fast: bool = _option("--fail-fast")
    """End a parallel run at its first failure, instead of doing all that does not depend on it."""
    parallel_mode: bool = _option("--parallel-mode")
    """Run and cache, but record no run and write no report."""
    log: bool = field(default=True, metadata={"flag": "--no-log", "negated": True})
    """Write a log file."""
    report: bool = field(default=True, metadata={"flag": "--no-report", "negated": True})
    """Write a report after the run."""
    report_file: str | None = _option("--report-file", None)
    """Where to write the report as one file besides."""
    build_notebook: bool = _option("--notebook")
    """Write a notebook that loads the results."""
    build_docker: bool = _option("--docker")
    """Build an image with the code, the full store and a notebook; keeps both of these."""
    docker_context: str | None = _option("--docker-context", None)
    """Folder to write all that the image is built from into, to build it elsewhere."""
    verbose: bool = _option("--verbose")
    """Log debugging messages."""
    all_loggers: bool = _option("--all-loggers")
    """Log messages of other libraries' loggers too."""
    log_errors: bool = _option("--log-errors")
    """Write what goes to the standard error stream into the log file too."""
    quiet: bool = _option("--quiet")
    """Show nothing but failures."""
    no_color: bool = _option("--no-color")
    """Show everything without colours."""
    plain: bool = _option("--plain")
    """Show the log's own lines."""
    progress: bool = _option("--progress")
    """Show a progress bar for each record."""
    notes: str | None = None
    """Text for the report; its first line is shown in the index. Not part of the command."""
    run_line: str | None = None
    """The command line to record; ``None`` for the one these options make."""
    run_num_override: int | None = None
    """Number of the run that this process works for and somebody else records."""
    run_ts_override: "datetime | None" = None
    """Start of that run."""
    parallel_lock: "AbstractContextManager[Any] | None" = None
    """What ``manager.lock()`` takes."""

    @property
    def only_maps(self) -> bool:
        """Whether the experiment is mapped and planned, and nothing executed."""
        return self.map_only or self.paths_only

    @property
    def writes_nothing(self) -> bool:
        """Whether neither run nor artifacts are stored, asked for or because nothing runs."""
        return bool(self.dry or self.only_maps or self.hashes_only or self.print_params)

    @property
    def exports_image(self) -> bool:
        """Whether this process makes an image, or what one is built from, after the run."""
        asked = self.build_docker or self.docker_context is not None
        return asked and not (self.only_maps or self.parallel_mode)

    def with_implied(self) -> "RunOptions":
        """Return the options with those that others imply; the recorded command stays as it is."""
        if not self.exports_image:
            return self
        line = self.run_line or self.command()
        return replace(self, store_full=True, build_notebook=True, run_line=line)

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

    def check_report_file(self) -> None:
        """Make sure that the report can go where ``report_file`` says.

        Raises
        ------
        BadInputError
            If that is a folder, or no file can be written there.

        """
        path = self.report_file
        if path is None:
            return
        if not path or os.path.isdir(path):
            raise BadInputError(
                f"--report-file {path!r} is a folder; name a file, such as "
                f"{os.path.join(path, 'report.html')!r}."
            )
        above = os.path.dirname(os.path.abspath(path))
        while not os.path.exists(above):
            above = os.path.dirname(above)
        if not (os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK)):
            raise BadInputError(
                f"--report-file {path!r} cannot be written: {above!r} is no folder that files can "
                "be put into. Name another file."
            )

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
            build_docker=False,
            docker_context=None,
            report_file=None,
            cache=artifacts,
            dry_cache=True,
        )
        return again.command()


def _repeated(flag: str, value: "str | int | tuple[str, ...]") -> list[str]:
    values = value if isinstance(value, tuple) else (str(value),)
    return [word for each in values for word in (flag, each)]
