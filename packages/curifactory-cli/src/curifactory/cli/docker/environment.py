"""The environment of a run, for pip to install again: versions, and wheels of what is local."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from curifactory.exceptions import CurifactoryError

_log = logging.getLogger(__name__)
_LEFT_OUT = frozenset({"pip", "setuptools", "wheel", "distribute", "pkg-resources"})
"""What every environment has, and no code of a project is written for."""
_MOST_LINES = 15


class EnvironmentNotPackedError(CurifactoryError):
    """A package that is installed from a folder cannot be made a wheel."""


def write_environment(folder: str, wheels_at: str) -> None:
    """Write ``requirements.txt`` and a folder ``wheels`` into ``folder``.

    What comes from an index is asked for at its version. What was installed from a folder or file
    of this machine, also in editable mode, goes along as a wheel.

    Parameters
    ----------
    folder
        Where to write.
    wheels_at
        The folder of wheels as pip will see it.

    Raises
    ------
    EnvironmentNotPackedError
        If a wheel cannot be built.

    """
    wheels = os.path.join(folder, "wheels")
    os.makedirs(wheels)
    lines = [_requirement(found, wheels, wheels_at) for found in installed()]
    head = f"# Python {sys.version.split()[0]}"
    text = "\n".join([head, *sorted(lines, key=lambda line: (line[0] != ".", line.lower()))])
    with open(os.path.join(folder, "requirements.txt"), "w", encoding="utf-8") as file:
        file.write(f"{text}\n")


def installed() -> Iterator[Distribution]:
    """Yield each distribution on the path; of one that is there twice, the first."""
    seen: set[str] = set()
    for found in distributions():
        try:
            named = "Name" in found.metadata
        except FileNotFoundError:  # so says importlib_metadata, where something has imported it
            named = False
        if not named:  # what an interrupted installation leaves
            continue
        name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
        if name not in seen | _LEFT_OUT:
            seen.add(name)
            yield found


def _requirement(found: Distribution, wheels: str, wheels_at: str) -> str:
    """Return the line that asks for a distribution; what is local is put into ``wheels``."""
    name = str(found.metadata["Name"])
    pinned = f"{name}=={found.version}"
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    url = str(origin.get("url", ""))
    if not url:
        return pinned
    if not url.startswith("file:"):
        return f"{name} @ {_remote(url, origin)}"
    source = url2pathname(urlsplit(url).path)
    if not os.path.exists(source):  # as of packages that conda has built
        _log.info("%s was installed from %s, which is gone: taken from the index.", name, source)
        return pinned
    wheel = shutil.copy2(source, wheels) if source.endswith(".whl") else _build(source, wheels)
    return f"{wheels_at}/{os.path.basename(wheel)}"


def _remote(url: str, origin: dict[str, dict[str, str]]) -> str:
    """Return where to get a distribution that came from a repository or another address."""
    parts = urlsplit(url)
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # no passwords
    source = origin.get("vcs_info")
    if source is None:
        return url
    ending = f"#subdirectory={origin['subdirectory']}" if "subdirectory" in origin else ""
    return f"{source['vcs']}+{url}@{source['commit_id']}{ending}"


def _build(source: str, wheels: str) -> str:
    """Build the wheel of a source tree or archive and return its path."""
    leftover = os.path.join(source, "build")
    leaves_it = not os.path.exists(leftover)
    try:
        return _try_builders(source, wheels)
    finally:
        if leaves_it:
            shutil.rmtree(leftover, ignore_errors=True)


def _try_builders(source: str, wheels: str) -> str:
    problem = "there is neither pip in this environment nor uv to build it with; install one"
    with tempfile.TemporaryDirectory(prefix="curifactory-wheel-") as folder:
        for command in _builders(source, folder):
            process = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
            built = [name for name in os.listdir(folder) if name.endswith(".whl")]
            if process.returncode == 0 and built:
                return shutil.move(os.path.join(folder, built[0]), os.path.join(wheels, built[0]))
            problem = "\n".join(process.stdout.strip().splitlines()[-_MOST_LINES:])
    raise EnvironmentNotPackedError(
        f"no wheel can be built of {source!r}, which this environment has installed: {problem}\n"
        f"See 'python -m pip wheel --no-deps {source}'."
    )


def _builders(source: str, folder: str) -> Iterator[list[str]]:
    """Yield the commands that may build a wheel, the one that needs no network first."""
    from importlib.util import find_spec

    if find_spec("pip") is not None:
        pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder]
        yield [*pip, "--no-build-isolation", "--check-build-dependencies", source]
        yield [*pip, source]
    uv = shutil.which("uv")
    if uv is not None:
        yield [uv, "build", "--wheel", "--out-dir", folder, source]
