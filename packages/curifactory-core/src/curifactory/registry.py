"""What stands behind each hash: the parameter sets and aggregates a project has used.

``<manager_cache_path>/store/parameters.jsonl`` has a line for each hash, appended when the hash is
first used. The same hash with another content is refused, so that two parameter sets never share
artifacts unseen. ``<manager_cache_path>/params_registry.json`` has the entries by hash, for people
and tools that read that one; it is written anew when a run ends that used new hashes.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from curifactory.digests import md5
from curifactory.exceptions import HashCollisionError
from curifactory.hashing import ComputedHash, NestedValues, hash_values, identity
from curifactory.journal import STORE
from curifactory.paths import remove_unfinished, write_atomically
from curifactory.representing import OWN_FIELDS

_log = logging.getLogger(__name__)
_encoder = json.JSONEncoder(sort_keys=True, default=str)
_FILE = "parameters.jsonl"
REGISTRY = "params_registry.json"
"""Name of the file with all entries by hash, below a ``manager_cache_path`` or in a full store."""


class ParameterRegistry:
    """The hashes a project has used, and what they stand for.

    Parameters
    ----------
    manager_cache_path
        Folder that holds ``store``.

    """

    def __init__(self, manager_cache_path: str) -> None:
        self.path = os.path.join(manager_cache_path, STORE, _FILE)
        self.exported_path = os.path.join(manager_cache_path, REGISTRY)
        """The file that :meth:`export` writes."""
        self._digests: dict[str, str] | None = None
        self._is_exported = True

    def register_parameters(self, parameter_set: Any, *, keep: bool) -> None:
        """Take note of the parameter set behind its hash, unless it is known.

        A hash that the user set may stand for several: that is what it was set for.

        Parameters
        ----------
        parameter_set
            Its hash must be filled.
        keep
            Write it down for later sessions.

        Raises
        ------
        HashCollisionError
            If a computed hash is known for a parameter set with another content.

        """
        if isinstance(parameter_set.hash, ComputedHash):
            content = identity(parameter_set)
            self._register(parameter_set.hash, content, lambda: describe_set(parameter_set), keep)

    def register_aggregate(
        self, hash_: str, active: str | None, inputs: Sequence[str], *, keep: bool
    ) -> None:
        """Take note of the records' hashes behind the hash of an aggregate, unless it is known."""
        entry = {"active": active or "None", "arg_list": sorted(inputs)}
        self._register(hash_, entry, lambda: entry, keep)

    def _register(
        self, hash_: str, content: Mapping[str, Any], entry: Callable[[], Any], keep: bool
    ) -> None:
        known = self._known()
        text = _encoder.encode(content)
        digest = md5(text.encode(), usedforsecurity=False).hexdigest()
        if hash_ not in known:
            known[hash_] = digest
            if keep:
                self._append({"hash": hash_, "digest": digest, "entry": entry()})
        elif known[hash_] != digest:
            raise HashCollisionError(
                f"hash {hash_} already stands for another parameter set: {self.find(hash_)}; the "
                f"new one is {content}. Rename a field or give it a hash function so that they "
                "differ; if both mean the same, as after moving a class to another module, remove "
                f"the line with this hash from {self.path}."
            )

    def _append(self, line: Mapping[str, Any]) -> None:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        self._is_exported = False

    def export_new(self) -> None:
        """Do what :meth:`export` does, if hashes were written down here since it did so."""
        if not self._is_exported:
            self.export()

    def export(self) -> None:
        """Write every entry by hash to ``params_registry.json``, if it is older than they are.

        That it cannot be written is logged and no error: everything in it is derived.
        """
        try:
            self._export()
        except OSError as error:
            _log.warning(
                "%s could not be written (%s); the next run writes it. All of it is in %s.",
                self.exported_path,
                error,
                self.path,
            )
        self._is_exported = True

    def _export(self) -> None:
        try:
            changed = os.stat(self.path).st_mtime_ns
        except FileNotFoundError:
            return
        with suppress(FileNotFoundError):
            if os.stat(self.exported_path).st_mtime_ns >= changed:
                return
        entries = (
            f"{json.dumps(hash_)}: {json.dumps(each)}" for hash_, each in self.find().items()
        )
        text = ",\n".join(entries)
        write_atomically(self.exported_path, f"{{\n{text}\n}}\n".encode("utf-8", "replace"))
        os.utime(self.exported_path, ns=(changed, changed))  # what came meanwhile is newer
        remove_unfinished(self.exported_path)

    def _known(self) -> dict[str, str]:
        if self._digests is None:
            self._digests = {line["hash"]: line["digest"] for line in self._lines()}
        return self._digests

    def find(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """Return ``{hash: entry}`` of every hash that begins with ``prefix``, oldest first."""
        return {
            line["hash"]: line["entry"] for line in self._lines() if line["hash"].startswith(prefix)
        }

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            file = open(self.path, encoding="utf-8", errors="replace")  # noqa: SIM115 - below
        except FileNotFoundError:
            return
        with file:
            for text in file:
                try:
                    yield json.loads(text)
                except ValueError:  # cut off by a crash, or written by two at once
                    continue


def describe_set(parameter_set: Any) -> dict[str, Any]:
    """Return the name of a parameter set and what of it counts in its hash, and how."""
    values = hash_values(parameter_set)
    return {
        "name": parameter_set.name,
        **_plain(values),
        "IGNORED_PARAMS": _ignored(parameter_set, values),
        "_DRY_REPS": {key: list(pair) for key, pair in values.items()},
    }


def _plain(values: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """Return ``{field: text or nested dictionary}`` of the fields that count."""
    return {
        name: _plain(found) if isinstance(found, NestedValues) else str(found)
        for name, (_, found) in values.items()
        if found is not None
    }


def _ignored(owner: Any, values: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """Return the text of each value that does not count although it is there, nested as it is."""
    result: dict[str, Any] = {}
    for name, (_, found) in values.items():
        value = getattr(owner, name, None)
        if isinstance(found, NestedValues):
            result |= {name: inside} if (inside := _ignored(value, found)) else {}
        elif found is None and name not in OWN_FIELDS:
            result[name] = str(value)
    return result
