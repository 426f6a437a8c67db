"""What is reached from a function, in modules that are written for it."""

import importlib
import itertools
import linecache
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from curifactory.closure.defining import Definitions
from curifactory.closure.parts import Closure
from curifactory.closure.sources import Sources
from curifactory.closure.walking import Walk

Load = Callable[..., ModuleType]
_numbers = itertools.count()


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes modules and imports the first."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names: set[str] = set()

    def write_and_import(**texts: str) -> ModuleType:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
            names.add(name)
        importlib.invalidate_caches()
        linecache.clearcache()
        return importlib.import_module(next(iter(texts)))

    yield write_and_import
    for name in names:
        sys.modules.pop(name, None)


def closure(function: object) -> Closure:
    return Walk(Definitions(Sources()), "/nowhere").closure(function)


def reached(function: object) -> set[str]:
    return {name.partition(".")[2] for name in closure(function).parts}


def fingerprint(load: Load, text: str) -> str:
    return closure(load(subject=text).f).fingerprint


def test_functions_that_call_each_other_are_reached_once(load: Load) -> None:
    text = "def f(x):\n    return g(x)\ndef g(x):\n    return f(x - 1) if x else 0\n"

    assert reached(load(subject=text).f) == {"f", "g"}


def test_modules_that_import_each_other_are_followed(load: Load) -> None:
    module = load(
        one="import two\ndef f():\n    return two.g()\ndef h():\n    return 1\n",
        two="import one\ndef g():\n    return one.h()\n",
    )

    assert set(closure(module.f).parts) == {"one.f", "two.g", "one.h"}


def test_a_chain_of_a_thousand_functions_is_followed(load: Load) -> None:
    chain = "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(1000))

    found = closure(load(subject=f"{chain}def f1000():\n    return 1\n").f0)

    assert len(found.parts) == 1001


def test_what_a_name_stands_for_counts_although_no_function_changed(load: Load) -> None:
    text = "from other import {} as a, {} as b\ndef f(x):\n    return a(x) - b(x)\n"
    other = "def one(x):\n    return x\ndef two(x):\n    return 2 * x\n"

    fingerprints = [
        closure(load(subject=text.format(*names), other=other).f).fingerprint
        for names in (("one", "two"), ("two", "one"))
    ]

    assert len(set(fingerprints)) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from math import floor as a", "from math import ceil as a"),
        ("import json as a", "import csv as a"),
        ("from json import loads as a", "from json import dumps as a"),
        ("from decimal import Decimal as a", "from decimal import Context as a"),
    ],
)
def test_a_name_for_something_else_outside_the_project_counts(
    load: Load, one: str, other: str
) -> None:
    texts = [f"{text}\ndef f(x):\n    return a(x)\n" for text in (one, other)]

    assert fingerprint(load, texts[0]) != fingerprint(load, texts[1])


def test_a_function_may_move_to_another_module(load: Load) -> None:
    text = "from {} import helper\ndef f(x):\n    return helper(x)\n"
    helper = "def helper(x):\n    return x\n"

    one = closure(load(subject=text.format("here"), here=helper).f).fingerprint
    other = closure(load(subject=text.format("there"), there=f"\n\n{helper}").f).fingerprint

    assert one == other


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("X = {}", "1", "2"),
        ("X = {}", "(1, 2)", "(1, 3)"),
        ("X = {}", "{'a': [1]}", "{'a': [2]}"),
        ("X = {}", "frozenset('ab')", "frozenset('ac')"),
        ("import re\nX = re.compile({})", "'a'", "'b'"),
        ("from pathlib import Path\nX = Path({})", "'a'", "'b'"),
        ("import datetime\nX = datetime.date(2020, 1, {})", "1", "2"),
        ("from types import SimpleNamespace\nX = SimpleNamespace(a={})", "1", "2"),
        ("from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\nX = E.{}", "A", "B"),
        ("class C:\n    def __init__(self, a):\n        self.a = a\nX = C({})", "1", "2"),
        ("import threading\nX = threading.local()\nX.a = {}", "1", "2"),
        ("import random\nX = random.Random({})", "1", "2"),
    ],
)
def test_the_value_of_a_constant_counts(load: Load, text: str, one: str, other: str) -> None:
    texts = [f"{text.replace('{}', each)}\ndef f():\n    return X\n" for each in (one, other)]

    assert fingerprint(load, texts[0]) == fingerprint(load, texts[0])
    assert fingerprint(load, texts[0]) != fingerprint(load, texts[1])


def test_a_constant_that_the_function_changes_counts_by_the_code_that_sets_it(load: Load) -> None:
    module = load(subject="X = {}\ndef f(x):\n    X[x] = x\n    return X\n")
    before = closure(module.f)

    module.f(3)

    after = closure(module.f)
    assert after.fingerprint == before.fingerprint
    assert after.blind_spots == (
        "subject.X: only the code that sets it counts: it changes while stages run",
    )


