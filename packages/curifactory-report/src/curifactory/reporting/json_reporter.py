"""A dictionary or any other JSON value, as indented text."""

import html
import json
from typing import Any

from curifactory.reporting.reportable import Reportable


class JsonReporter(Reportable):
    r"""Shows a value as JSON.

    Parameters
    ----------
    dictionary
        What to show. Values and keys that JSON does not know are shown as their ``str``.
    name, group
        As for :class:`Reportable`.

    Examples
    --------
    >>> JsonReporter({"accuracy": 0.93}).html()
    '<pre class="json">{\n    &quot;accuracy&quot;: 0.93\n}</pre>'

    """

    def __init__(self, dictionary: Any, name: str | None = None, group: str | None = None) -> None:
        super().__init__(name, group)
        self.dictionary = dictionary

    def html(self) -> str:
        """Return the indented JSON in a ``<pre>``."""
        text = json.dumps(
            _with_text_keys(self.dictionary), indent=4, default=str, ensure_ascii=False
        )
        return f'<pre class="json">{html.escape(text)}</pre>'


def _with_text_keys(value: Any) -> Any:
    """Return ``value`` with the keys JSON refuses, such as tuples, as text at every depth."""
    if isinstance(value, dict):
        return {_text_key(key): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(item) for item in value]
    return value


def _text_key(key: Any) -> Any:
    return key if key is None or isinstance(key, str | int | float) else str(key)
