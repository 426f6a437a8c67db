from types import CodeType

import pytest

from curifactory.closure.naming import Names, names_in


def names(text: str) -> Names:
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    module = compile(f"def f(a):\n{lines}\n", "text", "exec")
    (code,) = (each for each in module.co_consts if isinstance(each, CodeType))
    return names_in(code)


def test_globals_are_found_with_the_attributes_that_follow() -> None:
    assert names("return np.linalg.norm(a) + RATE").paths == {("np", "linalg", "norm"), ("RATE",)}


def test_globals_of_inner_functions_and_comprehensions_are_found() -> None:
    found = names("g = lambda x: near(x)\nreturn [far(x) for x in a], g")

    assert {("near",), ("far",)} <= found.paths


def test_local_variables_are_no_globals() -> None:
    assert names("data = a\nreturn data.rows").paths == set()


def test_a_constant_name_that_is_looked_up_is_an_attribute() -> None:
    assert ("helpers", "by_name") in names('return getattr(helpers, "by_name")(a)').paths


@pytest.mark.parametrize(
    ("text", "imports", "imported"),
    [
        ("from lib import x", {("lib", 0, "x")}, {}),
        ("from .lib import x as y", {("lib", 1, "x")}, {}),
        ("from . import x", {("", 1, "x")}, {}),
        ("import lib\nlib.f(a)", {("lib", 0, "")}, {"lib": {("f",)}}),
        ("import lib.inner\nlib.inner.f(a)", {("lib.inner", 0, "")}, {"lib": {("inner", "f")}}),
        ("import lib.inner as x\nx.f(a)", {("lib.inner", 0, "")}, {"lib.inner": {("f",)}}),
    ],
)
def test_imports_inside_a_function(
    text: str, imports: set[tuple[str, int, str]], imported: dict[str, set[tuple[str, ...]]]
) -> None:
    found = names(text)

    assert found.imports == imports
    assert found.imported == imported


@pytest.mark.parametrize(
    "text",
    [
        "X.append(a)",
        'X["key"] = a',
        'X["key"] += a',
        'del X["key"]',
        "X.attribute = a",
        "global X\nX = a",
        "X.update(a)",
    ],
)
def test_what_is_changed_is_known(text: str) -> None:
    assert ("X",) in names(text).changed


@pytest.mark.parametrize("text", ["X.get(a)", 'return X["key"]', "a.append(X)", "a[X] = 1"])
def test_what_is_only_read_is_not_changed(text: str) -> None:
    assert ("X",) not in names(text).changed
