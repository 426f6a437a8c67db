"""Small real projects, and the real command line run in them."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from curifactory.cli.main import curifactory, experiment

CHAIN = '''"""Train on some data,
and compare."""
import logging
from dataclasses import dataclass
from pathlib import Path

import curifactory as cf
from curifactory.caching import JsonCacher


@dataclass
class Params(cf.ExperimentParameters):
    size: int = 1


def get_params():
    return [Params(name="small", size=2), Params(name="big", size=4)]


def note(record, stage):
    with Path("executed.txt").open("a") as file:
        file.write(f"{stage} {record.params.name if record.params else '-'}\\n")


@cf.stage(None, ["data"], [JsonCacher])
def make_data(record):
    note(record, "make_data")
    logging.info("making %s rows", record.params.size)
    return [1] * record.params.size


@cf.stage(["data"], ["model"], [JsonCacher])
def train(record, data):
    note(record, "train")
    return sum(data)


@cf.aggregate(["model"], ["scores"], [JsonCacher])
def compare(record, records, model):
    note(record, "compare")
    return list(model.values())


def run(param_sets, manager):
    for param_set in param_sets:
        train(make_data(cf.Record(manager, param_set)))
    return compare(cf.Record(manager, None))
'''
"""An experiment of five stages for two parameter sets, noting each execution in a file."""

MORE_PARAMS = '''"""Bigger ones."""
from experiments.chain import Params


def get_params():
    return [Params(name="huge", size=8)]
'''


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()


def _heed_interrupts() -> None:
    """Undo what a shell does to what it runs in the background, and what that hands on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Project:
    """A project in a folder of its own, which is the current directory."""

    commands: ClassVar[dict[str, Callable[[], int]]] = {
        "experiment": experiment,
        "curifactory": curifactory,
    }

    def __init__(
        self, root: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.root = root
        self._patch = patch
        self._capsys = capsys

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *words: str, command: str = "experiment") -> Outcome:
        """Run a command in this process, as a new process would import the project's modules."""
        for name in [
            name for name in sys.modules if name.split(".")[0] in {"experiments", "params"}
        ]:
            del sys.modules[name]
        self._patch.setattr(sys, "argv", [command, *words])
        self._capsys.readouterr()
        code = self.commands[command]()
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    @contextmanager
    def start(self, *words: str) -> "Iterator[subprocess.Popen[str]]":
        """Start the command in a process of its own, which is killed if it outlives the block."""
        code = "from curifactory.cli.main import experiment; raise SystemExit(experiment())"
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *words],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509 - tests start no threads
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def run_process(self, *words: str) -> Outcome:
        """Run the command in a process of its own."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=60)
        return Outcome(process.returncode, out, err)

    def run_on_terminal(
        self, code: str, *words: str, environment: dict[str, str], typed: str | None = None
    ) -> Outcome:
        """Run a program on a terminal of its own; ``out`` has all that it shows there.

        It reads nothing from its standard input, or what is ``typed``.
        """
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        if typed is not None and process.stdin is not None:
            process.stdin.write(typed.encode())
            process.stdin.close()
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        return Outcome(process.wait(timeout=60), written.decode().replace("\r", ""), "")

    def executed(self) -> list[str]:
        """Return stage and parameter set of each execution so far, and forget them."""
        path = self.root / "executed.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def files(self) -> dict[str, bytes]:
        """Return the content of every file by its path."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def contents(self) -> dict[str, bytes | None]:
        """Return the content of every file by its path, ``None`` for a folder."""
        folders = (path for path in self.root.rglob("*") if path.is_dir())
        return {**self.files(), **{f"{path.relative_to(self.root)}/": None for path in folders}}


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Project:
    """Return a project with the experiment ``chain`` and the parameter file ``more``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit in the same second counts
    made = Project(tmp_path, monkeypatch, capsys)
    made.write("experiments/chain.py", CHAIN)
    made.write("params/more.py", MORE_PARAMS)
    return made
