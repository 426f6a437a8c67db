"""What stands behind each hash: the parameter sets and aggregates a project has used.

``<manager_cache_path>/store/parameters.jsonl`` has a line for each hash, appended when the hash is
first used. The same hash with another representation is refused, so that two parameter sets never
share artifacts unseen.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5
from typing import Any

from curifactory.exceptions import HashCollisionError
from curifactory.hashing import OWN_FIELDS, ComputedHash, hash_values, is_nested
from curifactory.journal import STORE

_FILE = "parameters.jsonl"


class ParameterRegistry:
    """The hashes a project has used, and what they stand for.

    Parameters
    ----------
    manager_cache_path
        Folder that holds ``store``.

    """

    def __init__(self, manager_cache_path: str) -> None:
        self.path = os.path.join(manager_cache_path, STORE, _FILE)
        self._digests: dict[str, str] | None = None

    def register_parameters(self, parameter_set: Any) -> None:
        """Note the parameter set behind its hash, unless it is known.

        Raises
        ------
        HashCollisionError
            If a computed hash is known for a parameter set with another representation.

        """
        representation = _plain(hash_values(parameter_set))
        entry = describe_set(parameter_set)
        hash_ = parameter_set.hash
        if isinstance(hash_, ComputedHash) or hash_ not in self._known():
            self._register(hash_, representation, entry)

    def register_aggregate(self, hash_: str, active: str | None, inputs: Sequence[str]) -> None:
        """Note the records' hashes behind the hash of an aggregate, unless it is known."""
        entry = {"active": active or "None", "arg_list": sorted(inputs)}
        self._register(hash_, entry, entry)

    def _register(self, hash_: str, representation: Mapping[str, Any], entry: Any) -> None:
        known = self._known()
        text = json.dumps(representation, sort_keys=True, default=str)
        digest = md5(text.encode(), usedforsecurity=False).hexdigest()
        if known.setdefault(hash_, "") == "":
            known[hash_] = digest
            self._append({"hash": hash_, "digest": digest, "entry": entry})
        elif known[hash_] != digest:
            raise HashCollisionError(
                f"hash {hash_} already stands for another parameter set: {self.find(hash_)}, and "
                f"now for {entry}. Rename a field, or set a hash by hand, so that they differ."
            )

    def _append(self, line: Mapping[str, Any]) -> None:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

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
            file = open(self.path, encoding="utf-8")  # noqa: SIM115 - closed below
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
        name: _plain(representation) if is_nested(strategy) else str(representation)
        for name, (strategy, representation) in values.items()
        if representation is not None
    }


def _ignored(owner: Any, values: Mapping[str, tuple[str, Any]]) -> dict[str, str]:
    """Return the text of each value that does not count although it is there."""
    return {
        name: str(getattr(owner, name, None))
        for name, (_, representation) in values.items()
        if representation is None and name not in OWN_FIELDS
    }
