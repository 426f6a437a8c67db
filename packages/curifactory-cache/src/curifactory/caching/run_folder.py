"""What a full store says of its run: facts, environment, parameters, log and report."""

import glob
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from curifactory.environment import operating_system
from curifactory.exceptions import CacheError
from curifactory.paths import safe_component, write_atomically
from curifactory.registry import REGISTRY

if TYPE_CHECKING:
    from curifactory.manager import ArtifactManager

_SECONDS_FOR_CONDA = 120


class RunFolder:
    """The files of a full store that are no artifacts."""

    def __init__(self, manager: "ArtifactManager") -> None:
        self.manager = manager
        self.path = manager.get_run_output_path()

    def open(self) -> None:
        """Write ``run_info.json``, the environment and the parameters.

        Raises
        ------
        CacheError
            If that fails.

        """
        with self._explained():
            self._write_facts()
            python = sys.version.split()[0]
            self._write("requirements.txt", f"# Python {python}\n{self.manager.pip_freeze}\n")
            self._write("environment_meta.txt", f"{operating_system()}\nPython {python}\n")
            environment = _conda_environment()
            if environment is not None:
                self._write("environment.yml", environment)

    def close(self, report_path: str | None) -> None:
        """Write ``run_info.json`` and parameters again, and copy the run's logs and report.

        Raises
        ------
        CacheError
            If that fails.

        """
        with self._explained():
            self._write_facts()
            name = safe_component(self.manager.get_reference_name())
            logs = glob.escape(os.path.join(self.manager.logs_path, name))
            for path in glob.glob(f"{logs}*.log"):
                shutil.copy2(path, self.path)
            if report_path is not None:
                self._copy_report(os.path.dirname(report_path))

    def _write_facts(self) -> None:
        facts = {**self.manager.run_info, "full_store": True}
        self._write("run_info.json", json.dumps(facts, indent=4, default=str))
        hashes = [record.get_hash() for record in self.manager.all_records]
        hashes += [hash_ for pairs in self.manager.run.parameters.values() for _, hash_ in pairs]
        known = self.manager.registry.find()
        entries = {hash_: known[hash_] for hash_ in dict.fromkeys(hashes) if hash_ in known}
        self._write(REGISTRY, json.dumps(entries, indent=4, default=str))

    def _write(self, name: str, text: str) -> None:
        write_atomically(os.path.join(self.path, name), text.encode())

    def _copy_report(self, report: str) -> None:
        final = os.path.join(self.path, "report")
        new = f"{final}.new"
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(report, new)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(new, final)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CacheError(
                f"full store {self.path!r} cannot be written: {error.strerror or error} "
                f"({error.filename!r}). Check the folder's permissions and the free space, then "
                "run again."
            ) from error


def _conda_environment() -> str | None:
    """Return the exported environment, if this Python belongs to conda, mamba or micromamba."""
    if not os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        return None
    import subprocess  # slow to import, and not needed elsewhere

    for program in ("micromamba", "mamba", "conda"):
        if shutil.which(program) is None:
            continue
        process = subprocess.run(
            [program, "env", "export", "-p", sys.prefix],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS_FOR_CONDA,
            encoding="utf-8",
        )
        if process.returncode == 0:
            return process.stdout
    return None
