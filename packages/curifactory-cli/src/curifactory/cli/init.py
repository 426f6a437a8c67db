"""``curifactory init``: a project in this folder, as its answers say."""

import difflib
import keyword
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from curifactory.cli.asking import Asker
from curifactory.cli.scaffold import Parts, project_files, project_folders
from curifactory.cli.scaffold.ignoring import ignored_lines, with_ignored
from curifactory.cli.terminal import Colour, Terminal, warn
from curifactory.config import (
    FILE_NAME,
    KEYS,
    Configuration,
    OnStale,
    find_configuration_file,
    get_configuration,
)
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.paths import write_atomically
from curifactory.plugins import EXPORTERS, find

SWITCHES = ("example", "docker", "git", "gitignore")
"""What ``--set`` can say yes or no to, besides the keys of the configuration."""
_QUESTIONS = {
    "experiments_module_name": "Module with the experiments (dots for sub-folders)",
    "params_module_name": "Module with the parameter files",
    "manager_cache_path": "Folder for data (cache and runs go below it)",
    "logs_path": "Folder for logs",
    "notebooks_path": "Folder for notebooks",
    "reports_path": "Folder for reports",
}
_SETTABLE = tuple(key for key in KEYS if key != "executors")
"""Keys whose values are texts."""
_DERIVED = {
    "cache_path": ("manager_cache_path", "cache"),
    "runs_path": ("manager_cache_path", "runs"),
    "report_css_path": ("reports_path", "style.css"),
}
"""Key -> the key it follows, and the name below it."""


@dataclass(frozen=True)
class Write:
    """A file that is to be written."""

    path: str
    content: bytes
    verb: str


def make_project(settings: Mapping[str, str], asker: Asker, out: Terminal, err: Terminal) -> int:
    """Make the folders and files of a project in the current directory.

    Everything is asked before anything is written. A file that is there is changed only if
    ``asker`` agrees.

    Parameters
    ----------
    settings
        Answers given beforehand: keys of the configuration, and ``yes`` or ``no`` to
        :data:`SWITCHES`.
    asker
        Answers what ``settings`` do not.
    out, err
        Where to say what was done, and what is to be known.

    Raises
    ------
    BadInputError
        If a setting makes no sense, or nobody answers.

    """
    _check_settings(settings)
    configuration = _ask_configuration(settings, asker, err)
    answer = _Switches(settings, asker)
    docker = answer.yes("docker", "Add a docker folder, for exporting runs as images?", True)
    example = answer.yes("example", "Add a first experiment and a parameter file?", True)
    git = not os.path.exists(".git") and answer.yes("git", "Run git init here?", False)
    gitignore = answer.yes("gitignore", "Let git ignore what is generated?", True)
    parts = Parts(example=example, docker=docker)
    files = project_files(configuration, parts, version("curifactory-cli"))
    writes = _plan(files, asker, out)
    if gitignore:
        writes += _plan_gitignore(configuration)

    if git:
        _run_git_init(out)
    for folder in project_folders(configuration):
        _make_folder(folder, out)
    for write in writes:
        _write(write, out)
    _write_style(configuration, out, err)
    _say_what_next(example=example, out=out)
    return ExitCode.COMPLETE


def _check_settings(settings: Mapping[str, str]) -> None:
    known = (*_SETTABLE, *SWITCHES)
    for key, value in settings.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise BadInputError(
                f"--set {key}={value}: there is no {key!r}. {hint}There is {', '.join(known)}."
            )
        if key in SWITCHES and value not in {"yes", "no"}:
            raise BadInputError(f"--set {key}={value}: it can be 'yes' or 'no'.")
        if key in _SETTABLE:
            try:
                _CHECKS[key](value)
            except BadInputError as error:
                raise BadInputError(f"--set {key}={value}: {error}") from error


class _Switches:
    """Yes-or-no questions, some answered beforehand."""

    def __init__(self, settings: Mapping[str, str], asker: Asker) -> None:
        self._settings = settings
        self._asker = asker

    def yes(self, key: str, question: str, default: bool) -> bool:
        if key in self._settings:
            return self._settings[key] == "yes"
        return self._asker.yes(question, default=default)


def _ask_configuration(settings: Mapping[str, str], asker: Asker, err: Terminal) -> Configuration:
    """Return the configuration that was asked for; what is there already is proposed."""
    found = find_configuration_file()
    if found is not None and not os.path.isfile(FILE_NAME):
        warn(err, f"this folder lies in the project of {found!r}; it becomes a project of its own.")
        found = None
    before = Configuration(on_stale=OnStale.RERUN.value) if found is None else get_configuration()
    values = {key: before[key] for key in KEYS}
    for key, question in _QUESTIONS.items():
        if key in settings:
            values[key] = _CHECKS[key](settings[key])
        else:
            values[key] = asker.text(question, before[key], _CHECKS[key])
    for key, (owner, name) in _DERIVED.items():
        if values[owner] != before[owner]:
            values[key] = f"{values[owner].rstrip('/')}/{name}"
    values |= {key: _CHECKS[key](settings[key]) for key in settings if key in KEYS}
    return before.updated(values)


