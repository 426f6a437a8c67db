"""Letting a shell know how to complete."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curifactory.cli.commands import Context
from curifactory.cli.parser import Parser
from curifactory.cli.terminal import Terminal
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.paths import write_atomically

_PROGRAMS = "experiment curifactory"
_MARK = "register-python-argcomplete"


@dataclass(frozen=True)
class Shell:
    """What a shell needs to complete."""

    name: str
    file: str
    """Where it reads it from, with the user's folder as ``~``."""
    text: str


SHELLS: Mapping[str, Shell] = {
    shell.name: shell
    for shell in (
        Shell("bash", "~/.bashrc", f'eval "$({_MARK} {_PROGRAMS})"\n'),
        Shell(
            "zsh",
            "~/.zshrc",
            "autoload -U compinit && compinit\n" + f'eval "$({_MARK} {_PROGRAMS})"\n',
        ),
        Shell(
            "fish",
            "~/.config/fish/completions/experiment.fish",
            "".join(f"{_MARK} --shell fish {each} | source\n" for each in _PROGRAMS.split()),
        ),
    )
}


def add_arguments(parser: Parser) -> None:
    """Declare the shells."""
    parser.description = (
        "Let the tab key complete experiments, parameter files, names, stages, runs and options.\n"
        "Without --install, show what to do for the shell."
    )
    group = parser.add_mutually_exclusive_group()
    for name in SHELLS:
        group.add_argument(f"--{name}", action="store_true", help=f"for {name}")
    parser.add_argument(
        "--install", action="store_true", help="write it where the shell reads it, once"
    )


def perform(given: dict[str, Any], context: Context) -> int:
    """Show or install the completion of a shell."""
    named = next((name for name in SHELLS if name in given), None)
    return complete_shell(named, install="install" in given, out=context.out)


def complete_shell(name: str | None, *, install: bool, out: Terminal) -> int:
    """Show what a shell needs to complete, or write it where the shell reads it.

    Parameters
    ----------
    name
        One of :data:`SHELLS`; ``None`` for the one that ``$SHELL`` names.
    install
        Write it, unless it is there already.
    out
        Where to say what was done.

    Raises
    ------
    BadInputError
        If there is no such shell, or its file cannot be written.

    """
    shell = SHELLS.get(name or os.path.basename(os.environ.get("SHELL", "")))
    if shell is None:
        raise BadInputError(
            "which shell? Name one with --bash, --zsh or --fish; $SHELL names none of them."
        )
    if not install:
        out.line(f"# {shell.name}: add this to {shell.file}, or use --install")
        out.line(shell.text.rstrip("\n"))
        return ExitCode.COMPLETE
    path = os.path.expanduser(shell.file)
    try:
        done = _add(path, shell.text)
    except OSError as error:
        raise BadInputError(f"{path!r} cannot be written: {error.strerror}.") from error
    if done:
        out.line(f"added to {shell.file}; new terminals complete 'experiment' and 'curifactory'")
    else:
        out.line(f"{shell.file} has it already")
    return ExitCode.COMPLETE


def _add(path: str, text: str) -> bool:
    """Append ``text`` to a file, unless it registers the programs already; tell whether."""
    path = os.path.realpath(path)  # a link to a file kept elsewhere stays one
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path, "rb") as file:
            before = file.read()
    except FileNotFoundError:
        before = b""
    lines = [line.strip() for line in before.decode(errors="replace").splitlines()]
    registered = (line for line in lines if _MARK in line and not line.startswith("#"))
    if any("experiment" in line for line in registered):
        return False
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    if before:
        gap += b"\n"
    write_atomically(path, before + gap + b"# curifactory: completion\n" + text.encode())
    return True
