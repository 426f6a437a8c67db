"""Links of the documents lead somewhere, and their samples run.

All ``python`` samples of a document run in order as one script, in a temporary folder, with
warnings as errors. A comment ``<!-- not run: reason -->`` before a sample leaves it out.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("examples/*/*.md"),
        *REPOSITORY.glob("packages/*/README.md"),
    ]
)

SAMPLE = re.compile(
    r"^(?:<!-- *(?P<comment>[^\n]*?) *-->\n\n?)?"
    r"^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FENCED_CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]: (\S+)", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?)#*$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """A ``python`` block of a document."""

    comment: str
    """What the comment before it says, or nothing."""
    code: str
    line: int
    """Line of the document on which the code starts, from 1."""

    @property
    def is_run(self) -> bool:
        return not self.comment.startswith("not run")


def find_samples(text: str) -> Iterator[Sample]:
    """Yield the Python blocks in order."""
    for match in SAMPLE.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        yield Sample(match["comment"] or "", match["code"], line)


def find_links(text: str) -> list[str]:
    """Return the targets of all links and images outside code."""
    prose = INLINE_CODE.sub("", FENCED_CODE.sub("", text))
    return LINK.findall(prose) + REFERENCE.findall(prose)


def anchors(document: Path) -> set[str]:
    """Return the anchors that renderers of Markdown make of the headings."""
    text = FENCED_CODE.sub("", document.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }


def is_broken(link: str, document: Path) -> bool:
    """Tell whether a link within the repository leads nowhere."""
    if re.match(r"[a-z]+:", link):
        return False
    file, _, anchor = link.partition("#")
    target = (document.parent / file).resolve() if file else document
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


def has_samples_to_run(document: Path) -> bool:
    return any(sample.is_run for sample in find_samples(document.read_text(encoding="utf-8")))


def join_samples(text: str) -> str:
    """Return the samples to run as one script, whose lines have the document's numbers."""
    lines: list[str] = []
    for sample in find_samples(text):
        if sample.is_run:
            lines += [""] * (sample.line - 1 - len(lines)) + sample.code.splitlines()
    return "\n".join(lines) + "\n"


def relative(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    links = find_links(document.read_text(encoding="utf-8"))

    assert [link for link in links if is_broken(link, document)] == []


@pytest.mark.parametrize("document", [*filter(has_samples_to_run, DOCUMENTS)], ids=relative)
def test_samples_run(document: Path, tmp_path: Path) -> None:
    script = tmp_path / f"{document.stem}.py"
    script.write_text(join_samples(document.read_text(encoding="utf-8")), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_samples_left_out_say_why(document: Path) -> None:
    samples = find_samples(document.read_text(encoding="utf-8"))

    comments = [sample.comment for sample in samples if sample.comment.startswith("not run")]

    assert [comment for comment in comments if not re.match(r"not run: \S", comment)] == []
