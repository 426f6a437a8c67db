"""Documents whose links lead somewhere and whose samples run."""

import re
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
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\s*)?```python\n(?P<code>.*?)```", re.DOTALL
)


def name_of(document: Path) -> str:
    """Return a document's path in the repository, to name a test."""
    return document.relative_to(REPOSITORY).as_posix()


def find_samples(document: Path) -> list[str]:
    """Return the Python blocks of a document that are to be run."""
    text = document.read_text(encoding="utf-8")
    return [match["code"] for match in _BLOCK.finditer(text) if match["reason"] is None]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_relative_links_lead_to_files(document: Path) -> None:
    links = _LINK.findall(document.read_text(encoding="utf-8"))
    paths = [link.partition("#")[0] for link in links if "://" not in link]

    missing = [path for path in paths if path and not (document.parent / path).exists()]

    assert missing == []


@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if find_samples(each)], ids=name_of
)
def test_python_samples_run(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "sample"}

    for number, code in enumerate(find_samples(document)):
        exec(compile(code, f"{name_of(document)} block {number}", "exec"), namespace)

    assert namespace["__name__"] == "sample"
