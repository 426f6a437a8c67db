"""Every block of code in the documents is run, in a project made from the page.

The blocks of a page run in order, in one folder:

* ``python`` that begins with ``# path/to/file.py`` is that file; with ``# path/file.py, changed``
  it replaces the functions and classes of the same names in it. Other ``python`` runs in one
  session for the page, and prints what its lines ``#> `` show.
* ``console`` holds commands after ``$ `` and what they print, with warnings as errors. Times,
  durations, sizes and the machine's name differ from run to run; a line ``...`` stands for any
  lines.
* ``sh`` holds commands that succeed; ``make`` and what its targets are called is only looked up.
* ``json`` is a configuration and ``toml`` parses. Without a language a block shows a format or a
  folder, no code.

``<!-- project: examples/NAME -->`` in a page lets its blocks run in a copy of that example, and
``<!-- not run: reason -->`` before a block leaves it out, for one of the reasons in ``REASONS``.
"""

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
from typing import Any

import pytest
from tests.docs.documents import DOCUMENTS, ROOT, Block, example_of, read_blocks, relative

from curifactory.config import get_configuration

REASONS = {
    "needs Slurm",
    "needs a container engine",
    "needs a scheduler on another machine",
    "needs a release",
    "installs this checkout",
    "rewrites this checkout",
}
"""Why a block may be left out; a new reason is for a reader of this list to weigh."""
_CODE = re.compile(
    r"^(\$ |@|(experiment|curifactory|pip|python|make|git|cd|import|from|def|class) )", re.MULTILINE
)
_VARIABLE = (
    (re.compile(r"\b\d+\.\d+ s\b"), "<seconds> s"),
    (re.compile(r"\b\d+(\.\d+)? [kM]?B\b"), "<size>"),
    (re.compile(r"\d{4}-\d\d-\d\d(-|T| )T?\d\d:?\d\d:?\d\d(,\d+)?"), "<time>"),
    (re.compile(r":(\d+)_\d{4}-\d\d-\d\d\b"), r":\1_<date>"),
    (re.compile(r'"(time|seconds|cpu_seconds|mtime_ns)": [\d.e-]+'), r'"\1": <number>'),
    (re.compile(r'"(hostname|process|commit)": "[^"]*"'), r'"\1": <text>'),
    (re.compile(r" +"), " "),  # columns are as wide as what is in them
)
"""What differs from run to run, and what stands for it when texts are compared."""
_LANGUAGES = {"python", "console", "sh", "json", "toml"}
"""What is run."""
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
                elif block.language in _LANGUAGES:
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


def pages() -> list[Path]:
    return [
        page
        for page in DOCUMENTS
        if any(block.language in _LANGUAGES and block.reason is None for block in read_blocks(page))
    ]


def _slow_if_it_builds(page: Path) -> Any:
    marks = [pytest.mark.slow] if page.stem == "docker" else []  # it makes wheels
    return pytest.param(page, marks=marks, id=relative(page))


@pytest.mark.flaky(reruns=1)  # some start processes, which a busy machine may starve
@pytest.mark.parametrize("page", [_slow_if_it_builds(page) for page in pages()])
def test_blocks_do_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    Page(page, tmp_path).run()


def unrun(page: Path) -> Iterator[str]:
    """Yield what no test runs, by its line, and why."""
    blocks = list(read_blocks(page))
    for number, block in enumerate(blocks):
        later = {each.language for each in blocks[number + 1 :] if each.file is None}
        if block.reason is not None:
            if block.reason not in REASONS:
                yield f"line {block.line}: {block.reason!r} is none of the known reasons"
        elif block.file is not None:
            if not later & {"console", "sh", "python"}:
                yield f"line {block.line}: nothing on the page runs this file"
        elif block.language in {"", "text"}:
            if _CODE.search(block.text):
                yield f"line {block.line}: this is code; name its language, so that it is run"
        elif block.language not in _LANGUAGES and not block.language.startswith("{"):
            yield f"line {block.line}: nothing runs {block.language!r}"


@pytest.mark.parametrize("page", DOCUMENTS, ids=relative)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    assert list(unrun(page)) == []


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("1 stage in 0.20 s\n", "1 stage in 0.31 s\n", True),
        ("1 stage in 0.20 s\n", "2 stages in 0.20 s\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("}\n", "}", True),
    ],
    ids=["duration", "count", "left out", "missing end", "unshown end", "no newline"],
)
def test_matching_forgives_only_what_varies(shown: str, printed: str, *, expected: bool) -> None:
    assert matches(shown, printed) is expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```\nexperiment iris\n```\n", "this is code"),
        ("```bash\nls\n```\n", "nothing runs 'bash'"),
        ("```python\n# a.py\nx = 1\n```\n", "nothing on the page runs this file"),
        ("<!-- not run: too lazy -->\n```sh\nls\n```\n", "none of the known reasons"),
        ("1. first\n\n   ```\n   pip install it\n   ```\n", "this is code"),
        ("<!-- not run: needs Slurm -->\n```sh\nls\n```\n", None),
        ("```\ndata/\n└── cache\n```\n", None),
    ],
    ids=["command", "language", "file", "reason", "in a list", "known reason", "folder"],
)
def test_a_block_that_is_not_run_is_noticed(
    text: str, complaint: str | None, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")

    found = list(unrun(page))
    assert [complaint in each for each in found if complaint] == ([True] if complaint else [])
    assert bool(found) is bool(complaint)
