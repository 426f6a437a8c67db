"""Running the blocks of a document; :mod:`tests.docs.test_blocks` says how."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.docs.documents import ROOT, Block, example_of, read_blocks

from curifactory.config import get_configuration

LANGUAGES = {"python", "console", "sh", "json", "toml"}
"""What is run."""
_VARIABLE = (
    (re.compile(r"\b(\d+\.\d+|\d+ min \d+) s\b"), "<seconds> s"),
    (re.compile(r"\b\d+ min\b"), "<minutes> min"),
    (re.compile(r"\b\d+(\.\d+)? [kM]?B\b"), "<size>"),
    (re.compile(r"\d{4}-\d\d-\d\d(-|T| )T?\d\d:?\d\d:?\d\d(,\d+)?"), "<time>"),
    (re.compile(r":(\d+)_\d{4}-\d\d-\d\d\b"), r":\1_<date>"),
    (re.compile(r'"(time|seconds|cpu_seconds|mtime_ns)": [\d.e-]+'), r'"\1": <number>'),
    (re.compile(r'"(hostname|process|commit)": "[^"]*"'), r'"\1": <text>'),
    (re.compile(r" +"), " "),  # columns are as wide as what is in them
)
"""What differs from run to run, and what stands for it when texts are compared."""
_SESSION = """
import contextlib, io, json, sys
for _line in sys.stdin:
    _file, _printed = json.loads(_line), io.StringIO()
    with open(_file, encoding="utf-8") as _source, contextlib.redirect_stdout(_printed):
        exec(compile(_source.read(), _file, "exec"), globals())
    print(json.dumps(_printed.getvalue()), flush=True)
"""


def environment() -> dict[str, str]:
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONWARNINGS": "error"}


class Session:
    """A Python process that runs the blocks of a page, one after the other."""

    def __init__(self, project: Path, sources: Path) -> None:
        self._sources = sources
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SESSION],
            cwd=project,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, block: Block) -> str:
        """Return what ``block`` prints."""
        file = self._sources / f"line_{block.line}.py"
        file.write_text("\n" * (block.line - 1) + block.text, encoding="utf-8")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(str(file)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._process.communicate()[1]
        return str(json.loads(answer))

    def close(self) -> None:
        self._process.communicate()


class Page:
    """A page whose blocks are run in a folder of its own."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.blocks = [block for block in read_blocks(page) if block.reason is None]
        self.project, self._sources = folder / "project", folder / "sources"
        self._sources.mkdir()
        example = example_of(page)
        if example is None:
            self.project.mkdir()
        else:
            leftovers = shutil.ignore_patterns("data", "logs", "reports", "__pycache__")
            shutil.copytree(example, self.project, ignore=leftovers)
        self._session: Session | None = None

    def run(self) -> None:
        try:
            for block in self.blocks:
                if block.file is not None:
                    write_file(self.project, block)
                elif block.language in LANGUAGES:
                    getattr(self, f"_run_{block.language}")(block)
        finally:
            if self._session is not None:
                self._session.close()

    def _run_python(self, block: Block) -> None:
        if self._session is None:
            self._session = Session(self.project, self._sources)
        shown = "".join(re.findall(r"^#> (.*\n)", block.text, re.MULTILINE))
        assert self._session.run(block) == shown, f"line {block.line}"

    def _run_console(self, block: Block) -> None:
        for command, shown in read_commands(block.text):
            printed = run_command(command, self.project)
            assert matches(shown, printed), f"$ {command}\n{printed}\n--- the page shows\n{shown}"

    def _run_sh(self, block: Block) -> None:
        lines = block.text.splitlines(keepends=True)
        targets = [line.split("#")[0].split()[1:] for line in lines if line.startswith("make")]
        assert {name for names in targets for name in names} <= targets_of_make()
        script = "".join(line for line in lines if not line.startswith("make"))
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.project,
            env={**environment(), "PYTHONWARNINGS": ""},  # Dask warns of what is none of ours
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"line {block.line}: {done.stdout}{done.stderr}"

    def _run_json(self, block: Block) -> None:
        folder = self._sources / f"line_{block.line}"
        folder.mkdir()
        (folder / "curifactory_config.json").write_text(block.text, encoding="utf-8")
        get_configuration(str(folder))

    def _run_toml(self, block: Block) -> None:
        tomllib.loads(block.text)


def targets_of_make() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))


def write_file(folder: Path, block: Block) -> None:
    path = folder / str(block.file)
    text = block.text.partition("\n")[2]
    if block.is_change:
        text = _replaced(path.read_text(encoding="utf-8"), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _replaced(old: str, new: str) -> str:
    """Return ``old`` with the definitions of ``new`` in place of those of the same names.

    Imports of ``new`` go before what follows the docstring.
    """
    lines, changes = old.splitlines(), new.splitlines()
    places = {getattr(node, "name", ""): node for node in ast.parse(old).body}
    edits = []
    for node in ast.parse(new).body:
        text = changes[_first_line(node) : node.end_lineno]
        place = places.get(getattr(node, "name", ""))
        if isinstance(node, ast.Import | ast.ImportFrom):
            edits.append((_first_line(ast.parse(old).body[1]), 0, text))
        else:
            assert place is not None, f"{ast.unparse(node)} is nowhere in the file"
            first = _first_line(place)
            edits.append((first, int(place.end_lineno or 0) - first, text))
    for first, count, text in sorted(edits, reverse=True):
        lines[first : first + count] = text
    return "\n".join(lines) + "\n"


def _first_line(node: ast.stmt) -> int:
    """Return how many lines are before ``node`` and its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return int(min(each.lineno for each in (node, *decorators))) - 1


def read_commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run_command(command: str, folder: Path) -> str:
    process = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return process.stdout


def without_variables(text: str) -> str:
    for pattern, placeholder in _VARIABLE:
        text = pattern.sub(placeholder, text)
    return text


def matches(shown: str, printed: str) -> bool:
    lines = without_variables(shown).splitlines()
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else f"{re.escape(line)}\n" for line in lines)
    text = without_variables(printed)
    return (
        re.fullmatch(pattern, text if text.endswith("\n") or not text else f"{text}\n") is not None
    )
