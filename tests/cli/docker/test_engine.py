"""``--docker``, against Podman's service where there is one."""

import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.docker.engine import ImageNotBuiltError, build, connected
from curifactory.cli.docker.image import DOCKERFILE, Image
from curifactory.docker import build_docker
from curifactory.exceptions import BadInputError
from curifactory.experiment import run_experiment

if TYPE_CHECKING:
    from docker import DockerClient
    from tests.cli.conftest import Project

pytestmark = pytest.mark.usefixtures("no_packages")
IMAGE = Image("chain", "1_2026-11-24", "data/runs/chain_1", "3.12")


# -- none ----------------------------------------------------------------------------------------


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_nothing_runs(repository: "Project") -> None:
    before = repository.files()

    outcome = repository.run("chain", "--docker")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert "--docker needs a container engine, and none answers at unix://" in outcome.err
    assert "No such file or directory" in outcome.err
    assert "--docker-context DIR" in outcome.err
    assert repository.files() == before
    assert repository.executed() == []


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_python_is_told_too(repository: "Project") -> None:
    before = repository.files()

    with pytest.raises(BadInputError, match="--docker-context DIR"):
        run_experiment("chain", build_docker=True)

    assert repository.files() == before


def test_an_address_that_makes_no_sense_is_one_clear_message(
    repository: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://x")

    outcome = repository.run("chain", "--docker")

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert "nonsense" in outcome.err


# -- one that goes away --------------------------------------------------------------------------


class Dying(BaseHTTPRequestHandler):
    """Answers as an engine does, until the first step of a build."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        text = b'{"ApiVersion": "1.41", "Version": "1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        line = b'{"stream": "Step 1/2 : FROM scratch\\n"}\n'
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "somebody"


@pytest.fixture
def dying_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with UnixStreamServer(f"{tmp_path}/sock", Dying) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/sock")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("dying_engine")
def test_an_engine_that_goes_away_while_it_builds_fails_the_image(tmp_path: Path) -> None:
    folder = context(tmp_path, "FROM scratch\nCOPY . /app\n")
    steps: list[str] = []

    with connected() as client, pytest.raises(ImageNotBuiltError, match="could not be built"):
        build(client, folder, IMAGE, steps.append)

    assert steps == ["Step 1/2 : FROM scratch"]


# -- Podman --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a Podman service with a storage of its own."""
    if shutil.which("podman") is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs podman, and the rights to use it")
    folder = Path(tmp_path_factory.mktemp("podman"))
    address = f"unix://{folder}/sock"
    storage = ["--storage-driver", "vfs", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    others = ["--cgroup-manager", "cgroupfs", "--events-backend", "file"]
    process = subprocess.Popen(
        ["podman", *storage, *others, "system", "service", "--time", "0", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not (folder / "sock").exists() and time.monotonic() < deadline:
            if process.poll() is not None:
                pytest.skip("this podman offers no service here")
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def client(socket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["DockerClient"]:
    monkeypatch.setenv("DOCKER_HOST", socket)
    with connected() as client:
        yield client


def context(folder: Path, dockerfile: str) -> str:
    (folder / "context/docker").mkdir(parents=True)
    (folder / "context/file.txt").write_text("text")
    (folder / "context" / DOCKERFILE).write_text(dockerfile)
    return str(folder / "context")


def tags(client: "DockerClient") -> list[str]:
    return [tag.rpartition("/")[2] for image in client.images.list() for tag in image.tags]


def test_an_engine_answers(client: "DockerClient") -> None:
    assert client.ping()
    assert client.version()["Version"]


def test_an_image_gets_its_tags_and_arguments(
    client: "DockerClient", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    steps: list[str] = []
    folder = context(tmp_path, "FROM scratch\nARG run_folder\nENV R=${run_folder}\nCOPY . /app\n")

    build(client, folder, IMAGE, steps.append)

    assert {"chain:1_2026-11-24", "chain:latest"} <= set(tags(client))
    assert "R=data/runs/chain_1" in client.images.get(IMAGE.tag).attrs["Config"]["Env"]
    assert len(steps) == 4
    assert "COPY . /app" in steps[-1]
    assert set(steps) <= {record.getMessage() for record in caplog.records}


def test_a_build_that_fails_says_at_what(client: "DockerClient", tmp_path: Path) -> None:
    folder = context(tmp_path, "FROM scratch\nCOPY nothing /app\n")

    with pytest.raises(ImageNotBuiltError) as caught:
        build(client, folder, Image("bad", "1", "x", "3"), print)

    assert "image bad:1 could not be built" in str(caught.value)
    assert "COPY nothing" in str(caught.value)
    assert "--docker-context" in str(caught.value)
    assert not [tag for tag in tags(client) if tag.startswith("bad:")]


def test_a_dockerfile_that_is_none_fails(client: "DockerClient", tmp_path: Path) -> None:
    folder = context(tmp_path, "BAKE a cake\n")

    with pytest.raises(ImageNotBuiltError, match="could not be built"):
        build(client, folder, IMAGE, print)


def test_a_run_becomes_an_image(client: "DockerClient", repository: "Project") -> None:
    repository.write("docker/dockerfile", "FROM scratch\nARG run_folder\nCOPY . /app\n")

    outcome = repository.run("chain", "--docker", "--no-report")

    (run,) = (repository.root / "data/runs").iterdir()
    tag = f"chain:1_{run.name.split('_')[2][:10]}"
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines[-1] == f"image: {tag}, for 'docker run --rm -p 8000:8000 {tag}'"
    assert f"  building image {tag}" in outcome.lines
    assert tag in tags(client)
    (log,) = (repository.root / "logs").iterdir()
    assert log.read_text().count("COPY . /app") == 1


def test_a_run_that_is_over_becomes_an_image(client: "DockerClient", repository: "Project") -> None:
    repository.write("docker/dockerfile", "FROM scratch\nCOPY . /app\n")
    repository.run("chain", "--store-full", "--no-report")
    (run,) = (repository.root / "data/runs").iterdir()

    assert build_docker("Chain", f"data/runs/{run.name}", "past") == "chain:past"

    assert {"chain:past", "chain:latest"} <= set(tags(client))


def test_a_folder_that_is_no_full_store_becomes_none(project: "Project") -> None:
    with pytest.raises(BadInputError, match="'experiments' is no full store of a run"):
        build_docker("chain", "experiments", "1")


def test_an_image_that_cannot_be_built_fails_the_command_but_not_the_run(
    client: "DockerClient", repository: "Project"
) -> None:
    repository.write("docker/dockerfile", "FROM scratch\nCOPY nothing /app\n")

    outcome = repository.run("chain", "--docker", "--docker-context", "made", "--no-report")

    (run,) = (repository.root / "data/runs").iterdir()
    assert outcome.code == 1
    assert "could not be built" in outcome.err
    assert "COPY nothing" in outcome.err
    assert outcome.error_lines[0] == (
        "error: experiment 'chain' is complete, but its image could not be written:"
    )
    assert "Traceback" not in outcome.err
    assert '"status": "complete"' in (run / "run_info.json").read_text()
    assert (repository.root / "made/experiments/chain.py").is_file()
    assert client.ping()
