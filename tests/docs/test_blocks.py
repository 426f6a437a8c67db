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

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.documents import DOCUMENTS, read_blocks, relative
from tests.docs.running import LANGUAGES, Page, matches

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


def pages() -> list[Path]:
    return [
        page
        for page in DOCUMENTS
        if any(block.language in LANGUAGES and block.reason is None for block in read_blocks(page))
    ]


def _slow_if_it_builds(page: Path) -> Any:
    marks = [pytest.mark.slow] if page.stem == "docker" else []  # it makes wheels
    return pytest.param(page, marks=marks, id=relative(page))


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
        elif block.language not in LANGUAGES and not block.language.startswith("{"):
            yield f"line {block.line}: nothing runs {block.language!r}"


@pytest.mark.parametrize("page", DOCUMENTS, ids=relative)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    assert list(unrun(page)) == []


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("1 stage in 0.20 s\n", "1 stage in 0.31 s\n", True),
        ("1 stage in 0.20 s\n", "1 stage in 1 min 5 s\n", True),
        ("1 stage in 0.20 s\n", "2 stages in 0.20 s\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("}\n", "}", True),
    ],
    ids=[
        "duration",
        "long duration",
        "count",
        "left out",
        "missing end",
        "unshown end",
        "no newline",
    ],
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