@pytest.mark.parametrize(
    ("rate", "one", "other"),
    [
        ("float('{}')", "0.5", "0.25"),
        ("1 < int('{}')", "1", "2"),
        ("'a' * int('{}')", "1", "2"),
        ("(1, int('{}'))", "1", "2"),
        ("frozenset(range(int('{}')))", "1", "2"),
        ("None if '{}' else 1", "", "x"),
    ],
)
@pytest.mark.parametrize("use", ["C.rate", "D().rate", "C.value()"])
def test_an_attribute_of_a_class_counts_by_its_value(
    load: Load, rate: str, one: str, other: str, use: str
) -> None:
    """It may be computed from what is outside of the source, as an environment variable."""
    text = (
        "class C:\n    rate = {}\n    @classmethod\n    def value(cls):\n        return cls.rate\n"
    )
    text += f"class D(C):\n    pass\ndef f():\n    return {use}\n"
    module = load(subject=text.replace("{}", rate.replace("{}", one)))
    before = closure(module.f).fingerprint

    assert closure(module.f).fingerprint == before
    module.C.rate = eval(rate.replace("{}", other))
    assert closure(module.f).fingerprint != before


def test_an_attribute_of_a_class_that_is_set_is_named(load: Load) -> None:
    module = load(subject="class C:\n    rate = 0.5\ndef f():\n    return C.rate\n")
    assert reached(module.f) == {"C", "f"}

    module.C.rate = 0.25
    assert closure(module.f).parts["subject.C.rate"].text == "rate = 0.25\n"


def test_an_attribute_of_a_class_that_nothing_uses_does_not_count(load: Load) -> None:
    module = load(subject="class C:\n    rate = 1\n    other = 1\ndef f():\n    return C.rate\n")
    before = closure(module.f).fingerprint

    module.C.other = 2
    assert closure(module.f).fingerprint == before


def test_an_attribute_of_a_class_that_the_function_sets_counts_by_the_code_that_sets_it(
    load: Load,
) -> None:
    text = "class C:\n    count = 0\ndef f():\n    C.count += 1\n    return C.count\n"
    module = load(subject=text)
    before = closure(module.f).fingerprint

    module.f()
    assert closure(module.f).fingerprint == before


def test_functions_that_lead_back_to_themselves_have_an_end(load: Load) -> None:
    text = "class C:\n    pass\ndef g(self):\n    return 1\ndef f():\n    return C().g()\n"
    module = load(subject=f"{text}g.__wrapped__ = g\nC.g = g\n")

    assert reached(module.f) == {"C", "f", "g"}


def test_a_path_below_the_project_counts_relative_to_it(load: Load, tmp_path: Path) -> None:
    module = load(subject="X = __file__\ndef f():\n    return X\n")

    found = Walk(Definitions(Sources()), str(tmp_path)).closure(module.f)

    assert found.parts["subject.X"].text == "X = '<project>/subject.py'\n"


def test_a_file_edited_after_its_import_is_not_taken_for_the_code_that_runs(
    load: Load, tmp_path: Path
) -> None:
    module = load(subject="def f():\n    return 1\n")
    fresh = closure(module.f)
    (tmp_path / "subject.py").write_text("def f():\n    return 2\n")
    linecache.clearcache()

    found = closure(module.f)

    assert found.fingerprint != fresh.fingerprint
    assert found.parts["subject.f"].text == ""
    assert "byte code" in found.blind_spots[0]


def test_lambdas_of_one_line_are_told_apart(load: Load) -> None:
    text = "F = [lambda x: x + 1, lambda x: x + {}]\ndef f(x):\n    return F[1](x)\n"

    assert fingerprint(load, text.format(2)) != fingerprint(load, text.format(3))


def test_cells_of_a_notebook_are_followed() -> None:
    namespace = {"__name__": "__main__"}

    def run_cell(text: str) -> None:
        name = f"<ipython-input-{next(_numbers)}-test>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), namespace)

    run_cell("def helper(x):\n    return x\n")
    run_cell("def f(x):\n    return helper(x)\n")
    before = closure(namespace["f"])
    run_cell("def helper(x):\n    # the same\n    return x\n")
    same = closure(namespace["f"])
    run_cell("def helper(x):\n    return x + 1\n")

    assert before.blind_spots == ()
    assert same.fingerprint == before.fingerprint
    assert closure(namespace["f"]).fingerprint != before.fingerprint


def test_code_without_source_is_compared_by_its_byte_code() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec("def f(x):\n    return x in {'a', 'b', 'c'}\n", namespace)

    found = closure(namespace["f"])

    assert "byte code" in found.blind_spots[0]
    assert found.fingerprint == closure(namespace["f"]).fingerprint


def test_an_import_inside_a_function_that_fails_is_a_blind_spot(load: Load) -> None:
    module = load(
        subject="def f():\n    from broken import x\n    import nowhere_at_all\n    return x\n",
        broken="raise ValueError('not today')\n",
    )

    spots = closure(module.f).blind_spots

    assert "subject.f: the import of broken fails: ValueError" in spots
    assert any("nowhere_at_all fails" in spot for spot in spots)


def test_a_value_that_raises_when_it_is_looked_at_does_no_harm(load: Load) -> None:
    text = (
        "class C(dict):\n    def items(self):\n        raise OSError\n"
        "X = C()\ndef f():\n    return X\n"
    )

    assert reached(load(subject=text).f) >= {"f", "X"}


def test_a_module_handed_on_as_a_whole_is_a_blind_spot(load: Load) -> None:
    module = load(
        subject="import other\ndef f(x):\n    return list(map(str, [other]))\n", other="X = 1\n"
    )

    assert closure(module.f).blind_spots == ("module other is handed on as a whole",)


def test_packages_that_are_named_have_their_versions_noted(load: Load) -> None:
    module = load(subject="import os\nimport pytest\ndef f():\n    return pytest.fail, os.sep\n")

    assert closure(module.f).packages == {"pytest": pytest.__version__}
