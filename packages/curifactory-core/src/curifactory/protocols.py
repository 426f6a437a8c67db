"""What the parts plug into core, for type checkers: what runs needs none of it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from curifactory.artifact import Lookup
from curifactory.hooks import RunHook

if TYPE_CHECKING:
    from curifactory.calls import StageCall
    from curifactory.exceptions import StageFailedError
    from curifactory.manager import ArtifactManager
    from curifactory.mapping import RunPlan
    from curifactory.record import Record
    from curifactory.running import Execution

__all__ = [
    "Cacher",
    "Coordinator",
    "Exporter",
    "Finder",
    "FullStore",
    "ImageExporter",
    "Lookup",
    "MetadataIndex",
    "NotebookExporter",
    "PendingDigests",
    "Publication",
    "Reportable",
    "RunHook",
    "Writer",
]


class MetadataIndex(Protocol):
    """What a session has learned from the metadata of artifacts."""

    def save(self) -> None:
        """Keep it for the next run."""


class PendingDigests(Protocol):
    """The digests of artifacts that a session computes while it goes on."""

    def wait(self) -> None:
        """Return when all are computed and recorded."""

    def give_up(self) -> None:
        """Leave the rest to whoever needs them."""


class Publication(Protocol):
    """An artifact that is written and not yet in its place."""

    @property
    def root(self) -> str:
        """The folder that :meth:`exclusive` keeps for one process, empty for none.

        Who wants several enters them in the order of this text.
        """

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from publishing at this place while the block runs."""

    def commit(self) -> str | None:
        """Put it in its place, completely or not at all, and return a digest of its content.

        ``None`` where that is for its cacher to tell.

        Raises
        ------
        CacheError
            If that fails.

        """

    def discard(self) -> None:
        """Remove what was written."""


class Finder(Protocol):
    """Finds what calls of one stage have stored of one output."""

    def find(self, call: "StageCall") -> Lookup | None:
        """Return what is there of ``call``; ``None`` if that is for its cacher to tell."""


class Writer(Protocol):
    """Stores a value."""

    def write(self, value: Any) -> "Publication":
        """Write ``value`` and its metadata aside, to be published with the call's other outputs.

        Raises
        ------
        CacheError
            If it cannot be stored.

        """


class Cacher(Writer, Protocol):
    """Stores one artifact and finds it again: :class:`curifactory.caching.Cacheable`."""

    record: "Record | None"
    stage: str | None
    name: str | None

    def bound_to(self, call: "StageCall", name: str) -> Self:
        """Return a copy for the output ``name`` of ``call``."""

    def get_path(self, suffix: str | None = None) -> str:
        """Return the path of the artifact."""

    def look_up(self) -> Lookup:
        """Tell whether a complete artifact is there, without loading it."""

    def digested_metadata(self) -> Mapping[str, Any] | None:
        """Return the stored metadata with the digests of all files, computed if need be."""

    def prepare(self) -> None:
        """Take note that the stage is about to run, which may write the artifact itself."""

    def amend_metadata(self, facts: Mapping[str, Any]) -> None:
        """Put ``facts`` into the stored metadata, which has them under these names already."""

    def fetch(self) -> Any:
        """Return the stored value.

        Raises
        ------
        UnreadableArtifactError
            If it is damaged; it has then been moved aside.

        """


CacherSource = type[Cacher] | Cacher
"""What users list in ``cachers``: a class or an instance."""


@runtime_checkable
class Reportable(Protocol):
    """Something shown in a run's report; :class:`curifactory.reporting.Reportable` is the base."""

    name: str | None
    group: str | None
    qualified_name: str
    record: "Record | None"
    stage: str | None
    path: str

    def html(self) -> str | list[str]:
        """Return the HTML that shows it."""

    def render(self) -> None:
        """Write the files that the HTML refers to into ``path``."""


class FullStore(Protocol):
    """Keeps everything of one run in a folder: artifacts, environment, log and report."""

    def open(self) -> None:
        """Write what is known when the run begins."""

    def relocated(self, cacher: "Cacher") -> Writer:
        """Return what stores in the folder what ``cacher`` stores in the cache."""

    def keep(self, call: "StageCall") -> None:
        """Copy what ``call`` has in the cache, whether it was executed, loaded or skipped.

        Raises
        ------
        CacheError
            If that fails.

        """

    def keep_path(self, path: str) -> None:
        """Copy a file or folder of the cache.

        Raises
        ------
        CacheError
            If that fails.

        """

    def close(self, report_path: str | None) -> None:
        """Write the run's outcome, and copy its log, and its report if there is one."""


class Exporter(Protocol):
    """Writes something about a run, such as its report."""

    def export(self, manager: "ArtifactManager") -> str:
        """Write it and return the path to open."""

    def export_single_file(self, page: str, path: str) -> None:
        """Write what :meth:`export` wrote, with all that belongs to it, into one file.

        Raises
        ------
        OSError
            If it cannot be written.

        """


class NotebookExporter(Exporter, Protocol):
    """Writes the notebook that loads a run again."""

    def export_beside(
        self, manager: "ArtifactManager", path: str, back: str, artifacts: str
    ) -> None:
        """Write it into a folder that it is moved with.

        Parameters
        ----------
        path
            Where to write it.
        back
            The project's folder from that of the notebook.
        artifacts
            The folder of artifacts to load from, from the project's folder.

        """


class ImageExporter(Protocol):
    """Makes an image of a run, or what one is built from; made with the run's options."""

    def check(self, manager: "ArtifactManager") -> None:
        """Make sure, before the run, that it can be made after it.

        Raises
        ------
        BadInputError
            If it cannot.

        """

    def export(self, manager: "ArtifactManager") -> str:
        """Make it; return the image's name, or the folder with what it is to be built from.

        Raises
        ------
        CurifactoryError
            If that fails.
        OSError
            If files cannot be read or written.

        """


class Coordinator(Protocol):
    """Executes the calls of a run in several processes; made with options and configuration."""

    def importing(self) -> AbstractContextManager[None]:
        """Return what goes around the import of the project's modules."""

    def execute(self, execution: "Execution", plan: "RunPlan") -> None:
        """Execute what ``plan`` says runs, and note at its mapped calls what came of them.

        Raises
        ------
        BadInputError
            If the executor cannot be used; nothing has been executed then.
        StageFailedError
            If a stage failed, once all is done that does not depend on it.
        ExecutorLostError
            If there is nowhere left to execute anything.

        """

    def split(self, execution: "Execution") -> "StageFailedError | None":
        """Run the experiment for parts of its parameter sets, where there is no plan.

        The first failure comes back; the run goes on with what there is.
        """
