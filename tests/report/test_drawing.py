"""Images are drawn once, and many of them in several processes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting import LinePlotReporter, drawing

NewManager = Callable[..., ArtifactManager]


@cf.stage(None, ["count"], [JsonCacher])
def plot(record: Record, count: int = 2) -> int:
    for number in range(count):
        record.report(LinePlotReporter([1, number], name=f"{number}", savefig_kwargs={"dpi": 20}))
    return count


def generate(manager: ArtifactManager, count: int = 2) -> Path:
    plot(Record(manager, cf.ExperimentParameters(name="a")), count=count)
    page = manager.generate_report()
    assert page is not None
    return Path(page).with_name("reportables")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the plots that this process drew."""
    names: list[str] = []
    draw = LinePlotReporter.image

    def image(reporter: LinePlotReporter) -> bytes:
        names.append(str(reporter.name))
        return draw(reporter)

    monkeypatch.setattr(LinePlotReporter, "image", image)
    return names


def test_what_an_earlier_report_has_is_not_drawn_again(
    new_manager: NewManager, drawn: list[str]
) -> None:
    first = generate(new_manager())
    second = generate(new_manager())

    assert drawn == ["0", "1"]
    for name in ("a_plot_0.png", "a_plot_1.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_other_lines_are_drawn(new_manager: NewManager, drawn: list[str]) -> None:
    folder = generate(new_manager())
    keys = json.loads((folder / drawing.DRAWN).read_text())
    keys["a_plot_1.png"] = "other"
    (folder / drawing.DRAWN).write_text(json.dumps(keys))

    generate(new_manager())

    assert drawn == ["0", "1", "1"]


@pytest.mark.parametrize("damage", ["", "[]", "{"])
def test_a_damaged_list_draws_all(damage: str, new_manager: NewManager, drawn: list[str]) -> None:
    (generate(new_manager()) / drawing.DRAWN).write_text(damage)

    generate(new_manager())

    assert drawn == ["0", "1", "0", "1"]


def test_changed_settings_draw_anew(new_manager: NewManager, drawn: list[str]) -> None:
    import matplotlib as mpl

    generate(new_manager())
    with mpl.rc_context({"lines.linewidth": 5.0}):
        generate(new_manager())

    assert drawn == ["0", "1", "0", "1"]


def test_many_are_drawn_by_other_processes(
    new_manager: NewManager, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_processors", lambda: 2)

    folder = generate(new_manager(), drawing._MANY)

    assert drawn == []
    assert len(list(folder.glob("*.png"))) == drawing._MANY
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in folder.glob("*.png"))
    assert not [file for file in folder.iterdir() if file.is_dir()]


def test_what_other_processes_cannot_draw_is_drawn_here(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_processors", lambda: 2)
    monkeypatch.setattr("sys.executable", "/bin/false")

    folder = generate(new_manager(), drawing._MANY)

    assert len(list(folder.glob("*.png"))) == drawing._MANY


def test_what_cannot_be_read_from_the_cache_is_said_in_its_place(
    new_manager: NewManager, drawn: list[str]
) -> None:
    generate(new_manager())
    manager = new_manager()
    plot(Record(manager, cf.ExperimentParameters(name="a")), count=2)
    [pickle_of_the_first] = Path("data/cache").rglob("a_plot_0.pkl")
    pickle_of_the_first.write_bytes(b"damaged")

    page = manager.generate_report()

    assert page is not None
    text = Path(page).read_text(encoding="utf-8")
    assert text.count("This could not be shown: ") == 1
    assert Path(page).with_name("reportables").joinpath("a_plot_1.png").is_file()
    assert drawn == ["0", "1"]