def _check_module(value: str) -> str:
    for part in value.split("."):
        if not part.isidentifier() or keyword.iskeyword(part):
            raise BadInputError(
                f"{value!r} is no name of a module; write words of letters, digits and _, with "
                "dots between them, such as 'experiments' or 'src.experiments'."
            )
    return value


def _check_path(value: str) -> str:
    if not value or not value.isprintable():
        raise BadInputError(f"{value!r} is no path.")
    path = os.path.expanduser(value)
    if os.path.abspath(path) == os.path.abspath("."):
        raise BadInputError(f"{value!r} is the project's folder itself; name one below it.")
    return path


def _check_folder(value: str) -> str:
    path = _check_path(value)
    _require_possible(path, value)
    return path


def _require_possible(folder: str, value: str) -> None:
    """Make sure that there is a folder, or that one can be made."""
    part = os.path.abspath(folder)
    while not os.path.lexists(part):
        part = os.path.dirname(part)
    if not os.path.isdir(part):
        raise BadInputError(f"{value!r} is not possible: {os.path.relpath(part)!r} is a file.")


def _check_file(value: str) -> str:
    path = _check_path(value)
    if os.path.isdir(path):
        raise BadInputError(f"{value!r} is a folder; name a file.")
    _require_possible(os.path.dirname(path) or ".", value)
    return path


def _check_policy(value: str) -> str:
    choices = [choice.value for choice in OnStale]
    if value not in choices:
        raise BadInputError(f"on_stale is one of {', '.join(choices)}, not {value!r}.")
    return value


_CHECKS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(_SETTABLE, _check_folder),
    "experiments_module_name": _check_module,
    "params_module_name": _check_module,
    "report_css_path": _check_file,
    "on_stale": _check_policy,
}


def _plan(files: Mapping[str, str], asker: Asker, out: Terminal) -> list[Write]:
    """Return the files to write: new ones, and those whose change is agreed to."""
    writes = []
    for path, text in files.items():
        content = text.encode()
        before = _content(path)
        if before is None:
            writes.append(Write(path, content, "wrote"))
        elif before != content and _agrees(path, before, content, asker, out):
            writes.append(Write(path, content, "changed"))
    return writes


def _agrees(path: str, before: bytes, after: bytes, asker: Asker, out: Terminal) -> bool:
    """Ask whether a file may be changed; the configuration was just asked for and is proposed."""
    changes = difflib.unified_diff(
        before.decode(errors="replace").splitlines(), after.decode().splitlines(), lineterm="", n=0
    )
    out.line(f"{path} is there already and differs:")
    for line in list(changes)[2:]:
        if not line.startswith("@@"):
            out.line(f"  {line}")
    agreed = asker.yes(f"Change {path}?", default=path == FILE_NAME)
    if not agreed:
        out.line(f"left {path} as it is")
    return agreed


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInputError(f"{path!r} is in the way: {error.strerror}.") from error


def _plan_gitignore(configuration: Configuration) -> list[Write]:
    path = ".gitignore"
    before = (_content(path) or b"").decode("utf-8", "surrogateescape")
    after = with_ignored(before, ignored_lines(configuration))
    if after == before:
        return []
    verb = "added to" if before else "wrote"
    return [Write(path, after.encode("utf-8", "surrogateescape"), verb)]


def _run_git_init(out: Terminal) -> None:
    try:
        done = subprocess.run(
            ["git", "init", "--quiet"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise BadInputError(
            f"git cannot be started: {error.strerror}. Install it first."
        ) from error
    if done.returncode:
        raise BadInputError(f"git init failed: {done.stderr.decode(errors='replace').strip()}")
    out.line("made a git repository")


def _make_folder(folder: str, out: Terminal) -> None:
    if not os.path.isdir(folder):
        try:
            os.makedirs(folder)
        except OSError as error:
            raise BadInputError(f"folder {folder!r} cannot be made: {error.strerror}.") from error
        out.line(f"made {folder.rstrip('/')}/")


def _write(write: Write, out: Terminal) -> None:
    folder = os.path.dirname(write.path)
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
        write_atomically(write.path, write.content)
        if write.path.endswith(".sh"):
            os.chmod(write.path, 0o755)  # noqa: S103 - a script that everybody may run
    except OSError as error:
        raise BadInputError(f"{write.path!r} cannot be written: {error.strerror}.") from error
    out.line(f"{write.verb} {write.path}")


def _write_style(configuration: Configuration, out: Terminal, err: Terminal) -> None:
    """Write the index of reports and its style sheet, where there are none."""
    style = os.path.join(configuration.reports_path, "style.css")
    if os.path.exists(style):
        return
    source = find(EXPORTERS, "report")
    if source is None:
        warn(err, "there are no reports without 'curifactory-report'; install it for them.")
        return
    source().update_index(configuration.reports_path, configuration.report_css_path)
    out.line(f"wrote {style}")


def _say_what_next(*, example: bool, out: Terminal) -> None:
    commands: Sequence[tuple[str, str]] = [
        ("experiment example", "runs it"),
        ("experiment example -p more_rates", "runs it with other parameters"),
        ("experiment reports", "shows the reports"),
    ]
    out.line()
    out.line(out.paint("The project is ready.", Colour.GREEN))
    for command, what in commands if example else [("experiment ls", "lists what there is to run")]:
        out.line(f"  {command:<34}{what}")
