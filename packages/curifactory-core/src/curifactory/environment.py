"""Facts about the surroundings of a run, asked once."""

import os
import sys
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NO_REPOSITORY = "No git repository found"
NO_COMMIT = "No commit yet"
_LONGEST_DIFFERENCE = 1024 * 1024
SECRETS = (
    ".env",
    ".env.*",
    ".envrc",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.kdbx",
    "*.keytab",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials",
    "credentials.*",
    "secrets",
    "secrets.*",
)
"""Names of files, or of folders, that are never taken, in whatever case."""
_NOT_SECRET = ("*.py", "*.example", "*.sample", "*.template")
_SECRET_FOLDERS = (".git", ".ssh", ".aws", ".gnupg", ".kube", ".docker")


class GitFacts(NamedTuple):
    """The state of a git repository."""

    commit: str = NO_REPOSITORY
    """Full hash of the commit."""
    dirty: bool = True
    """Whether anything is staged, changed or untracked; ``True`` outside a repository."""

    @property
    def may_differ(self) -> bool:
        """Whether there is a commit and something may differ from it."""
        return self.dirty and self.commit not in (NO_REPOSITORY, NO_COMMIT)


def ask_git(folder: str = ".") -> GitFacts:
    """Return the commit and cleanliness of the repository that ``folder`` lies in."""
    inside = "GIT_DIR" in os.environ or _is_below_git_folder(folder)
    output = _git(folder, "status", "--porcelain=v2", "--branch") if inside else None
    if output is None:
        return GitFacts()
    lines = output.splitlines()
    commit = next(line.split()[-1] for line in lines if line.startswith("# branch.oid "))
    dirty = any(not line.startswith("#") for line in lines)
    return GitFacts(NO_COMMIT if commit == "(initial)" else commit, dirty)


def _is_below_git_folder(folder: str) -> bool:
    """Tell whether git, which takes a while to start, may find a repository."""
    place = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(place, ".git")):
        above = os.path.dirname(place)
        if above == place:
            return False
        place = above
    return True


def ask_git_difference(folder: str = ".") -> str:
    """Return what differs from the commit, as a patch of at most a mebibyte.

    Files that are not tracked, and secrets, are left out. Empty outside a repository and where
    there is no commit yet.
    """
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    output = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", *prefixes) or ""
    output = _without_secrets(output)
    if len(output) <= _LONGEST_DIFFERENCE:
        return output
    return f"{output[:_LONGEST_DIFFERENCE]}\n[cut: the patch has {len(output)} characters]\n"


def _without_secrets(patch: str) -> str:
    """Return ``patch`` with the names alone of files that look like secrets."""
    import re

    kept = []
    for part in re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE):
        header = part.partition("\n")[0]
        names = re.findall(r'(?<= )"?[ab]/(.+?)"?(?= "?b/|$)', header)
        left_out = next(filter(is_secret, names), None)
        kept.append(part if left_out is None else f"[left out, as a secret: {left_out}]\n")
    return "".join(kept)


def is_secret(name: str) -> bool:
    """Tell whether a path, with forward slashes, is that of a secret by the names in it."""
    from fnmatch import fnmatchcase

    def matches(part: str, patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(part, pattern) for pattern in patterns)

    *folders, last = name.lower().split("/")
    if any(folder in _SECRET_FOLDERS for folder in folders):
        return True
    parts = [part for part in (*folders, last) if not matches(part, _NOT_SECRET)]
    return any(matches(part, SECRETS) for part in parts)


def _git(folder: str, *arguments: str) -> str | None:
    """Return what a git command prints, ``None`` if it fails or there is no git."""
    import subprocess  # slow to import, and not needed where nothing is recorded

    try:
        process = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:  # no git program: the same as no repository
        return None
    return process.stdout.decode(errors="replace") if process.returncode == 0 else None


def python_facts() -> dict[str, Any]:
    """Return the versions of Python and of every installed distribution, and seeds that are set."""
    return {
        "python": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "machine": os.uname().machine if hasattr(os, "uname") else "",
        "hash_seed": os.environ.get("PYTHONHASHSEED"),
        "seeds": seeds_set(),
        "packages": installed_versions(),
    }


def seeds_set() -> dict[str, int]:
    """Return the environment variables that set a seed: whole numbers named ``...SEED``."""
    return {
        name: int(value)
        for name, value in sorted(os.environ.items())
        if name.upper().endswith("SEED") and value.isascii() and value.isdigit()
    }


def installed_versions() -> dict[str, str]:
    """Return ``{distribution: version}``, read from the names of their metadata folders."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:  # zip files, and folders that are gone
            continue
        for name in names:
            if name.endswith(".dist-info"):
                distribution, dash, version = name.removesuffix(".dist-info").partition("-")
                if dash:
                    found.setdefault(distribution, version)
    return dict(sorted(found.items()))


def installed_version(distribution: str) -> str:
    """Return the version of an installed distribution, as its metadata says.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If it is not installed.

    """
    stem = f"{distribution.replace('-', '_')}-"
    for folder in sys.path:
        with suppress(OSError):  # zip files, and what is not as it should be
            for name in os.listdir(folder or "."):
                if name.startswith(stem) and name.endswith(".dist-info"):
                    return _version_in(os.path.join(folder, name, "METADATA"))
    from importlib.metadata import version  # slow to import, finds all others

    return version(distribution)


def _version_in(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.lower() == "version":
                return value.strip()
    raise FileNotFoundError(f"{path} has no version")


def active_conda_environment() -> str | None:
    """Return the name of the conda environment that is active, or ``None``."""
    return os.environ.get("CONDA_DEFAULT_ENV")


def peak_memory() -> int | None:
    """Return the most memory this process has held so far, in bytes; ``None`` if not known."""
    usage = _usage()
    if usage is None:
        return None
    peak: int = usage().ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@lru_cache(maxsize=1)
def _usage() -> "Callable[[], Any] | None":
    """Return what asks the system what this process uses."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return partial(resource.getrusage, resource.RUSAGE_SELF)


def operating_system() -> str:
    """Return the name and version of the operating system."""
    if not hasattr(os, "uname"):
        return sys.platform
    facts = os.uname()
    return f"{facts.sysname} {facts.release}"


def hostname() -> str:
    """Return this machine's name."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "localhost")


def is_interactive() -> bool:
    """Tell whether a person types at this interpreter, as in a notebook or a REPL."""
    if hasattr(sys, "ps1"):
        return True
    ipython = sys.modules.get("IPython")  # imported by many a program that nobody types at
    return ipython is not None and ipython.get_ipython() is not None


def process_name() -> str:
    """Return a name for this process that no other one has: host, number and start time."""
    return f"{hostname()}-{os.getpid()}-{_start_time(os.getpid())}"


def is_alive(name: str) -> bool:
    """Tell whether the process of :func:`process_name` ``name`` may still be there.

    Processes of other hosts count as alive: nothing here can tell.
    """
    host, number, start = name.rsplit("-", 2)
    if host != hostname() or not number.isdigit():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process
        return True
    return _start_time(int(number)) == start


def _start_time(number: int) -> str:
    """Return when a process started, in the kernel's units; ``"0"`` where nothing tells."""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except OSError:
        return "0"
