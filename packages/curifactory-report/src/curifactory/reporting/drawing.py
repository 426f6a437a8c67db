"""Drawing the images of a report: none twice, and many in several processes.

Beside the images lies ``drawn.json`` with a key for each image that was drawn. What an earlier
report has under the same key is taken from there.
"""

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from curifactory import protocols
    from curifactory.reporting.image_reportable import ImageReportable

_log = logging.getLogger(__name__)
DRAWN = "drawn.json"
_PROGRAM = f"import sys, {__name__} as drawing; drawing.draw_listed(sys.argv[1])"
_MANY = 24
"""From how many images on other processes help: starting one costs as much as some ten images."""
_FEWEST_EACH = 12


def draw_images(
    reportables: "Sequence[protocols.Reportable]", folder: str, earlier: Sequence[str]
) -> set[int]:
    """Put images that are slow to draw into ``folder`` and return the ``id`` of each drawn one.

    Those left out, be they few or be it that drawing them failed elsewhere, are left to be
    rendered one by one.
    """
    slow = {id(item): image for item in reportables if (image := _slow_image(item)) is not None}
    known = {image.name: image.key for image in slow.values() if image.key is not None}
    taken = _take_over(known, folder, earlier)
    missing = [image.reportable for image in slow.values() if image.name not in taken]
    if len(missing) >= _MANY:
        _draw_apart(missing, folder)
    if known:
        with open(os.path.join(folder, DRAWN), "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
    return {
        item for item, image in slow.items() if os.path.isfile(os.path.join(folder, image.name))
    }


@dataclass(frozen=True, slots=True)
class _SlowImage:
    name: str
    """Name of its file."""
    key: str | None
    reportable: "ImageReportable"
    """It, without its record."""


def _slow_image(reportable: "protocols.Reportable") -> _SlowImage | None:
    """Return what is needed to draw an image apart; ``None`` for what is none, or is broken."""
    try:
        if getattr(reportable, "is_slow", False) is not True:
            return None
        image = cast("ImageReportable", reportable)
        return _SlowImage(image.image_name(), _key(image), image.detached())
    except Exception as error:  # noqa: BLE001 - users' classes and pickles; shown when it is rendered
        _log.debug("reportable %r is not drawn apart: %s", reportable.qualified_name, error)
        return None


def _key(reportable: "ImageReportable") -> str | None:
    """Return all that decides how an image is drawn: its content, matplotlib, and its settings."""
    content = reportable.drawing_key()
    return None if content is None else f"{content} {_matplotlib()} {changed_settings()}"


def _matplotlib() -> str:
    from importlib.metadata import version

    return version("matplotlib")


def changed_settings() -> dict[str, Any]:
    """Return the settings of matplotlib that this process changed, without importing it."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return {}
    now, first = matplotlib.rcParams, matplotlib.rcParamsOrig
    return {key: now[key] for key in first if "backend" not in key and now[key] != first[key]}


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


def _draw_apart(images: "Sequence[ImageReportable]", folder: str) -> None:
    """Let several processes draw ``images``; what they cannot draw is left out.

    New interpreters rather than ``multiprocessing``, which would run the user's script again.
    """
    count = min(_processors(), len(images) // _FEWEST_EACH)
    if count < 2:
        return
    with tempfile.TemporaryDirectory(dir=folder) as shared:
        workers = [_start_worker(images[n::count], shared, f"{n}") for n in range(count)]
        try:
            for worker in workers:
                if worker is not None:
                    worker.wait()
        finally:  # Ctrl-C comes here
            for worker in workers:
                if worker is not None and worker.poll() is None:
                    worker.kill()
                    worker.wait()
        for name in {image.image_name() for image in images}:
            with contextlib.suppress(FileNotFoundError):
                os.replace(os.path.join(shared, name), os.path.join(folder, name))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker(
    images: "Sequence[ImageReportable]", folder: str, name: str
) -> subprocess.Popen[bytes] | None:
    import pickle

    work = os.path.join(folder, f"{name}.work")
    try:
        content = pickle.dumps((sys.path, changed_settings(), folder, images), protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        _log.debug("images are drawn in this process: %s", error)
        return None
    with open(work, "wb") as file:
        file.write(content)
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, work],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def draw_listed(path: str) -> None:
    """Draw what a file lists, each image aside and then renamed."""
    import pickle

    import matplotlib

    with open(path, "rb") as file:
        sys.path, settings, folder, images = pickle.load(file)
    matplotlib.rcParams.update(settings)
    for image in images:
        name = image.image_name()
        image.path = folder
        with contextlib.suppress(Exception):  # drawn again by the process that shows the error
            content = image.image()
            temporary = os.path.join(folder, f"{os.path.basename(path)}.part")
            with open(temporary, "wb") as file:
                file.write(content)
            os.replace(temporary, os.path.join(folder, name))
