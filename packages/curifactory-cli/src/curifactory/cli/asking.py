"""Questions to the user, asked on the terminal."""

from collections.abc import Callable
from typing import Protocol

from curifactory.cli.terminal import Terminal
from curifactory.exceptions import BadInputError

_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no"})


class Asker(Protocol):
    """Gives the answers to questions."""

    def text(self, question: str, default: str, check: Callable[[str], str]) -> str:
        """Return an answer that ``check`` accepts, as it returns it."""

    def yes(self, question: str, *, default: bool) -> bool:
        """Return the answer to a yes-or-no question."""


class Questions:
    """Asks somebody; an answer that makes no sense is asked for again, with what is wrong.

    Raises
    ------
    BadInputError
        By every question, if there is nobody to answer.

    """

    def __init__(self, out: Terminal, read: Callable[[], str] = input) -> None:
        self.out = out
        """Where the questions are shown."""
        self._read = read

    def text(self, question: str, default: str, check: Callable[[str], str]) -> str:
        """Return an answer that ``check`` accepts; ``default`` for an empty one."""
        while True:
            answer = self._ask(f"{question} [{default}]: ")
            try:
                return check(answer or default)
            except BadInputError as error:
                self.out.line(f"  {error}")

    def yes(self, question: str, *, default: bool) -> bool:
        """Return whether the answer is yes; ``default`` for an empty one."""
        choices = "Y/n" if default else "y/N"
        while True:
            answer = self._ask(f"{question} [{choices}] ").lower()
            if answer in _YES | _NO or not answer:
                return answer in _YES if answer else default
            self.out.line(f"  {answer!r} is no answer; type y or n.")

    def _ask(self, prompt: str) -> str:
        self.out.write(prompt)
        try:
            return self._read().strip()
        except (EOFError, UnicodeDecodeError):
            self.out.line()
            raise BadInputError(
                "nobody answers here; give --yes to go on without questions."
            ) from None


class Defaults:
    """Answers every question with what it proposes, without asking."""

    def text(self, question: str, default: str, check: Callable[[str], str]) -> str:
        """Return the default.

        Raises
        ------
        BadInputError
            If ``check`` refuses it.

        """
        return check(default)

    def yes(self, question: str, *, default: bool) -> bool:
        """Return the default."""
        return default
