"""Everything a user can ask of a run, in one value."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from curifactory.config import OnStale
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime


_FLAGS = {
    "param_files": "-p",
    "names": "-n",
    "overwrite_stages": "--overwrite-stage",
    "dag": "--no-dag",
    "map_only": "--map",
    "hashes_only": "--hashes",
    "paths_only": "--paths",
    "log": "--no-log",
    "report": "--no-report",
    "build_notebook": "--notebook",
    "build_docker": "--docker",
}
"""What sets an option on the command line, where that is not its name."""
_WITHOUT_FLAG = frozenset(
    {"experiment", "notes", "run_line", "run_num_override", "run_ts_override", "parallel_lock"}
)


class RunOptions(NamedTuple):
    """The options of one run of an experiment."""

    experiment: str
    """Name of the experiment file, dots for sub-folders, without ``.py``."""
    param_files: tuple[str, ...] = ()
    """Names of parameter files; none means the experiment file itself."""
    names: tuple[str, ...] = ()
    """Keep only parameter sets with these names."""
    indices: tuple[str, ...] = ()
    """Keep only these positions of each file: ``"2"``, or ``"0-3"`` for 0, 1 and 2."""
    global_indices: tuple[str, ...] = ()
    """Keep only these positions of all files' sets one after the other."""
    overwrite: bool = False
    """Ignore the cache for every stage."""
    overwrite_stages: tuple[str, ...] = ()
    """Ignore the cache for these stages."""
    on_stale: OnStale | None = None
    """What happens to stale artifacts; ``None`` for what the configuration says."""
    cache: str | None = None
    """Folder to use as the cache."""
    dry_cache: bool = False
    """Read the cache but write nothing into it."""
    store_full: bool = False
    """Keep everything of the run in a folder of its own."""
    prefix: str | None = None
    """Goes before cached files' names in place of the experiment's name."""
    lazy: bool = False
    """Keep every output out of memory."""
    ignore_lazy: bool = False
    """Keep lazy outputs in memory."""
    dag: bool = True
    """Map and plan first, then run only what must run; ``False`` decides stage by stage."""
    map_only: bool = False
    """Stop after planning; nothing is written."""
    json: bool = False
    """Show the map as JSON."""
    why: str | None = None
    """Show of the map only this stage, with all that is known of it; implies ``map_only``."""
    hashes_only: bool = False
    """Only tell the hashes of the parameter sets; nothing is written."""
    paths_only: bool = False
    """Only tell where the artifacts and their metadata lie; nothing is written."""
    print_params: bool | str = False
    """Only tell the parameters: of every set, or of one with this name or recorded hash."""
    dry: bool = False
    """Write nothing at all."""
    parallel: int | None = None
    """Execute this many stages at a time, in processes of their own."""
    executor: str | None = None
    """Where stages are executed: the name of an executor, or an address."""
    resources: str | None = None
    """What there is to share among the stages that run at a time, as ``cores=8,gpu=2``."""
    fail_fast: bool = False
    """End a parallel run at its first failure, instead of doing all that does not depend on it."""
    parallel_mode: bool = False
    """Run and cache, but record no run and write no report."""
    log: bool = True
    """Write a log file."""
    report: bool = True
    """Write a report after the run."""
    report_file: str | None = None
    """Where to write the report as one file besides."""
    build_notebook: bool = False
    """Write a notebook that loads the results."""
    build_docker: bool = False
    """Build an image with the code, the full store and a notebook; keeps both of these."""
    docker_context: str | None = None
    """Folder to write all that the image is built from into, to build it elsewhere."""
    verbose: bool = False
    """Log debugging messages."""
    all_loggers: bool = False
    """Log messages of other libraries' loggers too."""
    log_errors: bool = False
    """Write what goes to the standard error stream into the log file too."""
    quiet: bool = False
    """Show nothing but failures."""
    no_color: bool = False
    """Show everything without colours."""
    plain: bool = False
    """Show the log's own lines."""
    progress: bool = False
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
        return self._replace(store_full=True, build_notebook=True, run_line=line)

    def command(self) -> str:
        """Return the command line that asks for these options."""
        import shlex  # slow to import, and not needed in live sessions

        words = ["experiment", self.experiment]
        for name, value in self._asdict().items():
            if name not in _WITHOUT_FLAG and value != self._field_defaults[name]:
                flag = _FLAGS.get(name) or f"--{name.replace('_', '-')}"
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
        again = self._replace(
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
