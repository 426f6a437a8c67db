"""Entry points: what installed distributions plug into core."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from curifactory.plugins import find, find_all

PlugIn = Callable[[str, str, object], None]


def test_what_an_installed_distribution_offers_is_found(plug_in: PlugIn) -> None:
    plug_in("curifactory.test", "one", "offered by one")

    assert find("curifactory.test", "one") == "offered by one"


def test_what_nobody_offers_is_none(plug_in: PlugIn) -> None:
    plug_in("curifactory.test", "one", "offered by one")

    assert find("curifactory.test", "other") is None
    assert find("curifactory.other", "one") is None


def test_all_offers_of_a_group_come_in_the_order_of_their_names(plug_in: PlugIn) -> None:
    for name in ("b", "c", "a"):
        plug_in("curifactory.test", name, name)

    assert find_all("curifactory.test") == ["a", "b", "c"]


def test_the_first_of_two_distributions_of_one_name_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, value in (("first", "1"), ("second", "2")):
        metadata = tmp_path / folder / "offering-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "entry_points.txt").write_text(
            "[other]\na = os:name\n\n[curifactory.twice] \n; a comment\n"
            f"a = string:digits[extra]\nb{value} = os.path:sep\n\n[more]\nc = os:name\n"
        )
        monkeypatch.syspath_prepend(tmp_path / folder)

    assert find_all("curifactory.twice") == ["0123456789", os.sep]


def test_two_distributions_may_offer_something_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for distribution, target in (("one", "string:digits"), ("other", "os.path:sep")):
        metadata = tmp_path / f"{distribution}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "entry_points.txt").write_text(f"[curifactory.both]\nhook = {target}\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert find_all("curifactory.both") == ["0123456789", os.sep]


def test_what_is_installed_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert find_all("curifactory.later") == []

    metadata = tmp_path / "later-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("[curifactory.later]\nhook = string:digits\n")
    os.utime(tmp_path, ns=(0, tmp_path.stat().st_mtime_ns + 10**9))

    assert find_all("curifactory.later") == ["0123456789"]
