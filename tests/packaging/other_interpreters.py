"""Print the supported Pythons of this machine other than the running one.

One ``version=path`` per line, such as ``3.12=/usr/bin/python3.12``, for each version that is found
on PATH or among pyenv's and can make virtual environments.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")


def find_candidates(version: str) -> Iterator[Path]:
    """Yield where an interpreter of this version may be, the likeliest first."""
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))


def is_usable(interpreter: Path, version: str) -> bool:
    """Tell whether this is that version and makes environments; pyenv's shims may be neither."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == version


def find_other_interpreters() -> dict[str, Path]:
    """Return ``{version: interpreter}`` for the supported versions that are not running this."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {
        version: next((path for path in find_candidates(version) if is_usable(path, version)), None)
        for version in SUPPORTED
        if version != running
    }
    return {version: path for version, path in found.items() if path is not None}


if __name__ == "__main__":
    for version, interpreter in find_other_interpreters().items():
        print(f"{version}={interpreter}")
