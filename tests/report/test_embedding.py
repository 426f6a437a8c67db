"""A report as one file."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.reporting import HTMLReporter, LinePlotReporter
from curifactory.reporting.embedding import embed_files

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]


@cf.stage(None, ["told"])
def tell(record: Record) -> int:
    record.report(LinePlotReporter([1, 2], name='50 % "<é>"', savefig_kwargs={"dpi": 20}))
    record.report(HTMLReporter('<img src="reportables/../run_info.json">', name="elsewhere"))
    return 1


def test_a_single_file_has_everything(
    new_manager: NewManager, read_page: "Callable[..., Element]", tmp_path: Path
) -> None:
    manager = new_manager()
    tell(Record(manager, cf.ExperimentParameters(name="a")))
    target = tmp_path / "to send" / "report.html"

    page = manager.generate_report(single_file=str(target))

    assert page is not None
    shown = read_page(target)
    image, elsewhere = shown.find("img")
    content = base64.b64decode(image.attributes["src"].partition(",")[2])
    assert content.startswith(b"\x89PNG")
    assert elsewhere.attributes["src"] == "reportables/../run_info.json"
    assert shown.find("link") == []
    assert "--page" in shown.find("style")[0].text
    [log] = [link for link in shown.find("a") if link.attributes.get("download") == "log.txt"]
    assert b"tell" in base64.b64decode(log.attributes["href"].partition(",")[2])
    assert "../index.html" not in target.read_text(encoding="utf-8")


def test_what_is_not_there_is_left(tmp_path: Path) -> None:
    (tmp_path / "reportables").mkdir()
    page = '<img src="reportables/gone.png"><a href="https://x.org">x</a>'

    assert embed_files(page, str(tmp_path)) == page
