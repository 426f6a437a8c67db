"""Why a call is run, loaded or skipped: data, put into words by :mod:`curifactory.explaining`."""

from enum import StrEnum
from typing import NamedTuple


class CauseKind(StrEnum):
    """The kinds of reasons there are."""

    MISSING = "missing"
    """The cache has no artifact under this path."""
    FOREIGN = "foreign"
    """The file belongs to another stage or output whose name joins to the same file name."""
    DAMAGED = "damaged"
    """The file does not have the size or content that its metadata records."""
    UNREADABLE = "unreadable"
    """The file is complete, but loading it failed."""
    TORN = "torn"
    """The outputs in the cache come from different executions of the stage."""
    UNVERIFIED = "unverified"
    """The file has no metadata; it is used as it is."""
    NO_CACHER = "no_cacher"
    """An output has no cacher, so it is nowhere once the run is over."""
    NO_OUTPUTS = "no_outputs"
    """The stage is there for its effects."""
    FORCED = "forced"
    """The user asked for this call to run again."""
    UNTRACED = "untraced"
    """The artifact does not say which code and inputs it was computed from."""
    CODE_CHANGED = "code_changed"
    """Code that it was computed by is not what it was: the artifact is stale."""
    PACKAGE_CHANGED = "package_changed"
    """A package that the code uses has another version: the artifact is stale."""
    INPUT_CHANGED = "input_changed"
    """An input has another content than it was computed from: the artifact is stale."""
    INPUT_RENEWED = "input_renewed"
    """Something it was computed from is computed again: the artifact may be stale."""
    INPUT_EQUAL = "input_equal"
    """What it was computed from was computed again and came out equal."""
    INPUT_FAILED = "input_failed"
    """Something it is computed from failed in this run."""
    NEEDED_BY = "needed_by"
    """A call that runs reads an output."""
    UP_TO_DATE = "up_to_date"
    """Everything is cached and nothing that runs reads it."""
    NOT_NEEDED = "not_needed"
    """Not cached, but everything computed from it is."""
    SAME_AS = "same_as"
    """An earlier call of this run computes the very same artifacts."""
    UNPLANNED = "unplanned"
    """The map did not have this call: ``run()`` behaved differently when it really ran."""


STALE = frozenset(
    {
        CauseKind.CODE_CHANGED,
        CauseKind.PACKAGE_CHANGED,
        CauseKind.INPUT_CHANGED,
        CauseKind.INPUT_RENEWED,
    }
)
"""Why a cached artifact is stale."""


class Cause(NamedTuple):
    """One reason."""

    kind: CauseKind
    subject: str = ""
    """The artifact, call or option it is about."""
    detail: str = ""
    """What was expected or found, where that helps."""
