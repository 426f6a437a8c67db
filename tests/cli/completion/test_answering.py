"""What a shell is answered, and what the shells make of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Project

from curifactory.cli.completion.answering import Line, read_line

ALL = ["chain", "ls", "map", "poison", "reports", "run", "runs", "sub.deep\\ er"]
SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def ran(project: Project) -> Project:
    """Return the project after a run, so that names of sets and stages are known."""
    project.run("chain", "--no-report")
    project.write("experiments/sub/deep er.py", '"""Deep: down."""\ndef run(p, m): ...\n')
    project.write("experiments/poison.py", "raise SystemExit('imported')\ndef run(p, m): ...\n")
    return project


def ask(line: str, shell: str = "bash", program: str = "experiment") -> list[str]:
    """Return what the program answers to a shell, asked as its script asks."""
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": shell,
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line.encode()) if shell == "bash" else len(line)),
    }
    command = f'exec "{SCRIPTS / program}" 8>&1 1>/dev/null'
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("experiment ", ALL),
        ("experiment ch", ["chain"]),
        ("experiment map ", ["chain", "poison", "sub.deep\\ er"]),
        ("experiment run chain -n s", ["small"]),
        ("experiment reports --p", ["--port"]),
        ("experiment reports --port ", []),
        ("cd /x; experiment ch", ["chain"]),
        ("./bin/experiment ch", ["chain"]),
        ("experiment sub.", ["sub.deep\\ er"]),
        ("experiment 'sub.", ["sub.deep er"]),
        ("experiment chain -p ", ["chain", "more"]),
        ("experiment -p mo", ["more"]),
        ("experiment chain --params=m", ["more"]),
        ("experiment chain -n ", ["big", "small"]),
        ("experiment -p more -n ", ["huge"]),
        ("experiment chain --overwrite-stage ", ["compare", "make_data", "train"]),
        ("experiment chain --on-stale w", ["warn"]),
        ("experiment chain --overwrite", ["--overwrite", "--overwrite-stage"]),
        ("experiment chain ", []),
        ("experiment chain -c ", []),
        ("experiment runs ", ["diff", "ls", "rm", "show"]),
        ("experiment runs show ", ["chain/1", "latest"]),
        ("experiment runs ls ", ["chain"]),
        ("experiment runs ls --status e", ["error"]),
        ("experiment runs rm --", ["--help", "--no-color", "--yes"]),
        ("", ALL),
    ],
)
def test_a_line_may_go_on(line: str, answer: list[str], ran: Project) -> None:
    assert ask(line) == answer


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("curifactory in", ["init"]),
        ("curifactory --v", ["--version"]),
        ("curifactory init --", ["--help", "--no-color", "--set", "--yes"]),
        ("curifactory runs d", ["diff"]),
        ("curifactory cache a", ["accept"]),
        ("curifactory cache accept t", ["train"]),
    ],
)
def test_so_may_one_of_the_other_command(line: str, answer: list[str], ran: Project) -> None:
    assert ask(line, program="curifactory") == answer


def test_zsh_and_fish_are_told_what_candidates_are(ran: Project) -> None:
    assert ask("experiment sub", "zsh") == ["sub.deep er:Deep: down."]
    assert ask("experiment sub", "fish") == ["sub.deep er\tDeep: down."]


def test_a_project_that_is_not_in_order_has_no_completions(ran: Project) -> None:
    ran.write("curifactory_config.json", "{")

    assert ask("experiment ") == []


def test_outside_of_a_project_there_are_the_words_that_always_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert ask("experiment ") == ["ls", "map", "reports", "run", "runs"]
    assert ask("experiment runs show ") == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("experiment", Line([], "experiment")),
        ("experiment ", Line([])),
        ("experiment a\\ b c", Line(["a b"], "c")),
        ("experiment a 'b c", Line(["a"], "b c", "'")),
        ('experiment "a', Line([], "a", '"')),
        ("experiment ''", Line([], "")),
        ("x | experiment a", Line([], "a")),
        ("X=1 experiment a b", Line(["a"], "b")),
        ("experiment experiment ", Line(["experiment"])),
    ],
)
def test_words_are_read_as_a_shell_does(text: str, line: Line) -> None:
    assert read_line("experiment", text) == line


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        (
            "bash",
            'eval "$(register-python-argcomplete experiment)"; COMP_LINE="experiment chain -n s" '
            "COMP_POINT=21 COMP_TYPE=9; COMP_WORDS=(experiment chain -n s); COMP_CWORD=3; "
            '_python_argcomplete experiment; printf "%s\\n" "${COMPREPLY[@]}"',
        ),
        (
            "fish",
            "register-python-argcomplete --shell fish experiment | source; "
            "complete --do-complete 'experiment chain -n s'",
        ),
    ],
)
def test_shells_complete(shell: str, script: str, ran: Project) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        [shell, "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["small"]
