"""Notes about a run, written in the user's editor."""

import os
import shlex
import shutil
import subprocess
import tempfile

from curifactory.exceptions import BadInputError

_EDITORS = ("vim", "nvim", "emacs", "nano", "vi", "notepad")
_TEMPLATE = """

# Notes about this run of {experiment}. The first line is shown in the index of
# reports, all of them in the report. Lines that begin with # are left out.
"""


def ask_for_notes(experiment: str) -> str | None:
    """Return what the user writes in an editor, ``None`` if that is nothing.

    The editor is the command in ``$VISUAL`` or ``$EDITOR``, or the first of some well-known ones
    that is installed. It is started without a shell, on a file that only the user can read and
    that is removed afterwards.

    Raises
    ------
    BadInputError
        If there is no editor, or it ends with an error.

    """
    command = _editor()
    handle, path = tempfile.mkstemp(prefix="curifactory-notes-", suffix=".txt", text=True)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(_TEMPLATE.format(experiment=experiment))
        _edit(command, path)
        with open(path, encoding="utf-8") as file:
            return clean_notes(file.read()) or None
    finally:
        os.unlink(path)


def _editor() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        command = os.environ.get(variable, "").strip()
        if command:
            try:
                return shlex.split(command)
            except ValueError as error:
                raise BadInputError(f"${variable} is no command: {command!r} ({error}).") from error
    for name in _EDITORS:
        found = shutil.which(name)
        if found:
            return [found]
    raise BadInputError(
        "there is no editor to write notes in; name one in $EDITOR, or write --notes TEXT."
    )


def _edit(command: list[str], path: str) -> None:
    try:
        code = subprocess.run([*command, path], check=False).returncode
    except OSError as error:
        raise BadInputError(
            f"the editor {command[0]!r} cannot be started: {error.strerror}. Name another one in "
            "$EDITOR, or write --notes TEXT."
        ) from error
    if code != 0:
        raise BadInputError(
            f"the editor {command[0]!r} ended with code {code}; nothing was run. Write "
            "--notes TEXT, or name another editor in $EDITOR."
        )


def clean_notes(text: str) -> str:
    """Return ``text`` without lines that begin with ``#`` and without space around it."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
