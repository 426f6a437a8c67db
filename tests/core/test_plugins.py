"""Entry points: what installed distributions plug into core."""

from collections.abc import Callable

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
