"""Words read by what a command declares."""

from typing import Any

import pytest

from curifactory.cli.arguments import CommandLineError, Parser, UnfitError


def number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UnfitError(f"{word!r} is no number") from None


def make() -> Parser:
    parser = Parser("program", "It does things.", "examples:\n  program x")
    parser.add_argument("name", nargs="?")
    parser.add_argument("-n", "--names", action="append")
    parser.add_argument("-c", "--count", type=number)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("-s", "--store", action="store_true")
    parser.add_argument("--notes", nargs="?", const=True)
    parser.add_argument("--by", choices=("stage", "run"), default="stage")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true")
    forms.add_argument("--csv", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("", {}),
        ("iris", {"name": "iris"}),
        ("-n a iris --names=b", {"name": "iris", "names": ["a", "b"]}),
        ("-na -n=b", {"names": ["a", "b"]}),
        ("-vs iris", {"verbose": True, "store": True, "name": "iris"}),
        ("-vc 3", {"verbose": True, "count": 3}),
        ("-c -3 iris", {"count": -3, "name": "iris"}),
        ("--notes -v", {"notes": True, "verbose": True}),
        ("--notes=a=b", {"notes": "a=b"}),
        ("--notes=", {"notes": ""}),
        ("-v -- -x", {"verbose": True, "name": "-x"}),
        ("-", {"name": "-"}),
        ("--by run --json", {"by": "run", "json": True}),
        ("--help --nothing -c", {"help": True}),
    ],
)
def test_words_are_read(words: str, given: dict[str, Any]) -> None:
    expected = given if "help" in given else {"by": "stage", **given}

    assert make().parse_words(words.split()) == expected


def test_a_text_with_spaces_is_a_value_whatever_it_begins_with() -> None:
    assert make().parse_words(["--notes", "- a list"])["notes"] == "- a list"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a b", "unexpected argument 'b'. See 'program --help'."),
        ("--coun 3", "unknown option '--coun'. Did you mean '--count'? See 'program --help'."),
        ("-x", "unknown option '-x'. See"),
        ("-vx", "unknown option '-x'. See"),
        ("--count=x", "argument -c/--count: 'x' is no number. See"),
        ("--count", "argument -c/--count: expected one argument. See"),
        ("--count -v", "argument -c/--count: expected one argument. See"),
        ("--count -- 3", "argument -c/--count: expected one argument. See"),
        ("--verbose=yes", "argument -v/--verbose: takes no value, but was given 'yes'. See"),
        ("--json --csv", "argument --csv: not allowed with argument --json. See"),
        ("--by rnu", "argument --by: unknown value 'rnu'. Did you mean 'run'? There is stage, run"),
    ],
)
def test_what_does_not_fit_is_said(words: str, message: str) -> None:
    with pytest.raises(CommandLineError) as raised:
        make().parse_words(words.split())

    assert str(raised.value).startswith(message)


def commands() -> Parser:
    parser = Parser("program", "It does things.")
    show = parser.add_command("show", "show one", "Show one.")
    show.add_argument("run", metavar="RUN")
    show.add_argument("--json", action="store_true")
    remove = parser.add_command("rm", "remove some", "Remove some.")
    remove.add_argument("runs", metavar="RUN", nargs="+")
    return parser


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("", {}),
        ("show 1 --json", {"action": "show", "run": "1", "json": True}),
        ("rm 1 2", {"action": "rm", "runs": ["1", "2"]}),
        ("rm --help", {"action": "rm", "help": True}),
    ],
)
def test_commands_read_what_is_behind_them(words: str, given: dict[str, Any]) -> None:
    assert commands().parse_words(words.split()) == given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("shwo", "unknown command 'shwo'. Did you mean 'show'? There is show, rm. See 'program -"),
        ("show", "the following arguments are required: RUN. See 'program show --help'."),
        ("rm", "the following arguments are required: RUN. See 'program rm --help'."),
        ("show 1 2", "unexpected argument '2'. See 'program show --help'."),
        ("rm 1 --json", "option '--json' belongs to 'show'. See 'program rm --help'."),
        ("--json show 1", "option '--json' belongs to 'show'. See 'program --help'."),
    ],
)
def test_commands_say_where_to_read_on(words: str, message: str) -> None:
    with pytest.raises(CommandLineError) as raised:
        commands().parse_words(words.split())

    assert str(raised.value).startswith(message)


def test_the_help_has_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    parser = Parser("program", "It does things.", "examples:\n  program x")
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these")
    group = parser.add_argument_group("what is shown")
    group.add_argument("-n", "--notes", metavar="TEXT", nargs="?", help="a text for the report")
    group.add_argument("--a-rather-long-option", metavar="VALUE", help="of no use")

    assert parser.format_help() == (
        "usage: program [options] [NAME ...]\n\n"
        "It does things.\n\n"
        "arguments:\n"
        "  NAME                  only these\n\n"
        "options:\n"
        "  -h, --help            show this help and exit\n\n"
        "what is shown:\n"
        "  -n, --notes [TEXT]    a text for the report\n"
        "  --a-rather-long-option VALUE\n"
        "                        of no use\n\n"
        "examples:\n  program x\n"
    )
