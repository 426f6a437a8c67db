"""Syntax trees as text: what counts, and what does not."""

import ast

import pytest

from curifactory.closure.normalising import normalise, normalise_class, normalise_function


def function(text: str) -> str:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return normalise_function(node)


def cls(text: str, *, annotations: bool = False) -> str:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef)
    return normalise_class(node, annotations=annotations)


EQUAL = {
    "comment": ("def f(x):\n    return x", "def f(x):\n    # why\n    return x  # so"),
    "docstring": ("def f(x):\n    return x", 'def f(x):\n    """Why."""\n    return x'),
    "annotations": ("def f(x):\n    return x", "def f(x: int) -> int:\n    return x"),
    "annotated variable": ("def f():\n    x = 1", "def f():\n    x: int = 1"),
    "declared variable": ("def f():\n    x = 1", "def f():\n    x: int\n    x = 1"),
    "spacing": ("def f(x):\n    return x+1", "def f( x ):\n\n    return (x + 1)"),
    "quotes": ("def f():\n    return 'a'", 'def f():\n    return "a"'),
    "pass": ("def f():\n    return 1", "def f():\n    pass\n    return 1"),
    "own decorator": ("def f():\n    return 1", "@stage()\ndef f():\n    return 1"),
    "inner docstring": (
        "def f():\n    def g():\n        return 1",
        "def f():\n    def g():\n        'Why.'\n        return 1",
    ),
}
DIFFERENT = {
    "operator": ("def f(x):\n    return x + 1", "def f(x):\n    return x - 1"),
    "type of a constant": ("def f():\n    return 1", "def f():\n    return True"),
    "float": ("def f():\n    return 1", "def f():\n    return 1.0"),
    "bytes": ("def f():\n    return 'a'", "def f():\n    return b'a'"),
    "negative zero": ("def f():\n    return 0j", "def f():\n    return 1j"),
    "default": ("def f(x=1):\n    return x", "def f(x=2):\n    return x"),
    "keyword only": ("def f(x):\n    return x", "def f(*, x):\n    return x"),
    "async": ("def f():\n    return 1", "async def f():\n    return 1"),
    "order": ("def f():\n    a()\n    b()", "def f():\n    b()\n    a()"),
    "nesting": (
        "def f(x):\n    if x:\n        a()\n    b()",
        "def f(x):\n    if x:\n        a()\n        b()",
    ),
    "inner decorator": (
        "def f():\n    def g():\n        return 1",
        "def f():\n    @once\n    def g():\n        return 1",
    ),
    "annotated value": ("def f():\n    x: int = 1", "def f():\n    x: int = 2"),
    "f-string": ("def f(x):\n    return f'{x}'", "def f(x):\n    return f'{x!r}'"),
    "import": ("def f():\n    from a import b", "def f():\n    from c import b"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_what_does_the_same_has_the_same_text(one: str, other: str) -> None:
    assert function(one) == function(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_does_something_else_has_another_text(one: str, other: str) -> None:
    assert function(one) != function(other)


def test_an_annotation_makes_a_name_a_field_of_a_decorated_class() -> None:
    plain, field = "@dataclass\nclass C:\n    x = 1", "@dataclass\nclass C:\n    x: int = 1"

    assert cls(plain) != cls(field)
    assert cls(field) == cls(field.replace("int", "float"))
    assert cls(field) != cls(field.replace("int", "ClassVar[int]"))
    assert cls(field) != cls(field.replace("= 1", "= 2"))
    assert cls(field) != cls(f"{field}\n    y: int")


def test_an_annotation_is_a_remark_in_a_class_without_decorator_and_base() -> None:
    assert cls("class C:\n    x = 1") == cls("class C:\n    x: int = 1")


def test_annotations_count_where_they_do_something() -> None:
    texts = [f"class C(BaseModel):\n    x: {kind} = 1" for kind in ("int", "float")]

    assert len({cls(text, annotations=True) for text in texts}) == 2
    methods = [f"class C(BaseModel):\n    def f(self, x: {kind}): ..." for kind in ("int", "float")]
    assert len({cls(text, annotations=True) for text in methods}) == 1


def test_statements_are_told_apart() -> None:
    assert normalise(ast.parse("a = 1\nb = 2").body) != normalise(ast.parse("a = 1").body)
