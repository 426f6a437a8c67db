"""Images are drawn once, and many of them in several processes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

import curifactory as cf
from curifactory import ArtifactManager, Record
from curifactory.caching import JsonCacher
from curifactory.reporting import LinePlotReporter, drawing, drawing_processes

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
    draw = LinePlotReporter.image_after

    def image_after(reporter: LinePlotReporter, kept: dict[Any, Any]) -> bytes:
        names.append(str(reporter.name))
        return draw(reporter, kept)

    monkeypatch.setattr(LinePlotReporter, "image_after", image_after)
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
    monkeypatch.setattr(drawing_processes, "_processors", lambda: 2)

    folder = generate(new_manager(), drawing_processes.MANY)

    assert drawn == []
    assert len(list(folder.glob("*.png"))) == drawing_processes.MANY
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in folder.glob("*.png"))
    assert not [file for file in folder.iterdir() if file.is_dir()]


def test_what_other_processes_cannot_draw_is_drawn_here(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_processes, "_processors", lambda: 2)
    monkeypatch.setattr("sys.executable", "/bin/false")

    folder = generate(new_manager(), drawing_processes.MANY)

    assert len(list(folder.glob("*.png"))) == drawing_processes.MANY


def run_as_python(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell program be started in the place of Python, which it finds as ``$PYTHON``."""
    Path("python").write_text(f"#!/bin/sh\n{program}\n")
    Path("python").chmod(0o755)
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setattr("sys.executable", str(Path("python").resolve()))


def test_what_a_killed_process_left_is_drawn_here(
    new_manager: NewManager, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_processes, "_processors", lambda: 2)
    run_as_python('case "$3" in */0.work) kill -9 $$;; *) exec "$PYTHON" "$@";; esac', monkeypatch)

    folder = generate(new_manager(), drawing_processes.MANY)

    assert drawn == [str(number) for number in range(0, drawing_processes.MANY, 2)]
    assert len(list(folder.glob("*.png"))) == drawing_processes.MANY


def test_an_interrupted_report_ends_its_processes(
    new_manager: NewManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_processes, "_processors", lambda: 2)
    run_as_python("echo $$ >> numbers; exec sleep 100", monkeypatch)
    monkeypatch.setattr(Popen, "wait", interrupt := Interrupt())

    with pytest.raises(KeyboardInterrupt):
        generate(new_manager(), drawing_processes.MANY)

    assert len(interrupt.ended) == 2
    assert all(process.returncode is not None for process in interrupt.ended)
    assert [entry.name for entry in Path("reports").iterdir()] == []


class Interrupt:
    """Ctrl-C while processes are waited for, the first time."""

    def __init__(self) -> None:
        self.ended: list[Popen[bytes]] = []
        self._wait = Popen.wait
        self._done = False

    def __get__(self, process: "Popen[bytes]", kind: type) -> Callable[[], int]:
        def wait() -> int:
            if not self._done:
                self._done = True
                raise KeyboardInterrupt
            self.ended.append(process)
            return self._wait(process)

        return wait


def test_with_one_processor_all_are_drawn_here(
    new_manager: NewManager, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing_processes, "_processors", lambda: 1)

    folder = generate(new_manager(), drawing_processes.MANY)

    assert len(drawn) == drawing_processes.MANY
    assert len(list(folder.glob("*.png"))) == drawing_processes.MANY


class WithNumbers(LinePlotReporter):
    """Writes its numbers beside its image."""

    def render(self) -> None:
        super().render()
        Path(self.path, self.file_name(".txt")).write_text(str(self.y))


def test_what_writes_more_than_an_image_is_rendered(new_manager: NewManager) -> None:
    @cf.stage(None, ["count"], [JsonCacher])
    def show(record: Record) -> int:
        record.report(WithNumbers([1, 2], name="n", savefig_kwargs={"dpi": 20}))
        return 1

    for _ in range(2):  # the second time from the cache
        manager = new_manager()
        show(Record(manager, cf.ExperimentParameters(name="a")))
        page = manager.generate_report()

        assert page is not None
        names = {path.name for path in Path(page).with_name("reportables").iterdir()}
        assert names == {"a_show_n.png", "a_show_n.txt"}


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
