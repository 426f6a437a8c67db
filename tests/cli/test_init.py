import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Project

from curifactory.cli.asking import Asker, Defaults, Questions
from curifactory.cli.init import make_project
from curifactory.cli.terminal import Terminal
from curifactory.exceptions import BadInputError


@pytest.fixture
def empty(project: Project) -> Project:
    """Return the project without any file."""
    for path in sorted(project.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return project


def init(*answers: str, **settings: str) -> None:
    given = iter(answers)
    asker = Questions(Terminal(sys.stdout), lambda: next(given)) if answers else Defaults()
    init_with(asker, **settings)


def init_with(asker: Asker, **settings: str) -> None:
    make_project(settings, asker, Terminal(sys.stdout), Terminal(sys.stderr))


def configuration(project: Project) -> dict[str, str]:
    values: dict[str, str] = json.loads((project.root / "curifactory_config.json").read_text())
    return values


def test_a_new_project_has_all_folders_and_files(empty: Project) -> None:
    init()

    assert sorted(empty.files()) == [
        ".gitignore",
        "curifactory_config.json",
        "debug.py",
        "docker/.dockerignore",
        "docker/dockerfile",
        "docker/startup.sh",
        "experiments/example.py",
        "params/more_rates.py",
        "reports/index.html",
        "reports/style.css",
    ]
    for folder in ("data/cache", "data/runs", "logs", "notebooks/experiments"):
        assert (empty.root / folder).is_dir()
    assert configuration(empty)["on_stale"] == "rerun"


def test_a_new_project_runs_at_once(empty: Project) -> None:
    init()

    assert empty.run("example").code == 0
    assert empty.run("example", "-p", "more_rates").code == 0
    assert "Nothing ran" in empty.run("example").out


def test_folders_may_be_others(empty: Project) -> None:
    init(experiments_module_name="src.tries", params_module_name="sets", manager_cache_path="d")

    assert {key: configuration(empty)[key] for key in ("cache_path", "runs_path")} == {
        "cache_path": "d/cache",
        "runs_path": "d/runs",
    }
    sys.modules.pop("src", None)
    assert empty.run("example", "-p", "more_rates").code == 0
    assert list((empty.root / "d/cache").iterdir())


def test_answers_are_taken_and_wrong_ones_asked_for_again(
    empty: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    init("1tries", "tries", "", "stuff/", "", "", "out", "n", "n", "perhaps", "n", "n")

    shown = capsys.readouterr().out
    assert "'1tries' is no name of a module" in shown
    assert "'perhaps' is no answer" in shown
    assert sorted(empty.files()) == [
        "curifactory_config.json",
        "debug.py",
        "out/index.html",
        "out/style.css",
    ]
    assert configuration(empty) | {
        "cache_path": "stuff/cache",
        "report_css_path": "out/style.css",
    } == (configuration(empty))
    assert (empty.root / "tries").is_dir()


def test_a_second_time_changes_nothing(empty: Project, capsys: pytest.CaptureFixture[str]) -> None:
    init(manager_cache_path="stuff")
    before = empty.files()
    capsys.readouterr()

    init()

    assert empty.files() == before
    assert capsys.readouterr().out.startswith("\nThe project is ready.\n")


@pytest.mark.parametrize(("answer", "kept"), [("n", True), ("", True), ("y", False)])
def test_a_file_of_ones_own_is_overwritten_only_if_one_says_so(
    empty: Project, answer: str, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    init()
    empty.write("debug.py", "mine = 1\n")

    init("", "", "", "", "", "", "", "", "", "", answer)

    assert ((empty.root / "debug.py").read_text() == "mine = 1\n") is kept
    assert "  -mine = 1\n" in capsys.readouterr().out


def test_files_of_ones_own_are_kept_without_questions(empty: Project) -> None:
    init()
    mine = dict.fromkeys(("debug.py", "docker/dockerfile", "experiments/example.py"), b"mine\n")
    for name in mine:
        empty.write(name, "mine\n")

    init()

    assert empty.files() | mine == empty.files()


def test_a_setting_changes_its_key_alone(empty: Project) -> None:
    init(on_stale="ignore", cache_path="fast")

    init(logs_path="log")

    values = configuration(empty)
    assert (values["on_stale"], values["cache_path"]) == ("ignore", "fast")
    assert values["logs_path"] == "log"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("chache_path", "x", "Did you mean 'cache_path'?"),
        ("docker", "maybe", "it can be 'yes' or 'no'"),
        ("experiments_module_name", "my-tries", "no name of a module"),
        ("params_module_name", "class", "no name of a module"),
        ("manager_cache_path", ".", "the project's folder itself"),
        ("logs_path", "", "is no path"),
        ("logs_path", "a\nb", "is no path"),
        ("logs_path", "taken/logs", "'taken' is a file"),
        ("on_stale", "never", "one of warn, rerun, ignore"),
    ],
)
def test_a_setting_that_makes_no_sense_changes_nothing(
    empty: Project, key: str, value: str, message: str
) -> None:
    empty.write("taken", "")
    before = empty.files()

    with pytest.raises(BadInputError) as caught:
        init(**{key: value})

    assert message in str(caught.value)
    assert empty.files() == before
    assert len(list(empty.root.iterdir())) == 1


def test_giving_up_halfway_leaves_nothing(empty: Project) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        init_with(Questions(Terminal(sys.stdout), interrupted))

    assert not list(empty.root.iterdir())


def test_git_is_asked_for_only_where_there_is_none(
    empty: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    init(*[""] * 8, "y", "")
    assert (empty.root / ".git").is_dir()
    assert "Run git init here? [y/N]" in capsys.readouterr().out

    init(*[""] * 9)
    assert "git init" not in capsys.readouterr().out


def test_what_a_project_generates_is_nothing_new_to_git(empty: Project) -> None:
    import subprocess

    init(git="yes")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", *identity, "commit", "-q", "-m", "all"], check=True)

    assert empty.run("example").code == 0

    shown = subprocess.run(["git", "status", "--short"], capture_output=True, check=True).stdout
    assert shown == b""


def test_a_folder_inside_a_project_becomes_one_of_its_own(
    empty: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    init(logs_path="log")
    inner = empty.root / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)

    init()

    assert json.loads((inner / "curifactory_config.json").read_text())["logs_path"] == "logs/"
    assert "lies in the project of" in capsys.readouterr().err


def test_a_folder_in_the_way_of_a_file_is_named(empty: Project) -> None:
    (empty.root / "debug.py").mkdir()

    with pytest.raises(BadInputError, match=r"'debug\.py' is in the way"):
        init()

    assert [path.name for path in empty.root.iterdir()] == ["debug.py"]


def test_the_start_script_can_be_started(empty: Project) -> None:
    init()

    assert Path("docker/startup.sh").stat().st_mode & 0o111
