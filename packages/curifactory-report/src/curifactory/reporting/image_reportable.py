"""The base of reportables that are one image file."""

import os
from abc import abstractmethod
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote

from curifactory.reporting.reportable import Reportable

_SHOWN = frozenset({"apng", "avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"})


class ImageReportable(Reportable):
    """Shows an image that :meth:`image` returns the content of.

    What browsers do not show as an image, such as ``pdf``, is linked.
    """

    is_slow: ClassVar[bool] = False
    """Whether :meth:`image` draws: such images are drawn in several processes where they are many,
    and taken from an earlier report where :meth:`drawing_key` is the same."""

    @property
    def format(self) -> str:
        """Format of the image and ending of its file, such as ``png``."""
        return "png"

    @abstractmethod
    def image(self) -> bytes:
        """Return the content of the image file."""

    def image_after(self, kept: dict[Any, Any]) -> bytes:
        """Return what :meth:`image` does, where several are drawn one after the other.

        Parameters
        ----------
        kept
            What those before have left to be used again, such as axes; empty for the first one.

        """
        return self.image()

    def drawing_key(self) -> str | None:
        """Return a digest of all that the image is drawn from; ``None`` draws it in each report."""
        return None

    def image_name(self) -> str:
        """Return the name of the image's file."""
        return self.file_name(f".{self.format}")

    def render(self) -> None:
        """Write the image into the folder ``path``."""
        with open(os.path.join(self.path, self.image_name()), "wb") as file:
            file.write(self.image())

    def html(self) -> str:
        """Return an ``<img>`` of the file, or a link to it where browsers show no such images."""
        source = escape(quote(f"{self.path}/{self.image_name()}", safe="/:"))
        text = escape(self.name or self.qualified_name)
        if self.format in _SHOWN:
            return f'<img src="{source}" alt="{text}">'
        return f'<a href="{source}">{text} ({escape(self.format)})</a>'
