"""Facts about the surroundings of a run, asked once."""

import os
import sys
from dataclasses import dataclass

NO_REPOSITORY = "No git repository found"


@dataclass(frozen=True, slots=True)
class GitFacts:
    """The state of a git repository."""

    commit: str = NO_REPOSITORY
    """Full hash of the commit."""
    dirty: bool = True
    """Whether anything is staged, changed or untracked; ``True`` outside a repository."""


def ask_git(folder: str = ".") -> GitFacts:
    """Return the commit and cleanliness of the repository that ``folder`` lies in."""
    import subprocess  # slow to import, and not needed where nothing is recorded

    try:
        process = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch"],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:  # no git program: the same as no repository
        return GitFacts()
    if process.returncode != 0:
        return GitFacts()
    lines = process.stdout.decode(errors="replace").splitlines()
    commit = next(line.split()[-1] for line in lines if line.startswith("# branch.oid "))
    dirty = any(not line.startswith("#") for line in lines)
    return GitFacts("No commit yet" if commit == "(initial)" else commit, dirty)


def hostname() -> str:
    """Return this machine's name."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "localhost")


def is_interactive() -> bool:
    """Tell whether a person types at this interpreter, as in a notebook or a REPL."""
    return hasattr(sys, "ps1") or "ipykernel" in sys.modules


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
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return "0"
