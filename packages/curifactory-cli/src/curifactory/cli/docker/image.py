"""The image of a run: its name, and what is told to the build."""

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

DOCKERFILE = "docker/dockerfile"
"""Where the dockerfile is, from the folder that the image is built from."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is to be built."""

    name: str
    version: str
    run_folder: str
    """The run's full store, from the folder that the image is built from."""
    python_version: str
    """As ``3.12``."""

    @property
    def tag(self) -> str:
        """Name and version."""
        return f"{self.name}:{self.version}"

    @property
    def arguments(self) -> dict[str, str]:
        """What the dockerfile takes."""
        return {"run_folder": self.run_folder, "python_version": self.python_version}

    def build_words(self, folder: str) -> list[str]:
        """Return what an engine's command takes to build it of what is in ``folder``."""
        words = ["build", "-f", f"{folder}/{DOCKERFILE}", "--tag", self.tag, "--tag", self.name]
        for name, value in self.arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        return [*words, folder]


def image_of(manager: "ArtifactManager") -> Image:
    """Return the image of a run, ``<experiment>:<run number>_<date>``."""
    run = manager.run
    return Image(
        name=image_name(str(manager.experiment_name)),
        version=f"{run.number}_{run.started:%Y-%m-%d}",
        run_folder=place_in_image(manager.get_run_output_path(), manager.config.root),
        python_version=this_python(),
    )


def this_python() -> str:
    """Return the version of Python as images are named after it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def image_name(experiment: str) -> str:
    """Return the name of an image, which has fewer characters than that of an experiment.

    Examples
    --------
    >>> image_name("old.Iris_2")
    'old.iris_2'

    """
    plain = re.sub(r"[^a-z0-9._-]+", "-", experiment.lower())
    return re.sub(r"([._-])[._-]+", r"\1", plain).strip("._-") or "experiment"


def place_in_image(folder: str, root: str) -> str:
    """Return where a run's full store is in the image, from the project's folder there.

    The same place as here, or a usual one if that is not in the project's folder.
    """
    root, folder = os.path.realpath(root), os.path.realpath(folder)
    if os.path.commonpath([root, folder]) == root != folder:
        return os.path.relpath(folder, root).replace(os.sep, "/")
    return f"data/runs/{os.path.basename(folder)}"
