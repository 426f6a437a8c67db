"""The reportables of a session: named, grouped, kept for runs in which their stage is skipped."""

import logging
from typing import TYPE_CHECKING

from curifactory.exceptions import UnreadableArtifactError
from curifactory.planning import SKIP
from curifactory.plugins import CACHERS, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from curifactory.calls import StageCall, StageSpec
    from curifactory.protocols import Cacher, Finder, Publication, Reportable, Writer

_log = logging.getLogger(__name__)
REPORTABLES = "reportables"
"""What the files are named after that keep what stages report."""


class Reportables:
    """Everything reported so far, in report order."""

    def __init__(self) -> None:
        self.all: list[Reportable] = []
        self._by_call: dict[StageCall, list[Reportable]] = {}
        self._names: set[str] = set()
        self._finders: dict[tuple[StageSpec, str], Finder | None] = {}

    def add(self, reportable: "Reportable", call: "StageCall") -> None:
        """Bind ``reportable`` to ``call`` and give it a name that no other one has.

        The name is ``[(Aggregate)_][<parameter set>_]<stage>_<name>``; one without a name takes its
        place among the reportables of its call, so that it is the same in every run.
        """
        record = call.record
        own = self._by_call.setdefault(call, [])
        parts = ["(Aggregate)"] if record.is_aggregate else []
        if record.params is not None:
            parts.append(record.params.name)
        stem = "_".join([*parts, call.name, reportable.name or str(len(own))])
        reportable.qualified_name = self._unused(stem)
        reportable.record, reportable.stage = record, call.name
        own.append(reportable)
        self.all.append(reportable)

    def count(self, call: "StageCall") -> int:
        """Return how much ``call`` reported."""
        return len(self._by_call.get(call, ())) if self.all else 0

    def forget(self, call: "StageCall") -> None:
        """Drop what ``call`` reported, which is about to be executed again."""
        own = self._by_call.pop(call, None)
        if own:
            self.all = [item for item in self.all if not any(item is mine for mine in own)]
            self._names.difference_update(item.qualified_name for item in own)

    def _unused(self, stem: str) -> str:
        name, count = stem, 1
        while name in self._names:
            count += 1
            name = f"{stem}_{count}"
        self._names.add(name)
        return name

    def write(self, call: "StageCall", place: "Callable[[Cacher], Writer]") -> "list[Publication]":
        """Write what ``call`` reported, to be published with its artifacts.

        An empty list replaces what an earlier execution reported.

        Parameters
        ----------
        call
            A call that was executed.
        place
            Returns what to write with in place of the cacher.

        """
        own = self._by_call.get(call)
        if own is None and not call.is_stored:
            return []
        if not own and not self._were_kept(call):
            return []
        cacher = reportables_cacher(call)
        return [] if cacher is None else [place(cacher).write(own or [])]

    def _were_kept(self, call: "StageCall") -> bool:
        """Tell whether an earlier execution of ``call`` has left what it reported."""
        key = call.spec, call.record.manager.file_prefix(None)
        if key not in self._finders:
            make = getattr(reportables_cacher(call), "finder", None)
            self._finders[key] = None if make is None else make(call, REPORTABLES)
        finder = self._finders[key]
        found = None if finder is None else finder.find(call)
        if found is None:
            cacher = reportables_cacher(call)
            found = None if cacher is None else cacher.look_up()
        return found is not None and found.hit

    def restore(self, call: "StageCall") -> None:
        """Report again what ``call`` reported when it was last executed."""
        if _none_were_kept(call) or any(output.reported == 0 for output in call.outputs):
            return
        cacher = reportables_cacher(call)
        if cacher is None or not cacher.look_up().hit:
            return
        try:
            restored = cacher.fetch()
        except UnreadableArtifactError as error:
            _log.warning("%s What the stage reported is left out.", error)
            return
        for reportable in restored:
            self.add(reportable, call)

    def groups(self) -> "dict[str, list[Reportable]]":
        """Return the reportables that have a group, by group in the order they were first seen."""
        groups: dict[str, list[Reportable]] = {}
        for reportable in self.all:
            if reportable.group is not None:
                groups.setdefault(reportable.group, []).append(reportable)
        return groups


def _none_were_kept(call: "StageCall") -> bool:
    """Tell whether the cache had no reportables at all when the map was made, without a look-up."""
    manager = call.record.manager
    if manager.plan is None or call.decision is None or call.decision.action is not SKIP:
        return False
    return not manager.plan.may_have_reported(manager)


def reportables_cacher(call: "StageCall") -> "Cacher | None":
    """Return the cacher for the reportables of ``call``; ``None`` without curifactory-cache."""
    source = find(CACHERS, "reportables")
    if source is None:
        return None
    cacher: Cacher = source().bound_to(call, REPORTABLES)
    return cacher
