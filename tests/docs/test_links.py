"""Links of the documents lead somewhere."""

import re
from pathlib import Path

import pytest
from tests.docs.documents import DOCUMENTS, relative

FENCED_CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]: (\S+)", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?)#*$", re.MULTILINE)


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    links = find_links(document.read_text(encoding="utf-8"))

    assert [link for link in links if is_broken(link, document)] == []
