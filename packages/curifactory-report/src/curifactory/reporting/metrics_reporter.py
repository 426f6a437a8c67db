"""Numbers with names, to compare across records and runs."""

from collections.abc import Mapping
from html import escape
from numbers import Integral, Real
from typing import Any

from curifactory.reporting.reportable import Reportable


class MetricsReporter(Reportable):
    """Shows numbers by name; the report puts those of all records side by side.

    The index of all reports compares them between runs.

    Parameters
    ----------
    metrics
        The numbers by name: Python's or numpy's.
    name, group
        As for :class:`Reportable`.

    Raises
    ------
    TypeError
        If a value is not a number.

    Examples
    --------
    >>> MetricsReporter({"accuracy": 0.9312345}).metrics
    {'accuracy': 0.9312345}

    """

    def __init__(
        self, metrics: Mapping[Any, Any], name: str | None = None, group: str | None = None
    ) -> None:
        super().__init__(name, group)
        self.metrics = {str(key): _number(str(key), value) for key, value in metrics.items()}

    def html(self) -> str:
        """Return a table of names and numbers."""
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td class="number">{format_metric(value)}</td>'
            "</tr>\n"
            for name, value in self.metrics.items()
        )
        return f'<table class="metrics">\n<tbody>\n{rows}</tbody>\n</table>'


def format_metric(value: float) -> str:
    """Return a number to six digits, whole numbers in full.

    Examples
    --------
    >>> format_metric(0.93123456), format_metric(12345678), format_metric(3e-9)
    ('0.931235', '12345678', '3e-09')

    """
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _number(name: str, value: Any) -> int | float:
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        value = value.item()  # of numpy, also where it is an array of one number
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(
        f"metric {name!r} must be a number, but is {value!r} ({type(value).__name__}). Show other "
        "values with JsonReporter."
    )
