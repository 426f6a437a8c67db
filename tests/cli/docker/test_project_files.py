from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.cli.docker.project_files import (
    ProjectFiles,
    find_project_files,
    require_loaded_files,
)
from curifactory.config import get_configuration
from curifactory.environment import is_secret
from curifactory.exceptions import BadInputError

if TYPE_CHECKING:
    from tests.cli.conftest import Project
    from tests.cli.docker.conftest import Git


def found() -> ProjectFiles:
    return find_project_files(get_configuration())


def test_what_git_tracks_is_taken_and_nothing_else(repository: "Project") -> None:
    repository.write("notes.txt", "not added")
    repository.write("data/cache/big.json", "ignored")

    files = found()

    assert files.tracked
    assert files.taken == (".gitignore", "experiments/chain.py", "params/more.py")
    assert files.withheld == ()


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.production",
        "deploy/.ENV",
        "certificates/server.key",
        "server.PEM",
        "id_rsa",
        "keys/id_ed25519",
        ".ssh/config",
        ".aws/config",
        "home/.kube/config",
        "secrets.yaml",
        "credentials.json",
        ".netrc",
        ".pypirc",
    ],
)
def test_secrets_are_withheld_although_they_are_tracked(
    name: str, repository: "Project", git: "Git"
) -> None:
    repository.write(name, "token")
    git("add", "-f", name)

    files = found()

    assert files.withheld == (name,)
    assert name not in files.taken


@pytest.mark.parametrize("name", [".env.example", "secrets.py", "keyboard.txt", "environment.yml"])
def test_what_only_sounds_like_a_secret_is_taken(
    name: str, repository: "Project", git: "Git"
) -> None:
    repository.write(name, "")
    git("add", name)

    assert name in found().taken


@given(
    st.lists(st.sampled_from(["a", "src", "b.c"]), max_size=3),
    st.sampled_from([".git", ".ssh", ".aws", ".gnupg"]),
    st.lists(st.sampled_from(["x.py", "config", "y"]), min_size=1, max_size=2),
)
def test_nothing_in_a_folder_of_secrets_is_harmless(
    above: list[str], folder: str, below: list[str]
) -> None:
    assert is_secret("/".join([*above, folder, *below]))
    assert not is_secret("/".join([*above, *below]))


def test_ignored_files_are_withheld_although_they_are_tracked(
    repository: "Project", git: "Git"
) -> None:
    repository.write("local.json", "{}")
    git("add", "local.json")
    repository.write(".gitignore", "local.json\n")

    files = found()

    assert files.withheld == ("local.json",)
    assert "local.json" not in files.taken


def test_what_other_runs_left_is_not_taken_although_it_is_tracked(
    repository: "Project", git: "Git"
) -> None:
    generated = [
        "data/cache/a.json",
        "data/runs/chain_1/run_info.json",
        "data/store/chain/1.jsonl",
        "data/store.json",
        "logs/chain_1.log",
        "reports/chain_1/index.html",
        "notebooks/experiments/chain_1.ipynb",
    ]
    wanted = ["data/raw/table.csv", "notebooks/mine.ipynb"]
    for name in (*generated, *wanted):
        repository.write(name, "")
    repository.write(".gitignore", "")
    git("add", "-A")

    taken = found().taken

    assert set(wanted) <= set(taken)
    assert not set(generated) & set(taken)


def test_what_keeps_things_out_of_other_images_is_not_taken(
    repository: "Project", git: "Git"
) -> None:
    for name in (".dockerignore", ".containerignore", "docker/dockerfile.dockerignore"):
        repository.write(name, "data\n")
    git("add", "-A")

    assert not [name for name in found().taken if "ignore" in name and name != ".gitignore"]


def test_a_project_below_the_top_of_a_repository_has_its_own_files(
    repository: "Project", git: "Git", monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("inner/curifactory_config.json", "{}")
    repository.write("inner/experiments/own.py", "")
    git("add", "-A")
    monkeypatch.chdir(repository.root / "inner" / "experiments")

    files = found()

    assert files.taken == ("curifactory_config.json", "experiments/own.py")
    assert files.root == str((repository.root / "inner").resolve())


def test_names_are_taken_as_they_are(repository: "Project", git: "Git") -> None:
    names = ["with space.py", "new\nline.py", "ünï.py"]
    for name in names:
        repository.write(name, "")
    git("add", "-A")

    assert set(names) <= set(found().taken)


def test_without_git_only_code_and_settings_are_taken(project: "Project") -> None:
    for name in ("curifactory_config.json", "pyproject.toml", "README.md", "docker/startup.sh"):
        project.write(name, "{}" if name.endswith(".json") else "")
    for name in (
        "data/cache/a.py",
        "table.csv",
        ".hidden/a.py",
        ".env",
        "venv/pyvenv.cfg",
        "venv/lib/a.py",
        "node_modules/a.py",
        "docker/server.key",
    ):
        project.write(name, "")

    files = found()

    assert not files.tracked
    assert files.taken == (
        "README.md",
        "curifactory_config.json",
        "docker/startup.sh",
        "experiments/chain.py",
        "params/more.py",
        "pyproject.toml",
    )


def test_imported_files_that_git_does_not_track_are_named(repository: "Project") -> None:
    repository.write("helping.py", "")
    chain = (repository.root / "experiments/chain.py").read_text()
    repository.write(
        "experiments/chain.py", chain.replace("import logging", "import logging\nimport helping")
    )
    before = repository.files()

    outcome = repository.run("chain", "--docker-context", "made")

    assert outcome.code == 2
    assert outcome.err == (
        "error: the image would miss files that the experiment imports: helping.py. 'git add' "
        "them, which need not commit them, and run again.\n"
    )
    assert repository.files() == before


def test_imported_files_that_count_as_secret_are_named(repository: "Project", git: "Git") -> None:
    repository.write(".gitignore", "experiments/\n")

    outcome = repository.run("chain", "--docker-context", "made")

    assert outcome.code == 2
    assert "experiments/chain.py. They count as secret or ignored" in outcome.err


def test_installed_modules_are_no_files_of_the_project(tmp_path: Path) -> None:
    require_loaded_files(ProjectFiles(str(tmp_path), (), (), tracked=True))


def test_modules_outside_of_folders_for_results_are_asked_for_without_git(
    project: "Project",
) -> None:
    project.write("logs/chatty.py", "")
    chain = (project.root / "experiments/chain.py").read_text()
    project.write(
        "experiments/chain.py",
        chain.replace("import logging", "import logging\nimport logs.chatty"),
    )

    outcome = project.run("chain", "--docker-context", "made")

    assert outcome.code == 2
    with pytest.raises(BadInputError, match="Make a git repository"):
        require_loaded_files(found())
