"""Facts about git, processes and the machine."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from curifactory.environment import (
    GitFacts,
    ask_git,
    ask_git_difference,
    hostname,
    installed_version,
    is_alive,
    is_interactive,
    process_name,
    python_facts,
)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=m"]
    process = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, check=True
    )
    return process.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of `file`, and nothing else."""
    git(tmp_path, "init")
    (tmp_path / "file").write_text("one\n")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "First")
    return tmp_path


def test_the_whole_commit_is_told(repository: Path) -> None:
    assert ask_git(str(repository)) == GitFacts(git(repository, "rev-parse", "HEAD"), dirty=False)


@pytest.mark.parametrize("change", ["changed", "staged", "untracked", "deleted"])
def test_any_change_makes_it_dirty(repository: Path, change: str) -> None:
    if change == "deleted":
        (repository / "file").unlink()
    else:
        name = "file" if change == "changed" else "other"
        (repository / name).write_text("two\n")
    if change == "staged":
        git(repository, "add", "other")

    assert ask_git(str(repository)).dirty


def test_ignored_files_do_not_make_it_dirty(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("data\n")
    (repository / "data").mkdir()
    (repository / "data" / "file").touch()

    assert not ask_git(str(repository)).dirty


def test_a_folder_below_belongs_to_the_repository(repository: Path) -> None:
    below = repository / "below"
    below.mkdir()

    assert ask_git(str(below)).commit == git(repository, "rev-parse", "HEAD")


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert ask_git(str(tmp_path)) == GitFacts("No git repository found", dirty=True)
    assert ask_git_difference(str(tmp_path)) == ""


def test_outside_a_repository_git_is_not_even_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_keywords: object) -> None:
        raise AssertionError("git was started")

    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.setattr(subprocess, "run", refuse)

    assert not ask_git(str(tmp_path)).may_differ


def test_a_repository_without_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init")

    assert ask_git(str(tmp_path)).commit == "No commit yet"
    assert ask_git_difference(str(tmp_path)) == ""


def test_without_a_git_program_there_is_no_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    assert ask_git(str(repository)) == GitFacts()


def test_the_difference_is_a_patch(repository: Path) -> None:
    (repository / "file").write_text("two\n")

    difference = ask_git_difference(str(repository))

    assert "-one\n+two\n" in difference


@pytest.mark.parametrize("name", [".env", "keys/id_rsa", "a b/server.key", "ünï/.env.local"])
def test_the_difference_only_names_secrets(repository: Path, name: str) -> None:
    (repository / name).parent.mkdir(exist_ok=True)
    for text in ("one", "TOKEN"):
        (repository / name).write_text(f"{text}\n")
        (repository / "z.txt").write_text(f"{text}\n")
        if text == "one":
            git(repository, "add", "-f", name, "z.txt")
            git(repository, "commit", "-m", "Add a secret")

    difference = ask_git_difference(str(repository))

    assert difference.count("+TOKEN") == 1
    assert "[left out, as a secret: " in difference
    assert "b/z.txt\n" in difference


def test_a_large_difference_is_cut_and_says_so(repository: Path) -> None:
    (repository / "file").write_text("x" * 1_500_000)

    difference = ask_git_difference(str(repository))

    assert len(difference) < 1_100_000
    assert difference.endswith("characters]\n")


def test_this_process_is_alive_and_one_that_ended_is_not() -> None:
    code = "from curifactory.environment import *; print(process_name())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert is_alive(process_name())
    assert not is_alive(ended.stdout.decode().strip())


def test_another_process_with_the_same_number_is_not_the_one() -> None:
    host, number, start = process_name().rsplit("-", 2)

    assert start != "0" or not Path("/proc").exists()
    if start != "0":
        assert not is_alive(f"{host}-{number}-{int(start) + 1}")


def test_processes_of_other_hosts_count_as_alive() -> None:
    assert is_alive(f"not-{hostname()}-{os.getpid()}-1")


def test_facts_about_python_name_versions_of_packages() -> None:
    facts = python_facts()

    assert facts["python"] == sys.version.split()[0]
    assert facts["packages"]["pytest"] == pytest.__version__


def test_a_version_is_found_however_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, file in (("new_one-1.5.dist-info", "METADATA"), ("old_one.egg-info", "PKG-INFO")):
        (tmp_path / folder).mkdir()
        name, _, _ = folder.partition("-" if "-1" in folder else ".")
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n"
        (tmp_path / folder / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    assert installed_version("curifactory-core") == metadata.version("curifactory-core")
    assert installed_version("new-one") == installed_version("old-one") == "1.5"
    with pytest.raises(metadata.PackageNotFoundError):
        installed_version("no-one")


def test_seeds_that_are_set_are_noted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PYTHONHASHSEED": "0",
        "PL_GLOBAL_SEED": "17",
        "WALLET_SEED": "twelve secret words",
        "SEED_SERVER": "3",
    }.items():
        monkeypatch.setenv(name, value)

    seeds = python_facts()["seeds"]

    assert {"PYTHONHASHSEED": 0, "PL_GLOBAL_SEED": 17}.items() <= seeds.items()
    assert not {"WALLET_SEED", "SEED_SERVER"} & set(seeds)


@pytest.mark.parametrize(
    ("shell", "interactive"), [(None, False), (object(), True)], ids=["imported", "a shell"]
)
def test_ipython_is_somebody_typing_only_where_it_has_a_shell(
    monkeypatch: pytest.MonkeyPatch, shell: object, interactive: bool
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)

    assert is_interactive() is interactive


def test_a_prompt_is_somebody_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)

    assert is_interactive()
