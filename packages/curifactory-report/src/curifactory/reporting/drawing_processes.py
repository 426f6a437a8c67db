"""Processes that draw images of a report.

New interpreters rather than ``multiprocessing``, which would run the user's script again.
"""

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curifactory.paths import write_atomically

if TYPE_CHECKING:
    from curifactory.reporting.image_reportable import ImageReportable

_log = logging.getLogger(__name__)
_PROGRAM = f"import sys, {__name__} as drawing; drawing.draw_listed(sys.argv[1])"
MANY = 40
"""From how many images on other processes help: starting one costs as much as some 20 images."""


class DrawingProcesses:
    """Draws many images by as many processes as there are processors; few not at all.

    Parameters
    ----------
    images
        What to draw.
    folder
        Where the images go.

    """

    def __init__(self, images: "Sequence[ImageReportable]", folder: str) -> None:
        self._names = [image.image_name() for image in images]
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._shared: tempfile.TemporaryDirectory[str] | None = None
        count = min(_processors(), len(images) * 2 // MANY)
        if count < 2:
            return
        self._shared = tempfile.TemporaryDirectory(dir=folder)
        try:
            for number in range(count):
                self._start(images[number::count], self._shared.name, f"{number}")
        except BaseException:
            self.stop()
            raise

    def _start(self, images: "Sequence[ImageReportable]", folder: str, name: str) -> None:
        import pickle

        work = os.path.join(folder, f"{name}.work")
        try:
            content = pickle.dumps((sys.path, changed_settings(), folder, images), protocol=5)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            _log.debug("images are drawn in this process: %s", error)
            return
        with open(work, "wb") as file:
            file.write(content)
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, work],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._processes.append(process)

    def wait(self) -> None:
        """Wait until all have ended, and put what they have drawn into the folder."""
        for process in self._processes:
            process.wait()
        if self._shared is not None:
            for name in set(self._names):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(
                        os.path.join(self._shared.name, name), os.path.join(self._folder, name)
                    )
        self.stop()

    def stop(self) -> None:
        """End what still draws, and remove what it leaves."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self._processes.clear()
        if self._shared is not None:
            self._shared.cleanup()
            self._shared = None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def changed_settings() -> dict[str, Any]:
    """Return the settings of matplotlib that this process changed, without importing it."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return {}
    now, first = matplotlib.rcParams, matplotlib.rcParamsOrig
    return {key: now[key] for key in first if "backend" not in key and now[key] != first[key]}


def draw_each(images: "Sequence[ImageReportable]", folder: str) -> None:
    """Draw ``images`` one after the other into ``folder``; what cannot be drawn is left out."""
    kept: dict[Any, Any] = {}
    for image in images:
        image.path = folder
        with contextlib.suppress(Exception):  # rendered again by what shows the error
            content = image.image_after(kept)
            write_atomically(os.path.join(folder, image.image_name()), content)


def draw_listed(path: str) -> None:
    """Draw what a file lists."""
    import pickle

    import matplotlib

    with open(path, "rb") as file:
        sys.path, settings, folder, images = pickle.load(file)
    matplotlib.rcParams.update(settings)
    draw_each(images, folder)
