"""Causes in words."""

import pytest

from curifactory.causes import Cause, CauseKind
from curifactory.explaining import describe


@pytest.mark.parametrize("kind", CauseKind)
def test_every_cause_has_words_that_name_its_subject(kind: CauseKind) -> None:
    words = describe(Cause(kind, "output 'model'", "3 bytes missing"))

    assert words
    assert not words.endswith(".")
    assert "{" not in words


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause(CauseKind.MISSING, "output 'model'"), "output 'model' is not in the cache"),
        (
            Cause(CauseKind.DAMAGED, "output 'model'", "3 bytes missing"),
            "cached output 'model' is damaged: 3 bytes missing",
        ),
        (Cause(CauseKind.FORCED, "--overwrite"), "forced by --overwrite"),
        (
            Cause(CauseKind.NEEDED_BY, "'train' of Record 1 (a)"),
            "needed by 'train' of Record 1 (a)",
        ),
        (
            Cause(CauseKind.INPUT_RENEWED, "'load' of Record 0 (a)"),
            "stale: 'load' of Record 0 (a), which it was computed from, runs again",
        ),
    ],
)
def test_causes_in_words(cause: Cause, words: str) -> None:
    assert describe(cause) == words
