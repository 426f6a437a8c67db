"""Files that are, or are no longer, those that were stored."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory.caching.verifying import check_metadata, describe_files, find_damage


def _lying(places: dict[str, str]) -> dict[str, tuple[str, os.stat_result]]:
    return {path: (place, os.stat(place)) for path, place in places.items()}


def test_files_in_folders_are_described_one_by_one(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "one").write_text("1")
    (folder / "two").write_text("22")

    described = describe_files(_lying({"deep": "deep", "moved/two": "two"}), "")

    assert {name: facts["size"] for name, facts in described.items()} == {
        "deep/one": 1,
        "moved/two": 2,
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("longer"), "has 6 bytes instead of 1"),
        (lambda path: path.write_text("2"), "was changed after it was stored"),
    ],
    ids=["missing", "another size", "another content"],
)
def test_damage_is_put_into_words(
    folder: Path, change: Callable[[Path], object], message: str
) -> None:
    (folder / "file").write_text("1")
    os.utime("file", ns=(1, 1))
    described = describe_files(_lying({"file": "file"}), ".")

    change(folder / "file")

    assert message in str(find_damage(described, "."))


def test_a_file_whose_time_changed_is_still_the_same(folder: Path) -> None:
    (folder / "file").write_text("1")
    described = describe_files(_lying({"file": "file"}), "")
    os.utime("file", ns=(1, 1))

    assert find_damage(described, "") is None


@pytest.mark.parametrize(("changed", "is_used"), [(False, True), (True, False)])
def test_a_file_without_a_digest_is_told_by_size_and_time(
    folder: Path, changed: bool, is_used: bool
) -> None:
    (folder / "file").write_text("1")
    described = describe_files(_lying({"file": "file"}), "", lambda *_: None)
    if changed:
        os.utime("file", ns=(1, 1))

    assert described["file"]["sha256"] is None
    assert (find_damage(described, "") is None) is is_used
    assert (find_damage(described, "", read_all=True) is None) is is_used


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        5,
        {"files": [1]},
        {"files": {"a": {"size": 1}}},
        {"extra": 5},
        {"stage": 5},
        {"lineage": ["x"]},
        {"params": 3},
        {"manager_run_info": "x"},
        {"code": {"fingerprint": "0"}},
        {"upstream": [1]},
        {"inputs": 3},
        {"inputs": [["a", "b"]]},
        {"params_hash": 1},
        {"seconds": "x"},
    ],
    ids=repr,
)
def test_metadata_of_another_shape_is_refused(metadata: object) -> None:
    with pytest.raises(ValueError, match="it"):
        check_metadata(metadata)


@pytest.mark.parametrize("metadata", [{}, {"extra": None, "files": {}}, {"unknown": 5}], ids=repr)
def test_metadata_may_lack_what_others_did_not_write(metadata: dict[str, object]) -> None:
    assert check_metadata(metadata) == metadata
