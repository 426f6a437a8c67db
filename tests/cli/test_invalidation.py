"""Edits of a project, each by the real command line: what must run again, and what must not."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

STAGE = '''
import functools
from dataclasses import dataclass, field
from pathlib import Path
import curifactory as cf
from curifactory.caching import JsonCacher
import helpers
from helpers import double as twice, RATE, TABLE, STEPS
from lib.deep import deepest
import lib.shapes as shapes
from lib import consts
import outside

LOCAL = 3
CONFIG = {"lr": 0.1, "layers": [1, 2]}
_cache = {}
ACTIONS = {"up": helpers.up, "down": helpers.down}
bound = functools.partial(helpers.scaled, factor=2)
square = lambda x: x * x

def near(x):
    """A helper."""
    return x + LOCAL

def default(x, scale=consts.SCALE):
    return x * scale

@helpers.logged(3)
def decorated(x):
    return x + 1

def unused(x):
    return x

def made(n):
    def inner(x):
        return x + n
    return inner

adder = made(5)

def text_of(name):
    return Path(name).read_text()

@cf.stage(None, ["value"], [JsonCacher], depends_on=["listed.txt", helpers.listed])
def train(record):
    from lib.lazy import late
    import lib.lazier
    # a comment
    _cache["x"] = 1
    total = near(1) + twice(2) + RATE + TABLE["a"] + deepest(1) + CONFIG["lr"]
    total += sum(ACTIONS[name](1) for name in ("up", "down")) + bound(1) + square(3)
    total += default(2) + decorated(1) + adder(1) + late(1) + lib.lazier.later(1)
    total += shapes.Square(2).area + shapes.Square.unit() + shapes.Square.name()
    total += shapes.Config().size + helpers.deep_const() + sum(step(1) for step in STEPS)
    total += getattr(helpers, "by_name")(1) + getattr(helpers, "".join(["un", "seen"]))(1)
    total += outside.one() + len(text_of("read.txt")) + len(text_of("listed.txt"))
    with open("executed.txt", "a") as file:
        print("train", file=file)
    return total

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    for each in param_sets:
        train(cf.Record(manager, each))
'''
FILES = {
    "experiments/one.py": STAGE,
    "helpers.py": """
import functools
from lib.deep import deepest
RATE = 0.5
TABLE = {"a": 1, "b": 2}
UNUSED = 1
def double(x: int) -> int:
    return _mul(x, 2)
def _mul(a, b):
    return a * b
def up(x):
    return x + 1
def down(x):
    return x - 1
def scaled(x, factor):
    return x * factor
def logged(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args) * times
        return wrapper
    return decorate
def deep_const():
    return deepest(RATE)
def by_name(x):
    return x
def first(x):
    return x
STEPS = [first, double]
def nobody(x):
    return x
def unseen(x):
    return x
def listed(x):
    return x
""",
    "lib/__init__.py": "",
    "lib/deep.py": """from .deeper import bottom
def deepest(x):
    return bottom(x)
""",
    "lib/deeper.py": """def bottom(x):
    return [y + 1 for y in [x]][0]
""",
    "lib/lazy.py": """from . import consts
def late(x):
    return x + consts.SCALE
def other():
    return 1
""",
    "lib/lazier.py": """def later(x):
    return x + 7
def never(x):
    return x
""",
    "lib/consts.py": """SCALE = 2
OTHER = 3
""",
    "lib/shapes.py": """
from dataclasses import dataclass, field
def sizes():
    return [1]
class Base:
    def area_of(self, side):
        return side * side
class Square(Base):
    kind: int = 1
    def __init__(self, side):
        self.side = side
    @property
    def area(self) -> int:
        return self.area_of(self.side)
    @staticmethod
    def unit():
        return 1
    @classmethod
    def name(cls):
        return 4
@dataclass
class Config:
    size: int = 10
    more: list = field(default_factory=sizes)
class Unrelated:
    x = 1
