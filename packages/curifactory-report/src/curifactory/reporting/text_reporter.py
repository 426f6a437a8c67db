"""Text, plain or with the marks of Markdown."""

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from curifactory.reporting.reportable import Reportable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


class TextReporter(Reportable):
    r"""Shows a text.

    Parameters
    ----------
    text
        What to show.
    name, group
        As for :class:`Reportable`.
    markdown
        Read the text as Markdown (CommonMark and tables). HTML in it is shown as text, and links
        lead only where they can do no harm. Otherwise it is shown as it is, line by line.

    Examples
    --------
    >>> TextReporter("3 < 4").html()
    '<div class="text">3 &lt; 4</div>'
    >>> TextReporter("**3** < 4", markdown=True).html()
    '<div class="markdown"><p><strong>3</strong> &lt; 4</p>\n</div>'

    """

    def __init__(
        self,
        text: str,
        name: str | None = None,
        group: str | None = None,
        *,
        markdown: bool = False,
    ) -> None:
        super().__init__(name, group)
        self.text = str(text)
        self.markdown = markdown

    def html(self) -> str:
        """Return the text as HTML, everything escaped."""
        if self.markdown:
            return f'<div class="markdown">{_reader().render(self.text)}</div>'
        return f'<div class="text">{escape(self.text)}</div>'


@lru_cache(maxsize=1)
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
