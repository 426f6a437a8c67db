"""Which files of a project go into an image: what git tracks, and nothing that is a secret."""

import fnmatch
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from curifactory.config import Configuration
from curifactory.environment import is_secret
from curifactory.exceptions import BadInputError

_MOST_NAMED = 5
_IGNORE_FILES = (".dockerignore", ".containerignore")
"""What these leave out of images built by hand has been left out already, and more than that."""
_WITHOUT_GIT = (
    "*.py",
    "*.ipynb",
    "*.md",
    "curifactory_config.json",
    "pyproject.toml",
    "setup.cfg",
    "requirements*.txt",
)
"""What is taken where no git says what belongs to the project."""


@dataclass(frozen=True)
class ProjectFiles:
    """Files of a project, by their paths from its folder, with forward slashes."""

    root: str
    """The project's folder."""
    taken: tuple[str, ...]
    withheld: tuple[str, ...]
    """What git tracks and is left out all the same: secrets, and what git is told to ignore."""
    tracked: bool
    """Whether git says what belongs to the project."""


def find_project_files(configuration: Configuration) -> ProjectFiles:
    """Return which files of the project go into an image.

    That is what git tracks. Where there is no git it is Python files, notebooks, Markdown and the
    usual files of settings. What runs leave behind, ignored files and secrets are left out.

    Raises
    ------
    BadInputError
        If git cannot tell which files it tracks.

    """
    root = os.path.realpath(configuration.root)
    names = _tracked(root)
    tracked = names is not None
    found = list(_without_git(root)) if names is None else names
    generated = _generated(configuration, root)
    own = [name for name in found if not _is_below(name, generated) and _is_wanted(name)]
    withheld = {name for name in own if is_secret(name)}
    if tracked:
        withheld |= _ignored(root, own)
    taken = [name for name in own if name not in withheld]
    return ProjectFiles(root, tuple(sorted(taken)), tuple(sorted(withheld)), tracked)


def require_loaded_files(files: ProjectFiles) -> None:
    """Make sure that all modules of the project that have been imported go into the image.

    Raises
    ------
    BadInputError
        If one does not; the image's notebook could not run the experiment.

    """
    missing = sorted(set(_loaded(files.root)) - set(files.taken))
    if not missing:
        return
    hint = "Make a git repository, whose tracked files are taken"
    if files.tracked:
        hint = "'git add' them, which need not commit them, and run again"
    if not set(files.withheld).isdisjoint(missing):
        hint = "They count as secret or ignored: give them other names, or let git not ignore them"
    names = ", ".join(missing[:_MOST_NAMED]) + (", ..." if missing[_MOST_NAMED:] else "")
    raise BadInputError(f"the image would miss files that the experiment imports: {names}. {hint}.")


def _loaded(root: str) -> Iterator[str]:
    """Yield the files of imported modules below the project's folder, installed ones left out."""
    prefixes = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if (
            name == "__main__"
            or not isinstance(path, str)
            or "site-packages" in path
            or not path.endswith(".py")
        ):
            continue
        full = os.path.realpath(path)
        if any(full.startswith(f"{prefix}{os.sep}") for prefix in prefixes):
            continue
        if full.startswith(f"{root}{os.sep}"):
            yield os.path.relpath(full, root).replace(os.sep, "/")


def _tracked(root: str) -> list[str] | None:
    """Return what git tracks below ``root``; ``None`` where there is no repository or no git."""
    answer = _git(root, "rev-parse", "--is-inside-work-tree")
    if answer is None or answer.strip() != b"true":
        return None
    listed = _git(root, "ls-files", "-z", "--cached", "--recurse-submodules")
    if listed is None:
        raise BadInputError(
            f"git cannot tell which files of {root!r} it tracks: see 'git ls-files' there."
        )
    return _names(listed)


def _ignored(root: str, names: Iterable[str]) -> set[str]:
    """Return those of ``names`` that git is told to ignore, although it tracks them."""
    text = "\0".join(names).encode("utf-8", "surrogateescape")
    listed = _git(root, "check-ignore", "--no-index", "-z", "--stdin", given=text)
    return set(_names(listed or b""))


def _names(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _git(root: str, *arguments: str, given: bytes = b"") -> bytes | None:
    """Return what a git command prints, ``None`` if it fails or there is no git."""
    try:
        process = subprocess.run(
            ["git", *arguments], cwd=root, input=given, capture_output=True, check=False
        )
    except OSError:
        return None
    return process.stdout if process.returncode == 0 else None


def _without_git(root: str) -> Iterator[str]:
    """Yield the files that belong to a project by their names, of folders that are its own."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if _is_own_folder(os.path.join(folder, name))]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
            of_image = path.startswith("docker/")
            if of_image or any(fnmatch.fnmatchcase(name, wanted) for wanted in _WITHOUT_GIT):
                yield path


def _is_own_folder(path: str) -> bool:
    name = os.path.basename(path)
    made = name.startswith(".") or name in {"__pycache__", "node_modules", "build", "dist"}
    return not (made or os.path.exists(os.path.join(path, "pyvenv.cfg")))


def _generated(configuration: Configuration, root: str) -> list[str]:
    """Return the folders and files that runs write, from the project's folder."""
    data = configuration.manager_cache_path
    paths = [
        configuration.cache_path,
        configuration.runs_path,
        configuration.logs_path,
        configuration.reports_path,
        os.path.join(configuration.notebooks_path, "experiments"),
        *(os.path.join(data, name) for name in ("store", "store.json", "code")),
    ]
    found = [os.path.relpath(os.path.realpath(path), root) for path in paths]
    return [path.replace(os.sep, "/") for path in found if path != "."]


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


def _is_wanted(name: str) -> bool:
    return name not in _IGNORE_FILES and not name.lower().endswith("dockerfile.dockerignore")
