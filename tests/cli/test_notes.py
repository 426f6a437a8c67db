"""Notes, given on the command line or written in an editor."""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curifactory.cli.notes import ask_for_notes, clean_notes
from curifactory.exceptions import BadInputError
from curifactory.store import RunStore

if TYPE_CHECKING:
    from tests.cli.conftest import Project


@pytest.fixture
def editor(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that writes what ``text`` beside it holds, and notes what it was given."""
    folder = tmp_path_factory.mktemp("an editor")
    path = folder / "my editor"
    path.write_text(
        "#!/bin/sh\n"
        f"cp \"$2\" '{folder}/before'\n"
        f"stat -c %a \"$2\" > '{folder}/mode'\n"
        f"printf '%s' \"$2\" > '{folder}/path'\n"
        f"cat '{folder}/text' > \"$2\"\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (folder / "text").write_text("First line\n# left out\n\nMore; $(touch hacked)\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{path}' --wait")
    return folder


def notes_of_last_run() -> object:
    return RunStore("data").runs()[-1]["notes"]


def test_notes_are_written_in_the_editor(editor: Path, project: "Project") -> None:
    outcome = project.run("chain", "--notes")

    assert outcome.code == 0
    assert notes_of_last_run() == "First line\n\nMore; $(touch hacked)"
    assert not (project.root / "hacked").exists()


def test_the_file_is_private_and_gone_afterwards(editor: Path) -> None:
    ask_for_notes("iris")

    assert (editor / "mode").read_text() == "600\n"
    assert "iris" in (editor / "before").read_text()
    assert not os.path.exists((editor / "path").read_text())


def test_visual_goes_before_editor(editor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", os.environ["EDITOR"])
    monkeypatch.setenv("EDITOR", "false")

    assert str(ask_for_notes("iris")).startswith("First line")


def test_nothing_written_means_no_notes(editor: Path) -> None:
    (editor / "text").write_text("# only a comment\n\n")

    assert ask_for_notes("iris") is None


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("false", "'false' ended with code 1; nothing was run"),
        ("no-such-editor", "'no-such-editor' cannot be started"),
        ("'unbalanced", "$EDITOR is no command"),
    ],
)
def test_an_editor_that_does_not_work_runs_nothing(
    command: str, message: str, project: "Project", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    before = project.files()

    outcome = project.run("chain", "--notes")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert message in outcome.err
    assert project.files() == before


def test_without_any_editor_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(BadInputError, match="--notes TEXT"):
        ask_for_notes("iris")


def test_an_unknown_experiment_is_found_before_anybody_writes(
    editor: Path, project: "Project"
) -> None:
    outcome = project.run("chian", "--notes")

    assert outcome.code == 2
    assert not (editor / "before").exists()


def test_notes_are_no_part_of_the_recorded_command(project: "Project") -> None:
    project.run("chain", "--notes", "A 'quoted' note", "-v")

    run = RunStore("data").runs()[-1]
    assert (run["notes"], run["cli"]) == ("A 'quoted' note", "experiment chain --verbose")


def test_lines_that_begin_with_a_number_sign_are_left_out() -> None:
    assert clean_notes("Wider nets\n# a comment\n\nAs #12 said.\n") == "Wider nets\n\nAs #12 said."
