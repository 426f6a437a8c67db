"""What notebooks show: complete in itself, and shown as it is."""

import base64
import builtins
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.exceptions import MissingPartError
from curifactory.reporting import JsonReporter, LinePlotReporter

if TYPE_CHECKING:
    from tests.report.conftest import Element

NewManager = Callable[..., ArtifactManager]
Parse = Callable[[str], "Element"]

pytest.importorskip("IPython")


@cf.stage(None, ["told"])
def tell(record: Record) -> int:
    record.report(JsonReporter({"a": 1}, name="told", group="facts"))
    record.report(LinePlotReporter([1, 2], name="curve", savefig_kwargs={"dpi": 20}))
    return 1


@cf.stage(["told"], ["more"])
def tell_more(record: Record, told: int) -> int:
    record.report(JsonReporter({"b": told}, name="more"))
    return told


@pytest.fixture
def manager(new_manager: NewManager) -> ArtifactManager:
    made = new_manager("shown", notes="A <note>")
    for name in ("first", "second"):
        tell_more(tell(Record(made, cf.ExperimentParameters(name=name))))
    return made


def titles(shown: "Element") -> list[str]:
    return shown.texts("h4")


def test_info_is_the_top_of_the_report(manager: ArtifactManager, parse: Parse) -> None:
    shown = parse(manager.display_info().data)

    assert manager.get_reference_name() in shown.texts("code")
    assert shown.texts(cls="status") == ["LIVE"]
    assert shown.texts(cls="notes") == ["A <note>"]
    assert [text.split()[0] for text in shown.texts(cls="set")] == ["first", "second"]


def test_displays_show_what_they_are_asked_for(manager: ArtifactManager, parse: Parse) -> None:
    records, reportables = manager.records, manager.reportables

    assert titles(parse(manager.display_all_reportables().data)) == [
        "told", "told", "curve", "more", "curve", "more",
    ]  # fmt: skip
    assert titles(parse(manager.display_record_reportables(records[1]).data)) == [
        "told", "curve", "more",
    ]  # fmt: skip
    assert titles(parse(manager.display_group_reportables("facts").data)) == ["told", "told"]
    assert titles(parse(manager.display_stage_reportables("tell_more").data)) == ["more", "more"]
    assert titles(parse(manager.display_reportable(reportables[1]).data)) == ["curve"]


def test_what_is_not_there_is_said(manager: ArtifactManager, parse: Parse) -> None:
    shown = parse(manager.display_group_reportables("<none>").data)

    assert shown.texts(cls="quiet") == ["There is no group '<none>'; the groups are: 'facts'."]


def test_images_are_within(manager: ArtifactManager, parse: Parse) -> None:
    [image] = parse(manager.display_reportable(manager.reportables[1]).data).find("img")

    kind, _, content = image.attributes["src"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content).startswith(b"\x89PNG")


def test_the_map_is_shown(manager: ArtifactManager, parse: Parse) -> None:
    shown = parse(manager.display_stage_graph().data)

    [drawing] = shown.find("svg")
    assert drawing.texts("text").count("tell_more") == 2


def test_nothing_refers_to_files_or_the_network(manager: ArtifactManager) -> None:
    whole = "".join(
        display().data
        for display in (
            manager.display_info,
            manager.display_all_reportables,
            manager.display_stage_graph,
        )
    )

    addresses = re.findall(r"""(?:src|href)=["']([^"']*)|url\(([^)]*)\)""", whole)
    assert [a or b for a, b in addresses if not (a or b).startswith(("data:", "#"))] == []


def test_a_display_leaves_no_files(manager: ArtifactManager) -> None:
    before = sorted(str(path) for path in Path().rglob("*"))

    manager.display_all_reportables()

    assert sorted(str(path) for path in Path().rglob("*")) == before


def test_a_report_after_a_display_is_complete(manager: ArtifactManager) -> None:
    manager.display_all_reportables()

    page = manager.generate_report()

    assert page is not None
    folder = Path(page).with_name("reportables")
    assert len(list(folder.glob("*.png"))) == 2


def test_hostile_texts_stay_text(
    all_hostile: list[str], new_manager: NewManager, parse: Parse
) -> None:
    manager = new_manager("\n".join(all_hostile), notes="\n".join(all_hostile))
    for text in all_hostile:
        cf.stage(None, [text])(
            lambda record, text: record.report(JsonReporter(text, name=text, group=text))
        )(Record(manager, cf.ExperimentParameters(name=text)), text=text)

    shown = parse(manager.display_all_reportables().data)

    assert titles(shown) == all_hostile
    assert shown.find("script") == shown.find("img") == []
    parse(manager.display_info().data)
    assert parse(manager.display_stage_graph().data).find("script") == []


def test_without_ipython_a_text_says_so(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("IPython"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for module in [name for name in sys.modules if name.startswith("IPython")]:
        monkeypatch.delitem(sys.modules, module)

    shown = [manager.display_info(), manager.display_stage_graph()]

    assert all("pip install ipython" in text for text in shown)


def test_without_the_part_an_error_says_which(
    manager: ArtifactManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curifactory.plugins.find", lambda group, name: None)

    with pytest.raises(MissingPartError, match="pip install curifactory-report"):
        manager.display_info()


def test_a_display_is_still_there_after_nbconvert(manager: ArtifactManager) -> None:
    nbconvert = pytest.importorskip("nbconvert")
    from nbformat import v4

    data = {"text/html": manager.display_all_reportables().data}
    output = v4.new_output("execute_result", data=data, execution_count=1)
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", outputs=[output])])

    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)

    assert page.count('src="data:image/png;base64,') == 2
    assert page.count('<article class="reportable"') == 6
