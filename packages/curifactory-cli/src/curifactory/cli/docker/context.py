"""The build context: a folder with exactly what goes into an image of a run."""

import errno
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from curifactory.cli.docker.environment import write_environment
from curifactory.cli.docker.files_page import write_files_page
from curifactory.cli.docker.image import Image
from curifactory.cli.docker.project_files import ProjectFiles
from curifactory.cli.scaffold import docker_files
from curifactory.closing import notebook_exporter
from curifactory.environment import is_alive, process_name
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

OURS = "docker/run"
"""The folder of what is made for this image alone: the environment, and the command to build."""
NOTEBOOK = "run_notebook.ipynb"
_PARTIAL = ".partial"


def check_folder(folder: str) -> None:
    """Make sure that a context can be written into ``folder``.

    Raises
    ------
    BadInputError
        If there is something in it, or it cannot be made.

    """
    if os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise BadInputError(
            f"--docker-context {folder!r} is there already and not an empty folder; name a new one."
        )
    above = os.path.dirname(os.path.abspath(folder))
    while not os.path.exists(above):
        above = os.path.dirname(above)
    if not folder or not (os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK)):
        raise BadInputError(
            f"--docker-context {folder!r} cannot be made in {above!r}; name another folder."
        )


def write_context(folder: str, store: str, files: ProjectFiles, image: Image) -> None:
    """Write all that ``image`` is built from into ``folder``, completely or not at all.

    Parameters
    ----------
    folder
        Is made, or empty.
    store
        The run's full store, which is complete.
    files
        The files of the project.
    image
        What it is for.

    Raises
    ------
    EnvironmentNotPackedError
        If an installed package cannot be made a wheel.
    OSError
        If files cannot be read or written.

    """
    path = os.path.abspath(folder)
    _remove_abandoned(path)
    staged = f"{path}.{process_name()}{_PARTIAL}"
    os.makedirs(staged)
    try:
        _copy_project(files, staged)
        run = os.path.join(staged, image.run_folder)
        shutil.copytree(store, run, symlinks=True)
        write_files_page(run, os.path.basename(os.path.realpath(store)))
        _add_docker_folder(files, staged)
        ours = os.path.join(staged, OURS)
        shutil.rmtree(ours, ignore_errors=True)  # one that git tracks is of another run
        os.makedirs(ours)
        write_environment(ours, f"./{OURS}/wheels")
        _write_build_script(ours, image)
        _put_in_place(staged, path)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


@contextmanager
def passing_context(store: str, files: ProjectFiles, image: Image) -> Iterator[str]:
    """Write a context that is there as long as the block; give its folder."""
    with tempfile.TemporaryDirectory(prefix="curifactory-image-") as folder:
        context = os.path.join(folder, "context")
        write_context(context, store, files, image)
        yield context


def _remove_abandoned(path: str) -> None:
    """Remove what processes that were killed left of contexts that were to become ``path``."""
    above, name = os.path.split(path)
    for entry in list(os.scandir(above)) if os.path.isdir(above) else ():
        if entry.name.startswith(f"{name}.") and entry.name.endswith(_PARTIAL):
            process = entry.name[len(name) + 1 : -len(_PARTIAL)]
            if process.count("-") >= 2 and not is_alive(process):
                shutil.rmtree(entry.path, ignore_errors=True)


def _put_in_place(staged: str, path: str) -> None:
    """Rename a folder that is complete; an empty one may be where it goes."""
    try:
        os.rename(staged, path)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.EACCES, errno.EBUSY}:
            raise
        os.rmdir(path)
        os.rename(staged, path)


def _copy_project(files: ProjectFiles, folder: str) -> None:
    for name in files.taken:
        source, target = os.path.join(files.root, name), os.path.join(folder, name)
        if not os.path.islink(source) and not os.path.isfile(source):
            continue  # removed, and git not told
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def write_notebook(manager: "ArtifactManager", image: Image) -> None:
    """Write into the run's full store the notebook that loads it from there, in the image."""
    notebook = os.path.join(manager.get_run_output_path(), NOTEBOOK)
    back = "/".join([".."] * len(image.run_folder.split("/")))
    notebook_exporter().export_beside(manager, notebook, back, f"{image.run_folder}/artifacts")


def _add_docker_folder(files: ProjectFiles, folder: str) -> None:
    """Take the project's dockerfile and start script, tracked or not; else usual ones."""
    os.makedirs(os.path.join(folder, "docker"), exist_ok=True)
    for name, text in docker_files(version("curifactory-cli")).items():
        own = os.path.join(files.root, name)
        if os.path.isfile(own):
            shutil.copy2(own, os.path.join(folder, name))
        else:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)


def _write_build_script(folder: str, image: Image) -> None:
    with open(os.path.join(folder, "build.sh"), "w", encoding="utf-8") as file:
        file.write(
            "#!/bin/sh\n"
            f"# Builds the image {image.tag}: sh {OURS}/build.sh, or with podman as its argument.\n"
            'set -eu\ncd "$(dirname "$0")/../.."\nengine=${1:-docker}\n'
            f'"$engine" {shlex.join(image.build_words("."))}\n'
        )
