"""An image is built for real and looked into: by buildah, in a chroot, without an engine.

The base is a Debian tree with its Python, and packages come from a folder of wheels that was
filled beforehand: what the build of the image needs of a network, this machine's pip fetches.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import CHAIN

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[3]
PACKAGES = [f"{REPOSITORY}/packages/curifactory-{part}" for part in ("core", "cache", "cli")]
PACKAGES.append(f"{REPOSITORY}/packages/curifactory-report[notebook]")
JUPYTER = ["ipykernel", "nbconvert"]
"""Enough to execute a notebook, and much less than JupyterLab."""
LOOK = """
import sys
import nbclient, nbformat
folder, code = sys.argv[1:]
notebook = nbformat.read(f"{folder}/run_notebook.ipynb", as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell(code))
nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
print("".join(output.get("text", "") for output in notebook.cells[-1].outputs), end="")
"""


def execute(*words: str, cwd: Path | None = None) -> str:
    """Run a program and return what it prints."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


class Buildah:
    """The program, with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self.words = self._words("overlay", folder)
        if subprocess.run([*self.words, "info"], capture_output=True, check=False).returncode:
            self.words = self._words("vfs", folder)  # copies everything, and works everywhere

    @staticmethod
    def _words(driver: str, folder: Path) -> list[str]:
        storage = ["--root", f"{folder}/{driver}", "--runroot", f"{folder}/{driver}-run"]
        return ["buildah", "--storage-driver", driver, *storage]

    def __call__(self, *words: str) -> str:
        return execute(*self.words, *words).strip()

    def program_in(self, container: str, *words: str) -> list[str]:
        """Return the command that runs a program in ``container``."""
        return [*self.words, "run", "--isolation", "chroot", container, "--", *words]

    def run(self, container: str, *words: str) -> str:
        return execute(*self.program_in(container, *words))


def debian_suite() -> str:
    """Return that of this machine if it has one, else one with Python 3.11."""
    release = platform.freedesktop_os_release()
    return release.get("VERSION_CODENAME", "") if release["ID"] == "debian" else "bookworm"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder for all of this, which is removed in the end: it holds gigabytes."""
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}, which apt-get installs")
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a Debian tree")
    made = tmp_path_factory.mktemp("image")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def buildah(folder: Path) -> Iterator[Buildah]:
    made = Buildah(folder)
    yield made
    made("rm", "--all")


