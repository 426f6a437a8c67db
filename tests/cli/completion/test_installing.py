from pathlib import Path

import pytest
from tests.cli.conftest import Project

LINE = 'eval "$(register-python-argcomplete experiment curifactory)"'


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SHELL", "/bin/bash")
    return folder


@pytest.mark.parametrize(
    ("shell", "file"),
    [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/completions/experiment.fish")],
)
def test_it_is_installed_once(shell: str, file: str, project: Project, home: Path) -> None:
    first = project.run("completion", f"--{shell}", "--install", command="curifactory")
    written = (home / file).read_text()
    second = project.run("completion", f"--{shell}", "--install", command="curifactory")

    assert (first.code, second.code) == (0, 0)
    assert "register-python-argcomplete" in written
    assert (home / file).read_text() == written
    assert "has it already" in second.out


@pytest.mark.parametrize("before", ["alias x=y\n", "alias x=y"])
def test_what_is_in_the_file_stays(before: str, project: Project, home: Path) -> None:
    (home / ".bashrc").write_text(before)

    project.run("completion", "--install", command="curifactory")

    assert (home / ".bashrc").read_text() == (f"alias x=y\n\n# curifactory: completion\n{LINE}\n")


def test_a_line_of_ones_own_is_enough(project: Project, home: Path) -> None:
    own = 'eval "$(register-python-argcomplete experiment)"\n'
    (home / ".bashrc").write_text(own)

    project.run("completion", "--install", command="curifactory")

    assert (home / ".bashrc").read_text() == own


def test_a_link_stays_a_link(project: Project, home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles/bashrc").touch()
    (home / ".bashrc").symlink_to("dotfiles/bashrc")

    project.run("completion", "--install", command="curifactory")

    assert (home / ".bashrc").is_symlink()
    assert LINE in (home / "dotfiles/bashrc").read_text()


def test_without_install_nothing_is_written(project: Project, home: Path) -> None:
    outcome = project.run("completion", command="curifactory")

    assert LINE in outcome.lines
    assert not list(home.iterdir())


def test_an_unknown_shell_is_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")

    outcome = project.run("completion", command="curifactory")

    assert outcome.code == 2
    assert "--bash, --zsh or --fish" in outcome.err
