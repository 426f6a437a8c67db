"""The container engine: Docker, or Podman through its compatible socket."""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curifactory.cli.docker.image import DOCKERFILE, Image
from curifactory.exceptions import BadInputError, CurifactoryError

if TYPE_CHECKING:
    from docker import DockerClient

_log = logging.getLogger(__name__)
_SECONDS_TO_ANSWER = 20
_LAST_LINES = 15


class ImageNotBuiltError(CurifactoryError):
    """The engine could not build an image."""


@contextmanager
def connected() -> "Iterator[DockerClient]":
    """Give a client of the engine that ``DOCKER_HOST`` names, else of one at a usual socket.

    Raises
    ------
    BadInputError
        If none answers.

    """
    client = _connect()
    try:
        yield client
    finally:
        client.close()


def _connect() -> "DockerClient":
    import docker
    from docker.errors import DockerException

    tried: list[str] = []
    for address in _addresses():
        environment = {**os.environ, "DOCKER_HOST": address} if address else dict(os.environ)
        try:
            _try_socket(address)
            client = docker.from_env(environment=environment, timeout=_SECONDS_TO_ANSWER)
        except (DockerException, OSError) as error:
            tried.append(f"{address or 'the usual address'} ({_reason(error)})")
        else:
            return client  # which has asked the engine for its version
    raise BadInputError(
        f"--docker needs a container engine, and none answers at {'; '.join(tried)}. Start Docker, "
        "or 'podman system service --time 0' with DOCKER_HOST naming its socket; or write all "
        "that is needed into a folder with --docker-context DIR instead, and build it elsewhere."
    )


def _try_socket(address: str) -> None:
    """Fail with the plain reason if nobody listens; the SDK wraps it in three others."""
    if not address.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(_SECONDS_TO_ANSWER)
        attempt.connect(address.removeprefix("unix://"))


def _addresses() -> list[str]:
    """Return where an engine may be, empty for where the SDK looks by itself."""
    given = os.environ.get("DOCKER_HOST")
    if given or os.name != "posix":
        return [given or ""]
    own = os.environ.get("XDG_RUNTIME_DIR")
    sockets = ["/var/run/docker.sock"]
    sockets += [f"{own}/docker.sock", f"{own}/podman/podman.sock"] if own else []
    sockets.append("/run/podman/podman.sock")
    there = [path for path in sockets if os.path.exists(path)]
    return [f"unix://{path}" for path in there or sockets[:1]]


def _reason(error: BaseException) -> str:
    """Return what the innermost error says, in one line."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def build(client: "DockerClient", folder: str, image: Image, show: Callable[[str], None]) -> None:
    """Build ``image`` of what is in ``folder``; what the engine says goes to the log.

    Parameters
    ----------
    client
        From :func:`connected`.
    folder
        The build context.
    image
        Gets the tags ``name:version`` and ``name:latest``.
    show
        Is told each step.

    Raises
    ------
    ImageNotBuiltError
        If the engine fails; the message has the last lines of what it said.

    """
    from docker.errors import DockerException
    from urllib3.exceptions import HTTPError  # of answers that break off, which the SDK lets pass

    said: list[str] = []
    try:
        answers = client.api.build(
            path=folder,
            dockerfile=DOCKERFILE,
            tag=image.tag,
            buildargs=image.arguments,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=None,
        )
        failure = _follow(answers, said, show)
        if failure is None:
            client.api.tag(image.tag, image.name, "latest")
    except (DockerException, HTTPError, OSError) as error:
        failure = _reason(error)
    if failure is not None:
        last = "\n".join(said[-_LAST_LINES:])
        raise ImageNotBuiltError(
            f"image {image.tag} could not be built: {failure.strip()}\n{last}\n"
            f"The run itself is complete, and running again computes nothing. Mend {DOCKERFILE}, "
            "which 'curifactory init' writes, or see with --docker-context DIR what it gets."
        )


def _follow(
    answers: "Iterator[dict[str, Any]]", said: list[str], show: Callable[[str], None]
) -> str | None:
    """Log what the engine says until it has built the image; return why it could not."""
    failure = None
    for answer in answers:  # to the end, which closes the connection
        if "error" in answer:
            failure = str(answer["error"])
        text = answer.get("stream") or ("" if "progress" in answer else answer.get("status", ""))
        for line in filter(None, map(str.rstrip, str(text).splitlines())):
            said.append(line)
            _log.info("%s", line)
            if line.lower().startswith("step "):
                show(line)
    return failure
