"""What is behind the reasons of a plan, as lines: values, versions and sources, before and now."""

from collections.abc import Iterator

from curifactory.calls import StageCall
from curifactory.differing import Difference, differences
from curifactory.freshness import freshness_of
from curifactory.planning import Decision


def detail_lines(call: StageCall, decision: Decision) -> Iterator[str]:
    """Yield what has changed that matters to ``decision``."""
    compared = ""
    for difference in differences(call, decision):
        if difference.since != compared:
            compared = difference.since
            yield f"nearest in the cache: {compared}"
        yield from _lines(difference)


def _lines(difference: Difference) -> Iterator[str]:
    if difference.kind == "code":
        yield from source_difference(difference)
        return
    before, after = (_shown(difference, text) for text in (difference.before, difference.after))
    yield f"{difference.kind} {difference.subject}: {before} → {after}"


def _shown(difference: Difference, text: str | None) -> str:
    if text is None:
        return "nothing"
    return text[:12] if difference.kind == "input" else text


def source_difference(difference: Difference) -> Iterator[str]:
    """Yield the difference of two sources in the unified format."""
    if not difference.before and not difference.after:
        yield f"{difference.subject}: there is no source to show"
        return
    if difference.before is None:
        yield f"{difference.subject}: it was not there, or its earlier source was not kept"
        return
    from difflib import unified_diff

    yield from unified_diff(
        difference.before.splitlines(),
        (difference.after or "").splitlines(),
        f"{difference.subject} before",
        f"{difference.subject} now",
        lineterm="",
    )


def blind_spots(call: StageCall) -> tuple[str, ...]:
    """Return what of the code of ``call`` could not be followed."""
    if not call.is_stored:
        return ()
    return freshness_of(call.record.manager).closure(call.spec).blind_spots
