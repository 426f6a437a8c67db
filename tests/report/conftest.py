"""Sessions and projects in empty folders, pages as trees, and strings that break careless pages."""

import runpy
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from curifactory import ArtifactManager
from curifactory.experiment import RunOptions, RunResult, run

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "end of elements": "</pre></title></style></svg></main>-->]]>",
    "entities": "&amp; &lt;b&gt; &#60;",
    "template": "{{ 7 * 7 }}{% endblock %}",
    "emoji": "🧪 模型 naïve",
    "slashes": "../../a/b\\c",
    "300 characters": "long" * 75,
}

_PICTURES = Path(__file__).parents[2] / "docs" / "_extensions" / "pictures.py"
HEADLESS: tuple[str, ...] = runpy.run_path(str(_PICTURES))["HEADLESS"]
"""Options of a Chromium that shows no window, and asks no network for anything of its own."""

_WITHOUT_END = frozenset({"br", "img", "input", "link", "meta"})


@dataclass
class Element:
    """An element of a page with what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, as a reader sees it."""
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    def __iter__(self) -> "Iterator[Element]":
        """Yield it and everything in it, in the order of the page."""
        yield self
        for part in self.content:
            if isinstance(part, Element):
                yield from part

    def find(self, tag: str = "", *, cls: str = "", id_: str = "") -> "list[Element]":
        """Return what is in it with this tag, this class and this id."""
        return [
            element
            for element in self
            if tag in {"", element.tag}
            and (not cls or cls in element.attributes.get("class", "").split())
            and id_ in {"", element.attributes.get("id")}
        ]

    def texts(self, tag: str = "", *, cls: str = "") -> list[str]:
        """Return the stripped text of what :meth:`find` finds."""
        return [element.text.strip() for element in self.find(tag, cls=cls)]

    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return every tag with the names of its attributes: what no text may change."""
        drawn = {
            id(part)
            for drawing in self.find("svg", cls="timeline")  # depends on how long stages took
            for part in drawing
        }
        return [
            (element.tag, tuple(element.attributes)) for element in self if id(element) not in drawn
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("page")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in _WITHOUT_END:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> at {self.getpos()} closes nothing"

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def parse(html: str) -> Element:
    """Return the tree of a page or a piece of one; each element must be closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, f"not closed: {[element.tag for element in reader.open[1:]]}"
    return reader.open[0]


@dataclass
class Project:
    """A project in a folder of its own, which is the current one."""

    folder: Path

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, experiment: str, **options: Any) -> RunResult:
        """Run an experiment to its report."""
        return run(RunOptions(experiment=experiment, **options))


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    """A string that breaks a page, a path or a drawing that does not expect it."""
    text: str = request.param
    return text


@pytest.fixture
def all_hostile() -> list[str]:
    """Every such string, for what takes too long to do with one after the other."""
    return list(HOSTILE.values())


@pytest.fixture(name="parse")
def parse_fixture() -> Callable[[str], Element]:
    """Read a piece of HTML as a tree."""
    return parse


@pytest.fixture
def read_page() -> Callable[[str | Path | None], Element]:
    """Read a page from a file as a tree."""

    def read(path: str | Path | None) -> Element:
        assert path is not None, "no report was written"
        return parse(Path(path).read_text(encoding="utf-8"))

    return read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder outside of every repository that is the current one."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new_manager(folder: Path) -> Iterator[Callable[..., ArtifactManager]]:
    """Open live sessions in an empty folder; they are closed after the test."""
    made: list[ArtifactManager] = []

    def make(experiment_name: str = "test", **arguments: Any) -> ArtifactManager:
        made.append(ArtifactManager(experiment_name, **arguments))
        return made[-1]

    yield make
    for manager in made:
        manager.close_run("complete")
        manager.log.close()


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project in the current folder; what it imports is forgotten afterwards."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit in the same second counts
    before = set(sys.modules)
    yield Project(folder)
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"experiments", "params"}:
            del sys.modules[name]
