"""The documents, and the blocks of code in them."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "packages/*/README.md")
    for page in ROOT.glob(pattern)
    if not {"_build", "node_modules"} & set(page.parts)
)
_COMMENT = r"(?:^ *<!-- *(?P<comment>[^\n]*?) *-->\n\n?)?"
_FENCE = r"^(?P<indent> *)```(?P<language>[^\s`]*)[^\n`]*\n(?P<text>.*?)^(?P=indent)```$"
_BLOCK = re.compile(_COMMENT + _FENCE, re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/]+\.py)(, changed)?\n")
_PROJECT = re.compile(r"^<!-- project: examples/(\w+) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str
    line: int
    """Line of the document on which its text starts, from 1."""
    comment: str
    """What the comment before it says, or nothing."""

    @property
    def reason(self) -> str | None:
        """Why it is not run; ``None`` if it is."""
        found = re.fullmatch(r"not run: *(.*)", self.comment)
        return None if found is None else found[1]

    @property
    def file(self) -> str | None:
        """Path of the file that it is, as its first line says; ``None`` if it is code to run."""
        found = _FILE.match(self.text) if self.language == "python" else None
        return None if found is None else found[1]

    @property
    def is_change(self) -> bool:
        """Whether it replaces parts of its file."""
        found = _FILE.match(self.text)
        return found is not None and found[2] is not None


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document in order."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        content = textwrap.dedent(found["text"])
        yield Block(found["language"], content, line, found["comment"] or "")


def example_of(page: Path) -> Path | None:
    """Return the example whose project the blocks of ``page`` are run in, if it has one."""
    if page.parent.parent == ROOT / "examples":
        return page.parent
    found = _PROJECT.search(page.read_text(encoding="utf-8"))
    return None if found is None else ROOT / "examples" / found[1]


def relative(page: Path) -> str:
    """Return the path of ``page`` in the repository."""
    return page.relative_to(ROOT).as_posix()
