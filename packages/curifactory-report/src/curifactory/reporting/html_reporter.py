"""HTML as somebody wrote it."""

from collections.abc import Sequence

from curifactory.reporting.reportable import Reportable


class HTMLReporter(Reportable):
    """Shows HTML as it is: escape in it what you did not write yourself.

    Scripts in it do not run, and nothing in it is loaded from the network: the page's content
    security policy forbids both.

    Parameters
    ----------
    html_string
        The HTML, or parts of it that follow each other.
    name, group
        As for :class:`Reportable`.

    Examples
    --------
    >>> HTMLReporter("<b>done</b>").html()
    '<b>done</b>'

    """

    def __init__(
        self, html_string: str | Sequence[str], name: str | None = None, group: str | None = None
    ) -> None:
        super().__init__(name, group)
        self.html_string = html_string if isinstance(html_string, str) else list(html_string)

    def html(self) -> str | list[str]:
        """Return the HTML."""
        return self.html_string
