"""Which artifacts a run used, in the few words that its journal keeps of them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from curifactory.artifact import METADATA
from curifactory.calls import CallStatus, StageCall

_WITHOUT_ARTIFACTS = frozenset({CallStatus.PENDING, CallStatus.FAILED})
_HASH = "_*_"


def describe_use(calls: Iterable[StageCall], cache_path: str) -> list[dict[str, Any]]:
    """Return the names of the artifacts of ``calls``, relative to the cache, without endings.

    Records with the same artifacts share an entry: ``names`` with ``*`` in place of the record's
    hash, and ``hashes``. Artifacts outside of the cache are left out.
    """
    by_hash: dict[str, dict[str, None]] = {}
    folder = os.path.join(cache_path, "")
    for call in calls:
        if call.status in _WITHOUT_ARTIFACTS:
            continue
        names = by_hash.setdefault(call.hash, {})
        for artifact in call.outputs:
            path = artifact.metadata_path
            if path is not None and path.startswith(folder):
                name = path[len(folder) :].removesuffix(METADATA)
                names[name.replace(f"_{call.hash}_", _HASH, 1)] = None
    by_names: dict[tuple[str, ...], list[str]] = {}
    for hash_, names in by_hash.items():
        if names:
            by_names.setdefault(tuple(names), []).append(hash_)
    return [{"names": list(names), "hashes": hashes} for names, hashes in by_names.items()]


def names_used(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names that :func:`describe_use` described."""
    for entry in entries:
        for name in entry["names"]:
            for hash_ in entry["hashes"]:
                yield name.replace(_HASH, f"_{hash_}_", 1)