""",
    "installed/site-packages/outside/__init__.py": "def one():\n    return 1\n",
    "installed/site-packages/outside-1.0.dist-info/METADATA": "Name: outside\nVersion: 1.0\n",
    "read.txt": "a",
    "listed.txt": "a",
}
ONE, HELPERS, SHAPES = "experiments/one.py", "helpers.py", "lib/shapes.py"
METADATA = "installed/site-packages/outside-1.0.dist-info/METADATA"
Edit = tuple[str, str, str]

HARMLESS: dict[str, Edit] = {
    "a comment": (ONE, "# a comment", "# another"),
    "a docstring": (ONE, '"""A helper."""', '"""Another."""'),
    "blank lines above": (ONE, "def near", "\n\n\ndef near"),
    "annotations": (HELPERS, "x: int) -> int", "x: float) -> float"),
    "annotation removed": (HELPERS, "x: int) -> int", "x)"),
    "an unused function": (ONE, "def unused(x):\n    return x", "def unused(x):\n    return x + 1"),
    "an unused function of a helper module": (
        HELPERS,
        "def nobody(x):\n    return x",
        "def nobody(x):\n    return 2",
    ),
    "an unused constant": (HELPERS, "UNUSED = 1", "UNUSED = 2"),
    "an unused class": (SHAPES, "    x = 1\n", "    x = 2\n"),
    "an unused function of lazy": (
        "lib/lazier.py",
        "def never(x):\n    return x",
        "def never(x):\n    return 3",
    ),
    "a new function": (HELPERS, "RATE = 0.5", "RATE = 0.5\ndef new():\n    return 5\n"),
    "a constant written otherwise": (HELPERS, "RATE = 0.5", "RATE = 1 / 2"),
    "an unused import": (HELPERS, "import functools", "import functools\nimport json"),
    "parentheses": (ONE, "return x + LOCAL", "return (x + LOCAL)"),
    "method annotations": (SHAPES, "def area(self) -> int", "def area(self) -> float"),
    "field annotation": (SHAPES, "    size: int = 10", "    size: float = 10"),
    "a new module": ("new.py", "", "X = 1"),
    "an installed package of the same version": (
        "installed/site-packages/outside/__init__.py",
        "return 1",
        "return 1  # patched by hand",
    ),
    "the experiment's run()": (
        ONE,
        "    for each in param_sets:",
        "    for each in list(param_sets):",
    ),
    "the stage's own decorator": (ONE, "@cf.stage(None, [", "@cf.stage([], ["),
}
"""Edits after which nothing may run: file, text and what takes its place."""

CHANGING: dict[str, tuple[Edit, str]] = {
    "stage itself": ((ONE, "total = near(1)", "total = 1 + near(1)"), "one.train"),
    "helper": ((ONE, "return x + LOCAL", "return x - LOCAL"), "one.near"),
    "own constant": ((ONE, "LOCAL = 3", "LOCAL = 4"), "one.LOCAL"),
    "own dict": ((ONE, '"lr": 0.1', '"lr": 0.2'), "one.CONFIG"),
    "own nested list": ((ONE, "[1, 2]", "[1, 3]"), "one.CONFIG"),
    "helper's helper": ((HELPERS, "return a * b", "return b * a"), "helpers._mul"),
    "imported constant": ((HELPERS, "RATE = 0.5", "RATE = 0.6"), "helpers.RATE"),
    "imported dict": ((HELPERS, '"a": 1', '"a": 2'), "helpers.TABLE"),
    "deep": (("lib/deep.py", "return bottom(x)", "return bottom(x + 1)"), "lib.deep.deepest"),
    "deeper, comprehension": (("lib/deeper.py", "y + 1", "y + 2"), "lib.deeper.bottom"),
    "in dict": ((HELPERS, "return x + 1", "return x + 2"), "helpers.up"),
    "partial's function": (
        (HELPERS, "return x * factor", "return x * factor + 1"),
        "helpers.scaled",
    ),
    "partial's argument": ((ONE, "factor=2", "factor=3"), "one.bound"),
    "lambda": ((ONE, "x * x", "x * x * x"), "<lambda>"),
    "default": (("lib/consts.py", "SCALE = 2", "SCALE = 3"), "consts.SCALE"),
    "decorator": ((HELPERS, "* times", "+ times"), "helpers.logged"),
    "decorator's argument": ((ONE, "logged(3)", "logged(4)"), ""),
    "captured": ((ONE, "made(5)", "made(6)"), ""),
    "nested": ((ONE, "return x + n", "return x - n"), "made"),
    "lazy from import": (
        ("lib/lazy.py", "return x + consts", "return x - consts"),
        "lib.lazy.late",
    ),
    "lazy whole": (("lib/lazier.py", "x + 7", "x + 8"), "lib.lazier.later"),
    "property": ((SHAPES, "self.area_of(self.side)", "self.area_of(self.side) + 1"), "Square"),
    "base": ((SHAPES, "side * side", "side + side"), "Base"),
    "static": ((SHAPES, "return 1\n", "return 2\n"), "Square"),
    "class method": ((SHAPES, "return 4", "return 5"), "Square"),
    "dataclass default": ((SHAPES, "size: int = 10", "size: int = 11"), "Config"),
    "dataclass factory": ((SHAPES, "return [1]", "return [2]"), "sizes"),
    "by constant name": (
        (HELPERS, "def by_name(x):\n    return x", "def by_name(x):\n    return x + 1"),
        "by_name",
    ),
    "in list": (
        (HELPERS, "def first(x):\n    return x", "def first(x):\n    return x + 1"),
        "first",
    ),
    "the version of a package": ((METADATA, "Version: 1.0", "Version: 1.1"), "package outside"),
    "a listed file": (("listed.txt", "a", "bc"), "listed.txt"),
    "a listed function": (
        (HELPERS, "def listed(x):\n    return x", "def listed(x):\n    return 2"),
        "helpers.listed",
    ),
}
"""Edits after which the stage must run: the edit, and what the cause names."""


BLIND: dict[str, tuple[Edit, str]] = {
    "a file read in the body": (("read.txt", "a", "bc"), "read_text() reads a file"),
    "a name put together": (
        (HELPERS, "def unseen(x):\n    return x", "def unseen(x):\n    return 5"),
        "getattr() looks a name up",
    ),
}
"""Edits that cannot be seen: the edit, and what is listed."""


@pytest.fixture
def edited(project: "Project", monkeypatch: pytest.MonkeyPatch) -> "Iterator[Project]":
    """Return a project whose stage reaches code in every way, run once."""
    for name, text in FILES.items():
        project.write(name, text)
    monkeypatch.syspath_prepend(os.path.abspath("installed/site-packages"))
    run_stage(project)
    assert project.executed() == ["train"]
    yield project
    forget_modules()


def forget_modules() -> None:
    for name in [
        name for name in sys.modules if name.split(".")[0] in {"helpers", "lib", "outside"}
    ]:
        del sys.modules[name]


def run_stage(project: "Project", *words: str) -> str:
    forget_modules()
    outcome = project.run("one", "--no-report", "--on-stale", "rerun", *words)
    assert (outcome.err, outcome.code) == ("", 0)
    return outcome.out


def apply(project: "Project", edit: Edit) -> None:
    name, old, new = edit
    before = FILES.get(name, "")
    assert old in before
    project.write(name, before.replace(old, new, 1))


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_an_edit_that_changes_nothing_makes_nothing_run(edited: "Project", edit: Edit) -> None:
    apply(edited, edit)

    planned, done = run_stage(edited, "--map"), run_stage(edited)

    assert "\tskip: up to date" in planned
    assert "Nothing ran" in done
    assert edited.executed() == []


@pytest.mark.parametrize(("edit", "named"), CHANGING.values(), ids=CHANGING)
def test_an_edit_of_what_a_stage_reaches_makes_it_run(
    edited: "Project", edit: Edit, named: str
) -> None:
    apply(edited, edit)

    planned = run_stage(edited, "--map")
    run_stage(edited)

    (why,) = (line for line in planned.splitlines() if line.startswith("\trun: stale: "))
    assert named in why
    assert edited.executed() == ["train"]
    assert "Nothing ran" in run_stage(edited)


@pytest.mark.parametrize(("edit", "listed"), BLIND.values(), ids=BLIND)
def test_what_cannot_be_followed_is_listed(edited: "Project", edit: Edit, listed: str) -> None:
    apply(edited, edit)

    planned = run_stage(edited, "--map", "-v")

    assert "\tskip: up to date" in planned
    assert listed in planned