@pytest.fixture(scope="module")
def base(buildah: Buildah) -> str:
    """Return the version of Python in the image ``base``, which has Debian and little else."""
    container = buildah("from", "scratch")
    tree = Path(buildah("mount", container))
    programs = "python3,python3-pip,python3-venv,ca-certificates"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={programs}", debian_suite(), str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"no Debian tree can be made here: {made.stdout.splitlines()[-1:]}")
    shutil.rmtree(tree / "var/cache/apt/archives")
    (tree / "wheels").mkdir()
    (tree / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    ask = "import platform; print(platform.python_version())"
    found = execute("chroot", str(tree), "python3", "-c", ask).strip()
    buildah("umount", container)
    buildah("commit", "--quiet", "--rm", container, "base")
    return found


@pytest.fixture(scope="module")
def wheels(folder: Path, base: str) -> Path:
    """Return a folder with wheels of all that an image needs, and of this checkout."""
    if base.split(".")[:2] != list(map(str, sys.version_info[:2])):
        pytest.skip(f"an environment for Python {base} cannot be made with {sys.version}")
    made = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet"]
    own = [package.partition("[")[0] for package in PACKAGES]
    execute(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(made), *own)
    parts = ["curifactory-cache", "curifactory-cli", "curifactory-report[notebook]"]
    target = ["--only-binary", ":all:", "--python-version", base, "--find-links", str(made)]
    execute(*pip, "download", "--dest", str(made), *target, *parts, *JUPYTER, "hatchling")
    return made


@pytest.fixture(scope="module")
def context(folder: Path, wheels: Path) -> Path:
    """Return what ``--docker-context`` writes in a project and an environment of a user."""
    environment, project = folder / "venv", folder / "project"
    venv.create(environment, with_pip=True)
    install = [f"{environment}/bin/pip", "--quiet", "install", "--no-index", "--find-links"]
    execute(*install, str(wheels), "hatchling")
    editable = [word for package in PACKAGES for word in ("-e", package)]
    execute(*install, str(wheels), "--no-build-isolation", *editable)
    experiment, curifactory = f"{environment}/bin/experiment", f"{environment}/bin/curifactory"
    project.mkdir()
    execute(curifactory, "init", "--yes", "--set", "git=yes", "--set", "example=no", cwd=project)
    (project / "experiments/chain.py").write_text(CHAIN)
    (project / ".env").write_text("TOKEN=1")
    execute("git", "add", "--all", "--force", ".env", "experiments", "docker", cwd=project)
    execute(experiment, "chain", "--store-full", "-n", "small", cwd=project)
    execute(experiment, "chain", "--docker-context", str(folder / "context"), cwd=project)
    return folder / "context"


@pytest.fixture(scope="module")
def container(buildah: Buildah, wheels: Path, context: Path) -> Iterator[str]:
    """Return a container of the image that is built of the context."""
    (run,) = (context / "data/runs").iterdir()
    buildah(
        *("bud", "--isolation", "chroot", "--volume", f"{wheels}:/wheels:ro"),
        *("--build-arg", "base=localhost/base", "--build-arg", f"jupyter={' '.join(JUPYTER)}"),
        *("--build-arg", f"run_folder=data/runs/{run.name}"),
        *("--tag", "chain", "--file", f"{context}/docker/dockerfile", str(context)),
    )
    container = buildah("from", "--isolation", "chroot", "localhost/chain")
    yield container
    buildah("rm", container)


@pytest.fixture
def run_folder(context: Path) -> str:
    """Return the run's folder in the image."""
    (run,) = (context / "data/runs").iterdir()
    return f"/app/data/runs/{run.name}"


def test_the_notebook_shows_the_run_and_computes_nothing(
    buildah: Buildah, container: str, run_folder: str
) -> None:
    look = "print(state_1['data'], state_1['model'], state_2['scores'], manager.error)"

    printed = buildah.run(container, "python", "-c", LOOK, run_folder, look)

    assert printed == "[1, 1, 1, 1] 4 [2, 4] None\n"
    assert "executed.txt" not in buildah.run(container, "ls", "/app")


def test_the_environment_is_the_one_of_the_run(
    buildah: Buildah, container: str, context: Path
) -> None:
    listed = json.loads(buildah.run(container, "python", "-m", "pip", "list", "--format", "json"))
    there = {each["name"]: each["version"] for each in listed}

    lines = (context / "docker/run/requirements.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    assert len(pinned) > 10
    assert {name: there[name] for name in pinned} == pinned
    assert {"curifactory-core", "curifactory-cli", "curifactory-report"} <= set(there)


def test_only_what_belongs_to_the_run_is_there_and_nobody_is_root(
    buildah: Buildah, container: str, run_folder: str
) -> None:
    found = buildah.run(container, "find", "/app", "-not", "-path", "*/artifacts/*").split()

    assert f"{run_folder}/run_info.json" in found
    assert [path for path in found if re.search(r"/\.(env|git)$|/logs|/reports|/cache", path)] == []
    assert [path for path in found if re.fullmatch("/app/data/runs/[^/]*", path)] == [run_folder]
    assert buildah.run(container, "id", "-u").strip() != "0"


def test_report_and_files_are_shown_to_who_has_the_token(
    buildah: Buildah, container: str, run_folder: str
) -> None:
    serve = ["experiment", "reports", "--folder", run_folder, "--host", "0.0.0.0", "--port", "0"]
    start = ["sh", "docker/startup.sh", "timeout", "300", *serve]
    process = subprocess.Popen(
        buildah.program_in(container, *start), stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://localhost:\d+/[\w-]+/", line)
            assert address is not None, line
            page = read(address[0])
            report = read(f"{address[0]}report/")
            facts = json.loads(read(f"{address[0]}run_info.json"))
            refused = [status(re.sub(r"[\w-]+/$", "", address[0])), status(address[0], "POST")]
        finally:
            process.terminate()

    assert 'href="report/"' in page
    assert "chain" in report
    assert facts["experiment_name"] == "chain"
    assert refused == [403, 405]


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def status(address: str, method: str = "GET") -> int:
    try:
        urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=60)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 200
