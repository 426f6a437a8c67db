"""Images of runs that have a full store already."""

import os

from curifactory.cli.docker.context import passing_context
from curifactory.cli.docker.engine import build, connected
from curifactory.cli.docker.exporter import say_what_is_left_out
from curifactory.cli.docker.image import Image, image_name, place_in_image, this_python
from curifactory.cli.docker.project_files import find_project_files
from curifactory.config import get_configuration
from curifactory.exceptions import BadInputError


def build_docker(experiment_name: str, cache_folder: str, version: str) -> str:
    """Build an image of a run, as ``--docker`` does after one, and return its name.

    The code and the environment are those of now. The image has the run's notebook if the full
    store has it, as that of a run with ``--docker`` or ``--docker-context``.

    Parameters
    ----------
    experiment_name
        What the image is named after.
    cache_folder
        The run's full store, such as ``data/runs/iris_3_2026-11-24-T105859``.
    version
        What comes after the colon; the image is tagged ``latest`` as well.

    Raises
    ------
    BadInputError
        If there is no full store in ``cache_folder``, or no engine answers.
    ImageNotBuiltError
        If the build fails.

    """
    if not os.path.isfile(os.path.join(cache_folder, "run_info.json")):
        raise BadInputError(
            f"{cache_folder!r} is no full store of a run: it has no run_info.json. Name a folder "
            "in data/runs, which runs with --store-full leave there."
        )
    configuration = get_configuration()
    place = place_in_image(cache_folder, configuration.root)
    image = Image(image_name(experiment_name), version, place, this_python())
    files = find_project_files(configuration)
    with connected() as client:
        say_what_is_left_out(files)
        with passing_context(cache_folder, files, image) as folder:
            build(client, folder, image, lambda _: None)
    return image.tag
