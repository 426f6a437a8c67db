"""Causes in words."""

from collections.abc import Iterable

from curifactory.causes import Cause, CauseKind

_STALE = "stale: "
_WORDS = {
    CauseKind.MISSING: "{subject} is not in the cache",
    CauseKind.FOREIGN: "the cached file for {subject} is another artifact: {detail}",
    CauseKind.DAMAGED: "cached {subject} is damaged: {detail}",
    CauseKind.UNREADABLE: "an output of {subject} cannot be loaded",
    CauseKind.TORN: "the cached outputs of {subject} come from different executions",
    CauseKind.UNVERIFIED: "{subject} has no metadata, used as it is",
    CauseKind.NO_CACHER: "{subject} has no cacher",
    CauseKind.NO_OUTPUTS: "it has no outputs to cache",
    CauseKind.FORCED: "forced by {subject}",
    CauseKind.UNTRACED: "nothing tells which code {subject} was computed by, used as it is",
    CauseKind.CODE_CHANGED: "stale: {subject} {detail}",
    CauseKind.PACKAGE_CHANGED: "stale: package {subject} is another version: {detail}",
    CauseKind.INPUT_CHANGED: "stale: {subject} has changed since",
    CauseKind.INPUT_EQUAL: "{subject}, which was computed again, came out equal",
    CauseKind.INPUT_RENEWED: "stale: {subject}, which it was computed from, runs again",
    CauseKind.INPUT_FAILED: "{subject}, which it is computed from, failed",
    CauseKind.NEEDED_BY: "needed by {subject}",
    CauseKind.UP_TO_DATE: "up to date",
    CauseKind.NOT_NEEDED: "not needed: everything computed from it is cached",
    CauseKind.SAME_AS: "the same as {subject}",
    CauseKind.UNPLANNED: "the map did not have this call",
}


def describe(cause: Cause) -> str:
    """Return ``cause`` as a phrase without a full stop.

    Examples
    --------
    >>> describe(Cause(CauseKind.MISSING, "output 'model'"))
    "output 'model' is not in the cache"

    """
    return _WORDS[cause.kind].format(subject=cause.subject, detail=cause.detail)


def describe_all(causes: Iterable[Cause], *, only_if_changed: bool = False) -> str:
    """Return causes on one line.

    With ``only_if_changed``, what is said of renewed inputs holds only if they come out different.

    Examples
    --------
    >>> describe_all([Cause(CauseKind.CODE_CHANGED, name, "has changed") for name in "ab"])
    'stale: a has changed; b has changed'

    """
    condition = "stale if it comes out different: " if only_if_changed else _STALE
    parts: list[str] = []
    for cause in causes:
        text = describe(cause)
        if text.startswith(_STALE):
            text = text.removeprefix(_STALE)
            if not any(part.startswith(condition) for part in parts):
                text = condition + text
        parts.append(text)
    return "; ".join(parts)
