import sys
from collections.abc import Callable, Iterator

import pytest

from curifactory.cli.asking import Defaults, Questions
from curifactory.cli.terminal import Terminal
from curifactory.exceptions import BadInputError


def questions(*answers: str) -> Questions:
    given: Iterator[str] = iter(answers)

    def read() -> str:
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    return Questions(Terminal(sys.stdout), read)


def digits(text: str) -> str:
    if not text.isdigit():
        raise BadInputError(f"{text!r} is no number.")
    return text.lstrip("0")


@pytest.mark.parametrize(("answer", "value"), [("", "7"), ("  ", "7"), (" 08 ", "8")])
def test_an_empty_answer_means_the_default(answer: str, value: str) -> None:
    assert questions(answer).text("How many?", "7", digits) == value


def test_an_answer_that_makes_no_sense_is_asked_for_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert questions("many", "3").text("How many?", "7", digits) == "3"
    assert capsys.readouterr().out == "How many? [7]:   'many' is no number.\nHow many? [7]: "


@pytest.mark.parametrize(
    ("answers", "default", "value"),
    [
        (["y"], False, True),
        (["YES"], False, True),
        (["n"], True, False),
        ([""], True, True),
        ([""], False, False),
        (["maybe", "no"], True, False),
    ],
)
def test_yes_and_no_are_understood(answers: list[str], default: bool, value: bool) -> None:
    assert questions(*answers).yes("Sure?", default=default) is value


@pytest.mark.parametrize(
    "ask",
    [
        lambda asker: asker.text("How many?", "7", digits),
        lambda asker: asker.yes("Sure?", default=True),
    ],
    ids=["text", "yes"],
)
def test_where_nobody_answers_the_way_out_is_named(ask: Callable[[Questions], object]) -> None:
    with pytest.raises(BadInputError, match="give --yes"):
        ask(questions())


def test_defaults_are_checked_as_well() -> None:
    assert Defaults().text("How many?", "07", digits) == "7"
    with pytest.raises(BadInputError):
        Defaults().text("How many?", "many", digits)
