"""Making the image of a run: ``--docker``; or only what one is built from: ``--docker-context``."""

import logging
from typing import TYPE_CHECKING

from curifactory.cli.docker.context import (
    check_folder,
    passing_context,
    write_context,
    write_notebook,
)
from curifactory.cli.docker.image import image_of
from curifactory.cli.docker.project_files import (
    ProjectFiles,
    find_project_files,
    require_loaded_files,
)
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:
    from curifactory.cli.docker.image import Image
    from curifactory.manager import ArtifactManager
    from curifactory.options import RunOptions

_log = logging.getLogger(__name__)
_MOST_NAMED = 10


class ImageExporter:
    """Writes the build context of a run, and lets an engine build the image.

    Parameters
    ----------
    options
        ``docker_context`` is the folder to keep the context in; without ``build_docker`` that is
        all.

    """

    def __init__(self, options: "RunOptions") -> None:
        self._keeps_in = options.docker_context
        self._builds = options.build_docker

    def check(self, manager: "ArtifactManager") -> None:
        """Make sure, before the run, that the image can be made after it.

        Raises
        ------
        BadInputError
            If no engine answers, the folder cannot be used, or the image would miss files that
            the experiment needs.

        """
        if self._keeps_in is not None:
            check_folder(self._keeps_in)
        require_loaded_files(find_project_files(manager.config))
        if self._builds:
            from curifactory.cli.docker.engine import connected

            with connected():
                pass

    def export(self, manager: "ArtifactManager") -> str:
        """Make it; return the image's name, or the folder with what it is to be built from."""
        files = find_project_files(manager.config)
        say_what_is_left_out(files)
        try:
            require_loaded_files(files)
        except BadInputError as error:
            _log.warning("The image is not complete: %s", error)
        image = image_of(manager)
        write_notebook(manager, image)
        _begin(manager, f"collecting what image {image.tag} is built from")
        store = manager.get_run_output_path()
        if self._keeps_in is not None:
            write_context(self._keeps_in, store, files, image)
            return self._build(self._keeps_in, manager, image) if self._builds else self._keeps_in
        with passing_context(store, files, image) as folder:
            return self._build(folder, manager, image)

    def _build(self, folder: str, manager: "ArtifactManager", image: "Image") -> str:
        from curifactory.cli.docker.engine import build, connected

        _begin(manager, f"building image {image.tag}")
        with connected() as client:
            build(client, folder, image, lambda step: _show(manager, step))
        return image.tag


def _begin(manager: "ArtifactManager", step: str) -> None:
    _log.info("%s", step)
    _show(manager, step)


def _show(manager: "ArtifactManager", step: str) -> None:
    for hook in manager.hooks:
        hook.image_progressed(step)


def say_what_is_left_out(files: ProjectFiles) -> None:
    """Warn of what an image does not get although somebody may expect it."""
    if not files.tracked:
        _log.warning(
            "No git repository tells what belongs to the project: the image gets its Python "
            "files, notebooks, Markdown and settings. 'git init' and 'git add' let you choose."
        )
    if files.withheld:
        names = ", ".join(files.withheld[:_MOST_NAMED])
        more = len(files.withheld) - _MOST_NAMED
        _log.warning(
            "Left out of the image, as secret or ignored although git tracks it: %s%s.",
            names,
            f" and {more} more" if more > 0 else "",
        )
