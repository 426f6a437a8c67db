"""What the index of all reports compares of a run, as a page that tells it to whom it is within."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from curifactory.reporting.metrics import collect_metrics
from curifactory.reporting.parameters import flatten
from curifactory.reporting.run_page import parameter_sets
from curifactory.reporting.shown import ShownReportable
from curifactory.reporting.templating import digest_for_policy, render

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_SCRIPT = """
if (parent !== window) {
  parent.postMessage(JSON.parse(document.getElementById("facts").textContent), "*");
}
"""


def render_compare_page(manager: "ArtifactManager", shown: Sequence[ShownReportable]) -> str:
    """Return the page with parameters, metrics and reportables of the manager's run."""
    metrics = collect_metrics(shown)
    facts = {
        "reference": manager.get_reference_name(),
        "parameters": {
            each["name"]: dict(flatten(each["fields"])) for each in parameter_sets(manager)
        },
        "metrics": {title: _finite(own) for (title, _), own in metrics.items()},
        "reportables": [
            {
                "key": each.anchor,
                "title": each.title,
                "record": each.record,
                "html": each.html,
            }
            for each in shown
            if each.error is None
        ],
    }
    return render(
        "compare.html",
        reference=facts["reference"],
        facts=as_script_data(facts),
        script=_SCRIPT,
        digest=digest_for_policy(_SCRIPT),
    )


def _finite(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Return the metrics with what JSON does not know, such as infinity, as text."""
    return {
        name: value if abs(value) < float("inf") else str(value) for name, value in metrics.items()
    }


def as_script_data(value: object) -> str:
    r"""Return JSON for a ``<script type="application/json">``, which no text in it can end.

    Examples
    --------
    >>> as_script_data({"a": "</script>"})
    '{"a": "\\u003c/script\\u003e"}'

    """
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
