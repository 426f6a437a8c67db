"""Every command shown in the documents prints what is shown, in a project made from the page.

A Python block that begins with `# path/to/file.py` is that file, one that begins with
`# path/to/file.py, changed` replaces the functions and classes of the same names in it. A `console`
block holds commands after `$ ` and what they print. Times, durations and the machine's name differ
from run to run; a line `...` stands for any lines.
"""

import ast
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/]+\.py)(, changed)?\n")
_VARIABLE = (
    (re.compile(r"\b\d+\.\d+ s\b"), "<seconds> s"),
    (re.compile(r" +\d+ MB\b"), " <megabytes> MB"),
    (re.compile(r"\d{4}-\d\d-\d\d(-|T| )T?\d\d:?\d\d:?\d\d(,\d+)?"), "<time>"),
    (re.compile(r'"(time|seconds|cpu_seconds|mtime_ns)": [\d.e-]+'), r'"\1": <number>'),
    (re.compile(r'"(hostname|process|commit)": "[^"]*"'), r'"\1": <text>'),
)
"""What differs from run to run, and what stands for it when texts are compared."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(found[1], found[2]) for found in _BLOCK.finditer(text)]


def pages() -> list[Path]:
    found = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
    found += sorted((_ROOT / "examples").glob("*/README.md"))
    return [page for page in found if any(item.language == "console" for item in read_blocks(page))]


def write_file(folder: Path, name: str, text: str, *, changed: bool) -> None:
    path = folder / name
    if changed:
        text = _replaced(path.read_text(encoding="utf-8"), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _replaced(old: str, new: str) -> str:
    """Return ``old`` with the definitions of ``new`` in place of those of the same names."""
    definitions = {getattr(node, "name", ""): node for node in ast.parse(new).body}
    body = [definitions.pop(getattr(node, "name", ""), node) for node in ast.parse(old).body]
    assert all(isinstance(node, ast.Import | ast.ImportFrom) for node in definitions.values())
    module = ast.Module([*body[:1], *definitions.values(), *body[1:]], type_ignores=[])
    return ast.unparse(ast.fix_missing_locations(module))


def read_commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def copy_example(name: str, folder: Path) -> Path:
    leftovers = shutil.ignore_patterns("data", "logs", "reports", "__pycache__")
    return Path(shutil.copytree(_ROOT / "examples" / name, folder / name, ignore=leftovers))


def run_command(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
        "PYTHONWARNINGS": "error",
    }
    process = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
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


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(_ROOT).as_posix())
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    commands = 0
    if page.parents[1].name == "examples":
        tmp_path = copy_example(page.parent.name, tmp_path)
    for block in read_blocks(page):
        file = _FILE.match(block.text) if block.language == "python" else None
        if file is not None:
            text = block.text[file.end() :]
            write_file(tmp_path, file[1], text, changed=file[2] is not None)
        if block.language == "console":
            for command, shown in read_commands(block.text):
                printed = run_command(command, tmp_path)
                assert matches(shown, printed), (
                    f"$ {command}\n{printed}\n--- the page shows\n{shown}"
                )
                commands += 1

    assert commands


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
