"""Build all distributions and install them from their wheels, alone and together.

Everything is installed into fresh environments in a temporary folder, outside the checkout, and
always by the name of a wheel file: an index may hold other distributions of the same names.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

FOLDERS = {
    "curifactory-core": "curifactory/",
    "curifactory-cache": "curifactory/caching/",
    "curifactory-report": "curifactory/reporting/",
    "curifactory-cli": "curifactory/cli/",
}
"""Distribution -> the folder in which its wheel's files lie."""

MODULES = {
    "curifactory/notebook.py": "curifactory-report",
    "curifactory/docker.py": "curifactory-cli",
    "curifactory/project.py": "curifactory-cli",
}
"""Module beside the folder of its distribution -> that distribution."""

TEMPLATES = {
    distribution: [
        path.relative_to(REPOSITORY / "packages" / distribution / "src").as_posix()
        for path in (REPOSITORY / "packages" / distribution).rglob("templates/**/*")
        if path.is_file()
    ]
    for distribution in FOLDERS
}
"""Distribution -> the files of its templates, all of which it needs."""

PARTS = {
    "curifactory-cache": "curifactory.caching",
    "curifactory-report": "curifactory.reporting",
    "curifactory-cli": "curifactory.cli",
}
"""Distribution -> the sub-package it adds to core."""


class PackagingError(Exception):
    """A distribution is not what it should be."""


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment without pip; the running environment's pip installs into it."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Environment":
        """Make the environment on the running Python."""
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=folder.parent)
        return cls(folder)

    @property
    def python(self) -> str:
        """Path of its interpreter."""
        return str(self.folder / "bin" / "python")

    def pip(self, *arguments: str) -> None:
        """Run pip on this environment, with the repository's dependency groups at hand."""
        run([sys.executable, "-m", "pip", "--python", self.python, *arguments], cwd=REPOSITORY)

    def execute(self, *arguments: str) -> str:
        """Run its Python outside the checkout and return what it printed."""
        return run([self.python, *arguments], cwd=self.folder)


def run(command: Sequence[str], cwd: Path) -> str:
    """Run a command and return its output.

    Raises
    ------
    PackagingError
        If the command fails; with its whole output.

    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        raise PackagingError(f"{' '.join(command)}\nfailed in {cwd}:\n{done.stdout}")
    return done.stdout


def build_wheels(target: Path) -> dict[str, Path]:
    """Build each source distribution, and from it the wheel; return ``{distribution: wheel}``."""
    wheels = {}
    for distribution in [*FOLDERS, "curifactory"]:
        project = REPOSITORY / "packages" / distribution
        if distribution == "curifactory":
            project = REPOSITORY
        built = target / distribution
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built)]
        run([*command, str(project)], cwd=target)
        (wheels[distribution],) = built.glob("*.whl")
    return wheels


def list_files(wheel: Path) -> list[str]:
    """Return the files a wheel installs, its own metadata left out."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if ".dist-info/" not in name]


def check_contents(wheels: Mapping[str, Path]) -> None:
    """Check that each wheel ships its own folder, and no file is in two of them."""
    owners: dict[str, str] = {}
    for distribution, wheel in wheels.items():
        files = list_files(wheel)
        for file in files:
            if not is_own_file(distribution, file):
                raise PackagingError(f"{wheel.name} ships {file!r}, which is not its own.")
            if file in owners:
                raise PackagingError(f"{wheel.name} and {owners[file]} both ship {file!r}.")
            owners[file] = wheel.name
        if distribution in FOLDERS and FOLDERS[distribution] + "py.typed" not in files:
            raise PackagingError(f"{wheel.name} does not ship its marker file py.typed.")
        needed = [*TEMPLATES.get(distribution, ())]
        needed += [module for module, owner in MODULES.items() if owner == distribution]
        missing = [file for file in needed if file not in files]
        if missing:
            raise PackagingError(f"{wheel.name} does not ship {', '.join(missing)}.")
        check_license(wheel)


