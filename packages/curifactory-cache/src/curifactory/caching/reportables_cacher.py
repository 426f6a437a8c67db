"""What a stage reported, kept for runs in which the stage is skipped."""

import copy
import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO

from curifactory.caching.cacheable import Cacheable
from curifactory.exceptions import CacheError
from curifactory.paths import safe_component

if TYPE_CHECKING:
    from curifactory.protocols import Reportable
    from curifactory.record import Record

_LIST = "_file_list.json"


class ReportablesCacher(Cacheable):
    """Stores the reportables of one stage call: a pickle each, and a list of them.

    The folder ``…_reportables`` holds the pickles, ``…_reportables_file_list.json`` their files,
    names and groups in report order.
    """

    main_suffix = _LIST

    def save(self, obj: "list[Reportable]") -> None:
        """Write the reportables, without their records."""
        self.extra_metadata["reportables"] = True
        folder = self.get_dir()
        entries = []
        for reportable in obj:
            stored = copy.copy(reportable)
            stored.record = None
            file = f"{safe_component(reportable.qualified_name)}.pkl"
            with open(os.path.join(folder, file), "wb") as stream:
                self._pickle(stored, stream)
            entries.append({"file": file, "name": reportable.name, "group": reportable.group})
        with open(self.get_path(_LIST), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(entries, indent=4))

    def _pickle(self, reportable: "Reportable", stream: BinaryIO) -> None:
        import pickle  # slow to import, and few stages report anything

        try:
            pickle.dump(reportable, stream, protocol=5)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise CacheError(
                f"reportable {reportable.qualified_name!r} of stage {self.stage!r} cannot be kept "
                f"for runs in which the stage is skipped: {error}. Define its class at the top of "
                "a module, and leave out of it what cannot be pickled."
            ) from error

    def load(self) -> "list[Reportable]":
        """Return the reportables; each is unpickled when it is first shown."""
        folder = self.get_path()
        with open(self.get_path(_LIST), encoding="utf-8") as stream:
            entries = json.load(stream)
        return [
            StoredReportable(os.path.join(folder, entry["file"]), entry["name"], entry["group"])
            for entry in entries
        ]


class StoredReportable:
    """A reportable that waits in the cache until somebody wants to see it."""

    def __init__(self, file: str, name: str | None, group: str | None) -> None:
        self.name = name
        self.group = group
        self.qualified_name = ""
        self.record: Record | None = None
        self.stage: str | None = None
        self.path = ""
        self._file = file
        self._reportable: Reportable | None = None

    def html(self) -> str | list[str]:
        """Return the HTML that shows it."""
        return self._load().html()

    def render(self) -> None:
        """Write the files that the HTML refers to."""
        self._load().render()

    def _load(self) -> "Reportable":
        if self._reportable is None:
            import pickle

            with open(self._file, "rb") as stream:
                self._reportable = pickle.load(stream)
        loaded: Reportable = self._reportable
        for key in ("qualified_name", "record", "stage", "path"):
            setattr(loaded, key, getattr(self, key))
        return loaded

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # such as what copy and pickle ask for
            raise AttributeError(name)
        return getattr(self._load(), name)
