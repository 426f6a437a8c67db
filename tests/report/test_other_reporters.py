"""HTML, LaTeX, text and metrics."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from curifactory.reporting import (
    HTMLReporter,
    LatexTableReporter,
    MetricsReporter,
    TextReporter,
)

if TYPE_CHECKING:
    from tests.report.conftest import Element


def test_html_is_shown_as_it_is() -> None:
    assert HTMLReporter("<b>done</b>").html() == "<b>done</b>"
    assert HTMLReporter(["<b>", "</b>"]).html() == ["<b>", "</b>"]


def test_a_frame_becomes_latex(parse: "Callable[[str], Element]") -> None:
    frame = pd.DataFrame({"<a>": [1.5]}, index=["x & y"])

    shown = parse(str(LatexTableReporter(frame, hrules=True, caption="A & B").html()))

    [pre] = shown.find("pre")
    assert r"\toprule" in pre.text
    assert r"\caption{A & B}" in pre.text
    assert "<a>" in pre.text


def test_latex_of_a_series_has_its_name() -> None:
    assert "score" in LatexTableReporter(pd.Series([1], name="score")).html()


def test_text_is_escaped_and_kept(hostile: str, parse: "Callable[[str], Element]") -> None:
    shown = parse(TextReporter(f"{hostile}\n  second").html())

    assert shown.texts(cls="text") == [f"{hostile}\n  second".strip()]
    assert len(list(shown)) == 2


def test_markdown_becomes_html(parse: "Callable[[str], Element]") -> None:
    text = "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~no~~ **yes** [link](https://x.org)"

    shown = parse(TextReporter(text, markdown=True).html())

    assert shown.texts("h1") == ["Title"]
    assert shown.texts("td") == ["1", "2"]
    assert shown.texts("strong") == ["yes"]
    assert shown.find("a")[0].attributes["href"] == "https://x.org"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        '[x](https://x.org" onmouseover="alert(1))',
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
    ],
)
def test_markdown_does_no_harm(text: str, parse: "Callable[[str], Element]") -> None:
    shown = parse(TextReporter(text, markdown=True).html())

    for element in shown:
        assert element.tag in {"page", "div", "p", "a", "img"}
        assert not any(name.startswith("on") for name in element.attributes)
        for name in ("href", "src"):
            assert not element.attributes.get(name, "").lower().startswith(("javascript", "data"))


def test_metrics_are_numbers_by_name(hostile: str, parse: "Callable[[str], Element]") -> None:
    reporter = MetricsReporter({hostile: 0.93123456, "n": np.int64(12345678)})

    shown = parse(reporter.html())

    assert shown.texts("th") == [hostile, "n"]
    assert shown.texts("td") == ["0.931235", "12345678"]
    assert reporter.metrics == {hostile: 0.93123456, "n": 12345678}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, 1), (np.float32(0.5), 0.5), (np.array([3]), 3), (float("inf"), math.inf)],
)
def test_a_metric_becomes_a_plain_number(value: object, expected: float) -> None:
    [found] = MetricsReporter({"m": value}).metrics.values()

    assert found == expected
    assert type(found) in {int, float}


@pytest.mark.parametrize("value", ["0.9", None, [1, 2], np.array([1, 2])])
def test_what_is_no_number_is_no_metric(value: object) -> None:
    with pytest.raises(TypeError, match=r"metric 'acc' must be a number.*JsonReporter"):
        MetricsReporter({"acc": value})
