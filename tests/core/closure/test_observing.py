"""Code that was looked at once is looked at again only where it has changed, and always there."""

import gc
import importlib
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import curifactory as cf
from curifactory.closure.code_store import CodeStore
from curifactory.freshness import Freshness

_HELPERS = """
from functools import lru_cache

RATE = 1.5
COLUMNS = ["a", "b"]
DEEP = {"one": [1, 2], "two": {3}}
PICKED = len

class Base:
    factor = 2

class Other:
    factor = 2

class Thing(Base):
    def value(self):
        return RATE * self.factor

def double(x, factor=2):
    return x * factor

@lru_cache
def cached(x):
    return double(x)

def several(x):
    return cached(x) + len(COLUMNS) + len(DEEP) + Thing().value() + PICKED([x])
"""
_STAGES = """
import curifactory as cf
from helpers import RATE, several
import helpers

def made(number, names):
    @cf.stage(None, ["out"])
    def stage(record):
        return several(number) * RATE + len(names) + helpers.double(number)
    return stage

names = ["x"]
stage = made(1000, names)
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "helpers.py").write_text(_HELPERS)
    (tmp_path / "stages.py").write_text(_STAGES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("helpers", "stages"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    yield importlib.import_module("stages")
    for name in ("helpers", "stages"):
        sys.modules.pop(name, None)


def _freshness() -> Freshness:
    """Return what a session knows of its code, where it may have been edited already."""
    freshness = Freshness(str(Path.cwd()), CodeStore("code"))
    freshness.look_again()
    return freshness


def _execute(helpers: Any, text: str) -> None:
    """Do what a cell of a notebook does that is executed in the module."""
    exec(compile(text, "<cell>", "exec"), vars(helpers))


def _reload(helpers: Any) -> None:
    path = Path(helpers.__file__)
    path.write_text(path.read_text().replace("return x * factor", "return x * factor + 1"))
    importlib.reload(helpers)


EDITS: dict[str, Callable[[Any, Any], object]] = {
    "a helper is defined anew": lambda _, helpers: _execute(
        helpers, "def double(x, factor=2):\n    return x + factor"
    ),
    "a helper is replaced": lambda _, helpers: setattr(helpers, "double", lambda x: -x),
    "the code of a helper is replaced": lambda _, helpers: setattr(
        helpers.double, "__code__", (lambda x, factor=2: x - factor).__code__
    ),
    "a decorated helper is replaced": lambda _, helpers: _execute(
        helpers, "@lru_cache\ndef cached(x):\n    return double(double(x))"
    ),
    "a constant is set": lambda _, helpers: setattr(helpers, "RATE", 2.5),
    "a constant has another type": lambda _, helpers: setattr(helpers, "RATE", [1.5]),
    "a list is appended to": lambda _, helpers: helpers.COLUMNS.append("c"),
    "an item of a list is set": lambda _, helpers: helpers.COLUMNS.__setitem__(0, "z"),
    "a list in a dictionary is changed": lambda _, helpers: helpers.DEEP["one"].append(3),
    "a list gets a function": lambda _, helpers: helpers.COLUMNS.append(helpers.double),
    "another built-in function is picked": lambda _, helpers: setattr(helpers, "PICKED", sum),
    "a name hides a built-in one": lambda _, helpers: setattr(helpers, "len", sum),
    "a class is replaced": lambda _, helpers: _execute(
        helpers, "class Thing(Base):\n    def value(self):\n        return 3"
    ),
    "a class has another base": lambda _, helpers: setattr(
        helpers.Thing, "__bases__", (helpers.Other,)
    ),
    "a method is replaced": lambda _, helpers: setattr(helpers.Thing, "value", lambda self: 3),
    "an attribute of a base class is set": lambda _, helpers: setattr(helpers.Base, "factor", 3),
    "a class gets an attribute": lambda _, helpers: setattr(helpers.Thing, "factor", 3),
    "an imported name is set": lambda stages, _: setattr(stages, "RATE", 9.5),
    "a captured list is changed": lambda stages, _: stages.names.append("y"),
    "a captured number is changed": lambda stages, _: setattr(
        stages.stage.spec.function.__closure__[1], "cell_contents", 2000
    ),
    "a file is edited and imported again": lambda _, helpers: _reload(helpers),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_whatever_is_edited_is_seen_when_it_is_looked_at_again(
    modules: Any, edit: Callable[[Any, Any], object]
) -> None:
    freshness, spec = _freshness(), modules.stage.spec
    before = freshness.closure(spec)
    freshness.look_again()
    assert freshness.closure(spec) is before

    edit(modules, modules.helpers)
    freshness.look_again()
    now = freshness.closure(spec)

    assert now.fingerprint != before.fingerprint
    assert now.fingerprint == _freshness().closure(spec).fingerprint


def test_equal_values_are_not_walked_through_again(
    modules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    freshness, spec = _freshness(), modules.stage.spec
    before = freshness.closure(spec)
    monkeypatch.delattr("curifactory.freshness.Walk")
    modules.helpers.COLUMNS = ["a", "b"]
    freshness.look_again()

    assert freshness.closure(spec) is before


def test_what_is_computed_from_declared_files_is_always_looked_at(modules: Any) -> None:
    @cf.stage(None, ["out"], depends_on=["data.txt"])
    def reading(record: cf.Record) -> str:
        return Path("data.txt").read_text()

    spec = reading.spec  # type: ignore[attr-defined]
    Path("data.txt").write_text("one")
    freshness = _freshness()
    before = freshness.closure(spec)
    Path("data.txt").write_text("two")
    freshness.look_again()

    assert freshness.closure(spec).fingerprint != before.fingerprint


def test_values_that_are_no_more_needed_are_not_kept(modules: Any) -> None:
    modules.helpers.COLUMNS = {"a"}
    freshness, spec = _freshness(), modules.stage.spec
    freshness.closure(spec)
    kept = weakref.ref(modules.helpers.COLUMNS)
    modules.helpers.COLUMNS = ["a"]
    gc.collect()

    assert kept() is None
