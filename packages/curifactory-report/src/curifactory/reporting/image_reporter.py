"""An image from a file."""

import os

from curifactory.reporting.image_reportable import ImageReportable


class ImageReporter(ImageReportable):
    """Shows an image file, which may change or go afterwards: its content is kept at once.

    Parameters
    ----------
    image_path
        Path of the image.
    name, group
        As for :class:`Reportable`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    """

    def __init__(
        self, image_path: str | os.PathLike[str], name: str | None = None, group: str | None = None
    ) -> None:
        super().__init__(name, group)
        self.image_path = os.fspath(image_path)
        try:
            with open(self.image_path, "rb") as file:
                self._content = file.read()
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"image {name!r}: there is no file {self.image_path!r} (from {os.getcwd()!r}). "
                "Write it before it is reported."
            ) from error

    @property
    def format(self) -> str:
        """The ending of the file's name."""
        ending = os.path.splitext(self.image_path)[1].lower().lstrip(".")
        return ending if ending.isascii() and ending.isalnum() and len(ending) < 10 else "png"

    def image(self) -> bytes:
        """Return what the file held when it was reported."""
        return self._content
