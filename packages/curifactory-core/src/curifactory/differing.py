"""What is behind the causes of a decision: what was before, and what is now."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from curifactory.calls import StageCall
from curifactory.causes import Cause, CauseKind
from curifactory.freshness import freshness_of
from curifactory.hashing import describe_parameters
from curifactory.planning import Decision

_METADATA = "_metadata.json"
_MOST_READ = 200
_NOT_COMPARED = frozenset({"name", "hash", "overwrite"})


class Difference(NamedTuple):
    """Something that is not what it was."""

    kind: str
    """``code``, ``package``, ``input`` or ``parameter``."""
    subject: str
    before: str | None
    """Source, version, digest or value; ``None`` if it was not there, or was not kept."""
    after: str | None
    since: str = ""
    """Parameter set and run that a parameter is compared with."""


def differences(call: StageCall, decision: Decision) -> Iterator[Difference]:
    """Yield what is behind the causes of ``decision`` about ``call``."""
    missing = False
    for cause in decision.causes:
        if cause.kind is CauseKind.CODE_CHANGED:
            yield _code(call, cause)
        elif cause.kind is CauseKind.PACKAGE_CHANGED:
            before, _, after = cause.detail.partition(" → ")
            yield Difference("package", cause.subject, before, after)
        elif cause.kind is CauseKind.INPUT_CHANGED:
            yield from _inputs(call, cause)
        missing |= cause.kind is CauseKind.MISSING
    if missing:
        yield from _parameters(call)


def _metadata(call: StageCall) -> Mapping[str, Any]:
    for artifact in call.outputs:
        found = None if artifact.cacher is None else artifact.cacher.look_up().metadata
        if found is not None:
            return found
    return {}


def _code(call: StageCall, cause: Cause) -> Difference:
    """Return the old and new source of a part of the code of ``call``, or of a stage before it."""
    freshness, metadata = freshness_of(call.record.manager), _metadata(call)
    recorded, upstream = metadata.get("code") or {}, metadata.get("upstream") or {}
    before: str | None = None
    arrived = metadata.get("arrived") or {}
    known = (recorded, arrived, *({"fingerprint": each} for each in upstream.values()))
    for fingerprint in (each.get("fingerprint") for each in known):
        kept = freshness.store.load(str(fingerprint)) or {}
        if cause.subject in kept:
            before = kept[cause.subject].text
            break
    for closure in freshness.closures():
        if cause.subject in closure.parts:
            return Difference("code", cause.subject, before, closure.parts[cause.subject].text)
    return Difference("code", cause.subject, before, None)


def _inputs(call: StageCall, cause: Cause) -> Iterator[Difference]:
    recorded = _metadata(call).get("inputs") or ()
    sources = freshness_of(call.record.manager).sources(call)
    for artifact, before in zip(sources, recorded, strict=False):
        now = artifact.content
        same_cause = cause.detail == f"from {artifact.call.label}"
        if f"input {artifact.name!r}" == cause.subject and same_cause and now != before[3]:
            yield Difference("input", f"{artifact.name} {cause.detail}", before[3], now)


def _parameters(call: StageCall) -> Iterator[Difference]:
    """Yield what differs from the parameters of the nearest artifact that the cache has."""
    params = call.record.params
    if params is None or call.record.is_aggregate:
        return
    now = _flat(describe_parameters(params))
    nearest: tuple[bool, int, str, dict[str, str], Mapping[str, Any]] | None = None
    for metadata in _other_artifacts(call):
        before = _flat(metadata["params"])
        changed = len(now.items() ^ before.items())
        other_name = metadata.get("params_name") != params.name
        key = (other_name, changed, str(metadata.get("artifact_generated")), before, metadata)
        if nearest is None or key[:2] < nearest[:2]:
            nearest = key
    if nearest is None:
        return
    before, metadata = nearest[3:]
    run = (metadata.get("manager_run_info") or {}).get("reference")
    since = f"{metadata.get('params_name')!r} of run {run}"
    for name in dict.fromkeys((*now, *before)):
        if now.get(name) != before.get(name):
            yield Difference("parameter", name, before.get(name), now.get(name), since)


def _other_artifacts(call: StageCall) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata of the artifacts of other parameter sets at the place of the first."""
    cacher = call.outputs[0].cacher if call.outputs else None
    if cacher is None:
        return
    from fnmatch import translate
    from re import compile as compile_pattern

    folder, name = os.path.split(cacher.get_path(_METADATA))
    matches = compile_pattern(translate(name.replace(call.hash, "*"))).match
    try:
        names = [each for each in os.listdir(folder or ".") if matches(each)]
    except OSError:  # there is no cache yet
        return
    for each in sorted(names)[:_MOST_READ]:
        try:
            with open(os.path.join(folder, each), "rb") as file:
                metadata = json.loads(file.read())
        except (OSError, ValueError):  # removed, or not what is written there
            continue
        if isinstance(metadata, dict) and isinstance(metadata.get("params"), dict):
            yield metadata


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        elif prefix or name not in _NOT_COMPARED:
            found[f"{prefix}{name}"] = str(value)
    return found
