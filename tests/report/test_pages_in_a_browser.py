"""Run page, index, comparison and single file in a browser that has no network.

Each is opened from the file system with 60 hostile strings wherever a user's text can go.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting import (
    DFReporter,
    FigureReporter,
    HTMLReporter,
    ImageReporter,
    JsonReporter,
    LatexTableReporter,
    LinePlotReporter,
    MetricsReporter,
    Reportable,
    TextReporter,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NewManager = Callable[..., ArtifactManager]

MARK = "window.harmed=1"
HOSTILE = [
    f"<script>{MARK}</script>",
    f"</script><script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f"\"><img src=x onerror='{MARK}'>",
    f"'><svg onload={MARK}>",
    f'" onmouseover="{MARK}" x="',
    f"' autofocus onfocus='{MARK}",
    f"javascript:{MARK}",
    f"data:text/html,<script>{MARK}</script>",
    f"<iframe srcdoc='<script>parent.{MARK}</script>'>",
    f"<a href=javascript:{MARK}>x</a>",
    f"<style>*{{display:none}}</style><b onclick={MARK}>",
    f"</style><script>{MARK}</script>",
    f"</title><script>{MARK}</script>",
    f"</textarea><script>{MARK}</script>",
    f"</pre></code></dd></dl><script>{MARK}</script>",
    f"<!--<script>{MARK}</script>-->",
    f"--><script>{MARK}</script><!--",
    f"]]><script>{MARK}</script>",
    f"<![CDATA[<script>{MARK}</script>]]>",
    f"</svg><script>{MARK}</script>",
    f"<svg><script>{MARK}</script></svg>",
    f"<math><mi xlink:href='javascript:{MARK}'>x</mi></math>",
    f"<base href='https://evil.invalid/'><script src=x>{MARK}</script>",
    "<base href='https://evil.invalid/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.invalid'>",
    "<link rel=stylesheet href=https://evil.invalid/a.css>",
    "<img src=https://evil.invalid/a.png>",
    "<form action=https://evil.invalid><input autofocus>",
    "<object data=https://evil.invalid>",
    "{{ 7 * 7 }}",
    "{% endblock %}",
    "{# comment #}",
    "${7*7}",
    "`${alert(1)}`",
    "\\u003cscript\\u003e",
    "&lt;script&gt;",
    "&amp;&#60;&#x3c;b&gt;",
    "%3Cscript%3E",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/absolute/path",
    "C:\\aux\\con",
    "con",
    ".",
    "..",
    ".hidden",
    "-rf *",
    "a/b/c",
    "a?b=c&d#e",
    "100 % \"quoted\" 'single'",
    "line one\nline two\r\nline three",
    "tab\tand\vvertical\fform",
    "nul\x00and\x1bescape\x7f",
    "\u202eright to left\u202c",
    "zero\u200bwidth\ufeff",
    "🧪👩‍🔬 模型 naïve עברית",
    "e" + "\u0301" * 60,
    "long" * 75,
    " leading and trailing ",
]


def test_there_are_sixty() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) == 60


class Failing(Reportable):
    """Cannot be shown."""

    def __init__(self, text: str) -> None:
        super().__init__(text, text)
        self.text = text

    def html(self) -> str:
        raise RuntimeError(self.text)


def report_everything(record: Record, text: str) -> None:
    """Report something of each kind with ``text`` in all places there are."""
    import pandas as pd
    from matplotlib.figure import Figure

    frame = pd.DataFrame({text: [text, "1"]}, index=[text, "x"])
    record.report(JsonReporter({text: text}, name=text, group=text))
    record.report(DFReporter(frame, name=text))
    record.report(LatexTableReporter(frame, name=text, caption=text))
    record.report(TextReporter(text, name=text))
    record.report(TextReporter(text, name=text, markdown=True))
    record.report(HTMLReporter(escape(text), name=text))
    record.report(MetricsReporter({text: 0.5}, name=text))
    record.report(Failing(text))
    if record.get_record_index() == 0:
        record.report(LinePlotReporter([1, 2], name=text, savefig_kwargs={"dpi": 20}))
        record.report(FigureReporter(Figure((1, 1)), name=text, dpi=20))
        picture = Path("picture.png")
        Figure((1, 1)).savefig(picture, dpi=20)
        record.report(ImageReporter(picture, name=text))


def fill(manager: ArtifactManager, texts: list[str]) -> Path:
    """Put ``texts`` into names, parameters, outputs and reportables, and write the report."""
    from dataclasses import make_dataclass

    base = (cf.ExperimentParameters,)
    parameters = make_dataclass("Parameters", [("label", str, "")], bases=base)
    for text in texts:

        def tell(record: Record, text: str) -> str:
            report_everything(record, text)
            return text

        tell.__name__ = text
        record = Record(manager, parameters(name=text, label=text))
        cf.stage(None, [text], [JsonCacher])(tell)(record, text=text)
    manager.close_run("error", error=f"ValueError - {texts[0]}", traceback="\n".join(texts))
    page = manager.generate_report(single_file="single.html")
    assert page is not None
    return Path(page)


@dataclass
class Visit:
    """A page in a browser, with what it wanted and said."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> "Visit":
        self.page.goto(path.resolve().as_uri())
        return self

    def assert_unharmed(self) -> None:
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []
        assert self.page.evaluate("window.harmed") is None


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser of this machine."""
    import shutil

    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on PATH to open the page in")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: "Browser") -> "Iterator[Callable[..., Visit]]":
    """Open pages without a network; with options of the browser's context."""
    contexts = []

    def make(path: Path, **options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        made = Visit(page)
        context.on("request", lambda request: made.requests.append(request.url))
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("dialog", lambda dialog: made.complaints.append(dialog.message))
        return made.open(path)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def hostile_page(new_manager: NewManager) -> Path:
    """The report of a run with 60 hostile strings, and a second such run beside it."""
    notes = "\n".join(HOSTILE)
    fill(new_manager(HOSTILE[0], notes=HOSTILE[2], run_line=notes), HOSTILE[:3])
    return fill(new_manager("run", notes=notes, run_line=notes), HOSTILE)


pytestmark = pytest.mark.slow


def test_hostile_strings_do_nothing_anywhere(
    hostile_page: Path, visit: "Callable[..., Visit]"
) -> None:
    shown = visit(hostile_page)
    shown.assert_unharmed()
    assert len(shown.page.query_selector_all("details.record")) == len(HOSTILE)
    titles = [element.inner_text() for element in shown.page.query_selector_all("h4")]
    assert "<script>window.harmed=1</script>" in titles

    single = visit(Path("single.html"))
    single.assert_unharmed()
    assert single.page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")

    index = visit(Path("reports/index.html"))
    compare_first_two(index)
    index.assert_unharmed()
    for frame in index.page.frames:
        assert frame.evaluate("window.harmed") is None


def compare_first_two(index: Visit) -> None:
    boxes = index.page.locator(".run input")
    values = {box.get_attribute("value"): box for box in boxes.all()}
    assert len(values) == 2
    for box in values.values():
        box.check()
    index.page.click("#compare")
    index.page.wait_for_selector("#comparison h2")


def test_files_of_hostile_names_are_within_the_report(hostile_page: Path) -> None:
    files = [path for path in hostile_page.parent.rglob("*") if path.is_file()]

    assert all(len(path.name.encode()) < 200 for path in files)
    assert all(path.resolve().is_relative_to(hostile_page.parent.resolve()) for path in files)


@cf.stage(None, ["score"], [JsonCacher])
def score(record: Record) -> float:
    record.report(MetricsReporter({"accuracy": record.params.depth / 10}, name="scores"))
    record.report(LinePlotReporter([1, record.params.depth], name="curve"))
    return 1.0


@dataclass
class SetOfDepth(cf.ExperimentParameters):
    depth: int = 0


def plain_report(manager: ArtifactManager, depths: dict[str, int]) -> Path:
    for name, depth in depths.items():
        score(Record(manager, SetOfDepth(name=name, depth=depth)))
    page = manager.generate_report()
    assert page is not None
    return Path(page)


def test_two_runs_are_compared(new_manager: NewManager, visit: "Callable[..., Visit]") -> None:
    plain_report(new_manager("run"), {"a": 1, "b": 2})
    plain_report(new_manager("run"), {"a": 1, "b": 5})

    index = visit(Path("reports/index.html"))
    compare_first_two(index)

    tables = [
        table.inner_text().split("\n") for table in index.page.locator("#comparison tbody").all()
    ]
    assert [row.split("\t") for table in tables for row in table] == [
        ["b · depth", "2", "5"],
        ["Record 1 (b) · accuracy", "0.2", "0.5", "+0.3"],
    ]
    assert index.page.locator("#comparison iframe").count() == 8
    index.assert_unharmed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desktop"])
def test_a_page_fits_and_can_be_read(
    scheme: str, width: int, new_manager: NewManager, visit: "Callable[..., Visit]"
) -> None:
    page = plain_report(new_manager("run"), {"a": 1, "b" * 80: 2})

    for path in (page, Path("reports/index.html")):
        shown = visit(path, color_scheme=scheme, viewport={"width": width, "height": 800})
        overflow = shown.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        text, paper = shown.page.evaluate(
            "[getComputedStyle(document.body)].flatMap((s) => [s.color, s.backgroundColor])"
        )
        assert contrast(text, paper) > 7
        shown.assert_unharmed()


def test_long_names_stay_in_their_column(
    new_manager: NewManager, visit: "Callable[..., Visit]"
) -> None:
    page = plain_report(new_manager("run"), {"a": 1, "b" * 80: 2})

    shown = visit(page, viewport={"width": 1280, "height": 800})

    beyond = "heads => heads.filter(head => head.scrollWidth > head.clientWidth).length"
    heads = shown.page.locator("table.wide tbody th")
    assert heads.count() == 4
    assert heads.evaluate_all(beyond) == 0


@cf.stage(["score"], [f"an_output_with_quite_a_long_name_{n}" for n in range(5)])
def spread(record: Record, score: float) -> tuple[float, ...]:
    return (score,) * 5


@cf.stage(None, ["shown"])
def show_frame(record: Record, frame: pd.DataFrame) -> int:
    record.report(DFReporter(frame))
    return 1


def test_graphs_of_records_fit_on_paper(
    new_manager: NewManager, visit: "Callable[..., Visit]"
) -> None:
    manager = new_manager("run")
    spread(score(Record(manager, SetOfDepth(name="a", depth=1))))
    page = manager.generate_report()
    assert page is not None
    shown = visit(Path(page), viewport={"width": 700, "height": 990})

    shown.page.emulate_media(media="print")

    [right] = shown.page.locator(".graph svg").evaluate_all(
        "drawings => drawings.map(drawing => drawing.getBoundingClientRect().right)"
    )
    assert 0 < right <= 700


def test_wide_frames_fit_on_paper_and_are_whole_on_a_screen(
    new_manager: NewManager, visit: "Callable[..., Visit]"
) -> None:
    manager = new_manager("run")
    frame = pd.DataFrame(
        [[n / 7 for n in range(40)]] * 3, columns=[f"column {n}" for n in range(40)]
    )
    show_frame(Record(manager, cf.ExperimentParameters(name="one")), frame)
    page = manager.generate_report()
    assert page is not None
    shown = visit(Path(page), viewport={"width": 700, "height": 990})
    visible = shown.page.locator("table.data-frame:visible")
    assert visible.count() == 1
    assert "column 39" in visible.inner_text()

    shown.page.emulate_media(media="print")

    edges = visible.evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
    assert len(edges) > 1
    assert max(edges) <= 700
    assert "column 39" in visible.last.inner_text().replace("\n", " ")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two ``rgb(…)`` colours, from 1 to 21."""
    import re

    def luminance(color: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_everything_is_there_without_scripts(
    new_manager: NewManager, visit: "Callable[..., Visit]"
) -> None:
    page = plain_report(new_manager("run"), {"a": 1})
    plain_report(new_manager("run"), {"a": 2})

    shown = visit(page, java_script_enabled=False)
    index = visit(Path("reports/index.html"), java_script_enabled=False)

    assert shown.page.locator("#map svg").is_visible()
    assert shown.page.locator(".reportable img").is_visible()
    assert shown.page.locator("table.calls").is_visible()
    assert index.page.locator(".run a").count() == 2
    assert not index.page.locator("#controls").is_visible()


def test_the_map_zooms(new_manager: NewManager, visit: "Callable[..., Visit]") -> None:
    shown = visit(plain_report(new_manager("run"), {"a": 1, "b": 2}))
    drawing = shown.page.locator("#map svg")
    shown.page.click("text=100 %")
    before = drawing.bounding_box()
    shown.page.click("[aria-label='Zoom in']")
    after = drawing.bounding_box()

    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.25, rel=0.02)
    shown.assert_unharmed()


def test_plotly_draws_from_the_page(new_manager: NewManager, visit: "Callable[..., Visit]") -> None:
    go = pytest.importorskip("plotly.graph_objects")

    @cf.stage(None, ["told"])
    def tell(record: Record) -> int:
        record.report(FigureReporter(go.Figure(go.Scatter(y=[1, 2])), name="interactive"))
        return 1

    manager = new_manager("run")
    tell(Record(manager, None))
    page = manager.generate_report(single_file="single.html")
    assert page is not None

    for path in (Path(page), Path("single.html")):
        shown = visit(path)
        shown.page.wait_for_selector(".plotly-figure .scatterlayer path")
        shown.assert_unharmed()
