"""``curifactory doctor``: what is wrong with a project, and what to do about it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from importlib.util import find_spec
from typing import Any

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.cli.runs.artifacts import METADATA_ENDING, read_metadata
from curifactory.cli.scaffold.ignoring import ignored_lines
from curifactory.cli.table import one_line, wrapped
from curifactory.cli.terminal import Colour, Terminal, byte_text, counted
from curifactory.config import Configuration, find_configuration_file, get_configuration
from curifactory.discovery import list_all, module_folder
from curifactory.environment import NO_COMMIT, NO_REPOSITORY, ask_git, is_alive
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.store import RunStore

_LITTLE_SPACE = 1_000_000_000
_MOST_NAMED = 5
_STAGING = ".curifactory-staging"


class Level(Enum):
    """How serious a finding is."""

    GOOD = ("ok", Colour.GREEN)
    NOTE = ("note", Colour.YELLOW)
    """To be known; works as it is."""
    WRONG = ("wrong", Colour.RED)


@dataclass(frozen=True)
class Finding:
    """What an examination found."""

    level: Level
    text: str
    advice: str = ""
    """What to do about it."""


Findings = Iterator[Finding]
good = partial(Finding, Level.GOOD)
note = partial(Finding, Level.NOTE)
wrong = partial(Finding, Level.WRONG)


def add_arguments(_parser: Parser) -> None:
    """Take nothing."""


def perform(_given: dict[str, Any], context: Context) -> int:
    """Check the project; the exit code is 1 if something is wrong."""
    return examine_project(context.out)


def examine_project(out: Terminal) -> int:
    """Show what is right and wrong with the project in the current directory.

    Returns
    -------
    int
        The exit code: 1 if something is wrong.

    """
    findings = []
    for finding in _examine():
        findings.append(finding)
        word, colour = finding.level.value
        first, *more = wrapped(f"{word:>5}  {one_line(finding.text)}", out.width, 7)
        out.line(f"{out.paint(first[:5], colour)}{first[5:]}")
        for line in more:
            out.line(line)
        if finding.advice:
            for line in wrapped(f"       → {finding.advice}", out.width, 9):
                out.line(line)
    count = sum(finding.level is Level.WRONG for finding in findings)
    out.line()
    if count:
        out.line(out.paint(f"{counted(count, 'thing')} to mend", Colour.RED, Colour.BOLD))
        return ExitCode.FAILED
    out.line(out.paint("nothing is wrong", Colour.GREEN))
    return ExitCode.COMPLETE


def _examine() -> Findings:
    try:
        configuration = get_configuration()
    except BadInputError as error:
        yield wrong(str(error), "mend the file; nothing else can be checked before")
        return
    examinations: list[Callable[[Configuration], Findings]] = [
        _configuration,
        _sources,
        _git,
        _folders,
        _programs,
        _cache,
        _leftovers,
        _runs,
    ]
    for examine in examinations:
        yield from examine(configuration)


def _configuration(_: Configuration) -> Findings:
    path = find_configuration_file()
    if path is None:
        yield note("there is no configuration, the defaults hold", "curifactory init")
    else:
        yield good(f"configuration {path}")


def _sources(configuration: Configuration) -> Findings:
    folder = module_folder(configuration, configuration.experiments_module_name)
    if not os.path.isdir(folder):
        advice = "make it, change experiments_module_name, or go to the project's folder"
        yield wrong(f"there is no folder {folder!r} with experiments", advice)
        return
    experiments, params = list_all(configuration)
    files = {file.path: file for file in (*experiments, *params)}
    broken = [file for file in files.values() if file.error]
    for file in broken:
        yield wrong(f"{file.path} cannot be read: {file.error}", "mend that line")
    if not broken:
        counts = f"{counted(len(experiments), 'experiment')} in {folder}"
        yield good(f"{counts}, {counted(len(params), 'file')} with parameter sets")


def _git(configuration: Configuration) -> Findings:
    if shutil.which("git") is None:
        yield note("there is no git, so that runs do not know their code", "install git")
        return
    facts = ask_git(configuration.root)
    if facts.commit == NO_REPOSITORY:
        yield note("this is no git repository, so that runs do not know their code", "git init")
        return
    if facts.commit == NO_COMMIT:
        yield note("git has no commit yet, so that runs do not know their code", "git commit")
    else:
        yield good(f"git, commit {facts.commit[:8]}{', with changes' if facts.dirty else ''}")
    lines = [line.strip("/").removesuffix("/*") for line in ignored_lines(configuration)]
    paths = [line for line in lines if not line.startswith(("!", "__pycache__"))]
    exposed = [path for path in paths if not _is_ignored(path, configuration.root)]
    if exposed:
        yield note(
            f"git does not ignore {', '.join(exposed)}: every run makes it dirty",
            "curifactory init adds what is missing to .gitignore",
        )


def _is_ignored(path: str, folder: str) -> bool:
    inside = f"{path}/any-file"
    command = ["git", "check-ignore", "--quiet", inside]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def _folders(configuration: Configuration) -> Findings:
    spaces = set()
    for key in ("manager_cache_path", "cache_path", "runs_path", "logs_path", "reports_path"):
        folder = configuration[key]
        existing = os.path.abspath(folder)
        while not os.path.lexists(existing):
            existing = os.path.dirname(existing)
        if not os.path.isdir(existing):
            yield wrong(f"{key} {folder!r} cannot be a folder: {existing!r} is a file", "move it")
        elif not os.access(existing, os.W_OK | os.X_OK):
            yield wrong(
                f"{key} {folder!r} cannot be written to", f"change {key}, or who may write there"
            )
        else:
            spaces.add((os.stat(existing).st_dev, existing))
    for existing in dict(sorted(spaces, reverse=True)).values():
        free = shutil.disk_usage(existing).free
        if free < _LITTLE_SPACE:
            yield wrong(f"only {byte_text(free)} are free in {_place(existing)}", "make room")
        else:
            yield good(f"{byte_text(free)} are free in {_place(existing)}")


def _place(folder: str) -> str:
    """Return ``folder`` as seen from the project, where it lies in it."""
    near = os.path.relpath(folder)
    if near == os.curdir:
        return "this folder"
    return folder if near.startswith(os.pardir) else near


def _programs(_: Configuration) -> Findings:
    for module, distribution, what in (
        ("curifactory.caching", "curifactory-cache", "cachers"),
        ("curifactory.reporting", "curifactory-report", "reports"),
    ):
        if not _is_installed(module):
            yield note(f"{distribution} is missing: no {what}", f"pip install {distribution}")
    if not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        yield note("neither VISUAL nor EDITOR names an editor for --notes", "export EDITOR=nano")
    if os.path.isdir("docker") and not any(map(shutil.which, ("docker", "podman"))):
        yield note(
            "there is no docker or podman for --docker",
            "install one, or use --docker-context and build elsewhere",
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _cache(configuration: Configuration) -> Findings:
    torn: list[str] = []
    corrupt: list[str] = []
    artifacts = 0
    for folder, names, files in os.walk(configuration.cache_path):
        corrupt += [os.path.join(folder, name) for name in (*names, *files) if _is_corrupt(name)]
        for name in files:
            if name.endswith(METADATA_ENDING):
                artifacts += 1
                problem = _problem(folder, name)
                torn += [problem] if problem else []
    advice = "remove the metadata file; the artifact is computed again when it is needed"
    for problem in torn[:_MOST_NAMED]:
        yield wrong(problem, advice)
    if len(torn) > _MOST_NAMED:
        yield wrong(f"{len(torn) - _MOST_NAMED} more artifacts are damaged in the same way", advice)
    if corrupt:
        shown = ", ".join(corrupt[:_MOST_NAMED]) + (", …" if len(corrupt) > _MOST_NAMED else "")
        yield wrong(
            f"{counted(len(corrupt), 'damaged file')} set aside in the cache: {shown}",
            "remove them; what they held is computed again when it is needed",
        )
    if not torn and not corrupt:
        yield good(f"cache {configuration.cache_path}, {counted(artifacts, 'artifact')}")


def _is_corrupt(name: str) -> bool:
    return name.endswith(".corrupt") or ".corrupt-" in name


def _problem(folder: str, name: str) -> str | None:
    """Return what is wrong with the artifact whose metadata this is; sizes alone are compared."""
    path = os.path.join(folder, name)
    metadata = read_metadata(path)
    if metadata is None:
        return f"the metadata {path} is damaged"
    files = metadata.get("files")
    for file, facts in files.items() if isinstance(files, dict) else ():
        stored = os.path.join(folder, file)
        try:
            size = os.path.getsize(stored)
        except OSError:
            return f"{stored} is missing, which {path} tells of"
        if not os.path.isdir(stored) and size != facts.get("size", size):
            return f"{stored} has {size} bytes instead of {facts['size']}"
    return None


def _leftovers(configuration: Configuration) -> Findings:
    places = (configuration.manager_cache_path, configuration.cache_path)
    roots = {os.path.realpath(os.path.join(place, _STAGING)) for place in places}
    for root in sorted(roots):
        try:
            names = os.listdir(root)
        except OSError:
            continue
        dead = [name for name in names if name.count("-") >= 2 and not is_alive(name)]
        if dead:
            yield wrong(
                f"{counted(len(dead), 'killed process')} left half-written artifacts in {root}",
                "the next run removes them; or remove "
                + ", ".join(dead[:_MOST_NAMED])
                + " in it by hand",
            )


def _runs(configuration: Configuration) -> Findings:
    store = RunStore(configuration.manager_cache_path)
    runs = store.runs()
    gone = [run for run in runs if run["status"] == "interrupted" and not run["closed"]]
    for run in gone[-_MOST_NAMED:]:
        name = f"{run['experiment_name']}/{run['run_number']}"
        yield wrong(
            f"run {name} was killed before it ended",
            f"run it again with '{run['cli']}', what it had stored is used; "
            f"or 'curifactory runs rm {name}'",
        )
    if len(gone) > _MOST_NAMED:
        yield wrong(
            f"{len(gone) - _MOST_NAMED} more runs were killed",
            "'curifactory runs ls --status interrupted' lists them",
        )
    if not gone:
        yield good(f"{counted(len(runs), 'recorded run')}")