def is_own_file(distribution: str, file: str) -> bool:
    """Tell whether a distribution may ship this file; the meta-package may ship none."""
    if distribution not in FOLDERS or file.endswith(".pyi"):
        return False
    if file in MODULES:
        return MODULES[file] == distribution
    inner = [folder for folder in FOLDERS.values() if file.startswith(folder)]
    return max(inner, key=len, default=None) == FOLDERS[distribution]


def check_license(wheel: Path) -> None:
    """Check that a wheel carries the licence, as the licence asks."""
    with zipfile.ZipFile(wheel) as archive:
        if not any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist()):
            raise PackagingError(f"{wheel.name} does not ship its LICENSE.")


def check_core_alone(wheels: Mapping[str, Path], folder: Path) -> None:
    """Install core alone, check the hints on missing parts, and run core's tests against it."""
    environment = Environment.create(folder)
    environment.pip("install", "--quiet", "--group", "test", str(wheels["curifactory-core"]))
    for distribution, part in PARTS.items():
        hint = f"'{part}' is not installed; it comes with '{distribution}'."
        check_hint(environment, f"import {part}", hint)
        check_hint(environment, f"from curifactory import {part.rpartition('.')[2]}", hint)
        check_hint(environment, f"import curifactory; {part}", hint)
    tests = str(REPOSITORY / "tests" / "core")
    print(environment.execute("-m", "pytest", "-q", "-p", "no:cacheprovider", tests), end="")


def check_hint(environment: Environment, code: str, hint: str) -> None:
    """Check that code which uses a missing part fails with the hint."""
    caught = f"try:\n    exec({code!r})\nexcept (ImportError, AttributeError) as error:\n"
    said = environment.execute("-c", caught + "    print(error)")
    if hint not in said:
        raise PackagingError(f"{code!r} with core alone should say {hint!r}, but says {said!r}.")


def check_part(wheels: Mapping[str, Path], distribution: str, folder: Path) -> None:
    """Install one part with core, without any extra, and import it."""
    environment = Environment.create(folder)
    environment.pip(
        "install", "--quiet", *map(str, (wheels["curifactory-core"], wheels[distribution]))
    )
    environment.execute("-W", "error", "-c", f"import {PARTS[distribution]}")


def check_together(wheels: Mapping[str, Path], folder: Path) -> None:
    """Install everything, check what pip says of it, and use it as a stranger would."""
    environment = Environment.create(folder)
    environment.pip("install", "--quiet", *map(str, wheels.values()))
    environment.pip("check")
    imports = "; ".join(f"import {part}" for part in ["curifactory", *PARTS.values()])
    environment.execute("-W", "error", "-c", imports)
    check_entry_points(environment)
    for command in ("experiment", "curifactory"):
        run([str(folder / "bin" / command), "--help"], cwd=folder)


def check_entry_points(environment: Environment) -> None:
    """Load every plug-in that the distributions announce."""
    environment.execute(
        "-c",
        "from importlib.metadata import distribution\n"
        f"for name in {list(FOLDERS)}:\n"
        "    for point in distribution(name).entry_points:\n"
        "        point.load()\n",
    )


def main() -> int:
    """Run all checks and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="curifactory-wheels-") as name:
        target = Path(name)
        try:
            print("building the source distributions and their wheels", flush=True)
            wheels = build_wheels(target)
            check_contents(wheels)
            print("core alone", flush=True)
            check_core_alone(wheels, target / "core")
            for distribution in PARTS:
                print(f"{distribution} with core", flush=True)
                check_part(wheels, distribution, target / f"{distribution}-environment")
            print("all together", flush=True)
            check_together(wheels, target / "together")
        except PackagingError as error:
            print(error, file=sys.stderr)
            return 1
    print(f"{len(wheels)} wheels are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
