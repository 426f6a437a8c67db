"""Drawing the images of a report: none twice, and many in several processes.

Beside the images lies ``drawn.json`` with a key for each image that was drawn. What an earlier
report has under the same key is taken from there.
"""

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from curifactory.reporting.drawing_processes import DrawingProcesses, changed_settings, draw_each
from curifactory.reporting.image_reportable import ImageReportable

if TYPE_CHECKING:
    from types import TracebackType

    from curifactory import protocols

_log = logging.getLogger(__name__)
DRAWN = "drawn.json"


class Drawing:
    """Puts images that are slow to draw into ``folder``, by other processes where it helps.

    Those processes start at once, and end with the context that this is.

    Parameters
    ----------
    reportables
        What is shown.
    folder
        Where the images go.
    earlier
        Such folders of earlier reports, from which unchanged images are taken.

    """

    def __init__(
        self, reportables: "Sequence[protocols.Reportable]", folder: str, earlier: Sequence[str]
    ) -> None:
        self._folder = folder
        self._slow = {
            id(each): image for each in reportables if (image := _slow_image(each)) is not None
        }
        known = _keys(self._slow.values())
        taken = _take_over(known, folder, earlier)
        self._missing = [
            image.reportable for image in self._slow.values() if image.name not in taken
        ]
        if known:
            with open(os.path.join(folder, DRAWN), "w", encoding="utf-8") as file:
                json.dump(known, file, indent=1)
        self._processes = DrawingProcesses(self._missing, folder)

    def __contains__(self, reportable: object) -> bool:
        """Return whether the image of ``reportable`` is drawn here."""
        return id(reportable) in self._slow

    def __enter__(self) -> "Drawing":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        """Stop what still draws."""
        self._processes.stop()

    def finish(self) -> set[int]:
        """Return the ``id`` of each reportable whose image is there, when all have been tried.

        What could not be drawn is left to be rendered, which says why.
        """
        self._processes.wait()
        left = [image for image in self._missing if not self._has(image.image_name())]
        draw_each(left, self._folder)
        return {item for item, image in self._slow.items() if self._has(image.name)}

    def _has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self._folder, name))


@dataclass(frozen=True, slots=True)
class _SlowImage:
    name: str
    """Name of its file."""
    content: str | None
    """Digest of what it is drawn from."""
    reportable: ImageReportable
    """It, without its record."""


def _slow_image(reportable: "protocols.Reportable") -> _SlowImage | None:
    """Return what is needed to draw an image apart; ``None`` for what is none, or is broken."""
    try:
        if getattr(reportable, "is_slow", False) is not True:
            return None
        image = cast("ImageReportable", reportable).detached()
        if type(image).render is not ImageReportable.render:
            return None  # it writes more than its image
        return _SlowImage(image.image_name(), image.drawing_key(), image)
    except Exception as error:  # noqa: BLE001 - users' classes and pickles; shown when it is rendered
        _log.debug("reportable %r is not drawn apart: %s", reportable.qualified_name, error)
        return None


def _keys(images: Iterable[_SlowImage]) -> dict[str, str]:
    """Return all that decides how images are drawn, by their names; none for undigested content."""
    known = {image.name: image.content for image in images if image.content is not None}
    if not known:
        return {}
    from importlib.metadata import version

    setting = f"{version('matplotlib')} {changed_settings()}"
    return {name: f"{content} {setting}" for name, content in known.items()}


def _take_over(keys: dict[str, str], folder: str, earlier: Iterable[str]) -> set[str]:
    """Copy what earlier reports have drawn from the same, and return the names of the files."""
    taken: set[str] = set()
    for other in earlier:
        if len(taken) == len(keys):
            break
        drawn = _read_drawn(other)
        for name in keys.keys() - taken:
            if drawn.get(name) == keys[name]:
                with contextlib.suppress(OSError):  # somebody removes that report
                    shutil.copyfile(os.path.join(other, name), os.path.join(folder, name))
                    taken.add(name)
    return taken


def _read_drawn(folder: str) -> dict[str, str]:
    try:
        with open(os.path.join(folder, DRAWN), encoding="utf-8") as file:
            drawn = json.load(file)
    except (OSError, ValueError):
        return {}
    return drawn if isinstance(drawn, dict) else {}
