"""Syntax trees as text that only changes when the code does something else.

Comments, spacing, docstrings, annotations and positions are left out, and so is whatever differs
between the syntax trees of two versions of Python.
"""

import ast
from collections.abc import Iterable, Iterator

from curifactory.digests import sha256_of

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params", "returns"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FIELD_KINDS = frozenset({"ClassVar", "InitVar", "KW_ONLY"})


def digest(text: str) -> str:
    """Return 16 hexadecimal digits that stand for ``text``."""
    return sha256_of(text.encode("utf-8", "surrogatepass"))[:16]


def normalise_function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> str:
    """Return the text of a function without its own decorators."""
    return "".join(_emit(node, own_decorators=False))


def normalise_class(node: ast.ClassDef, *, annotations: bool) -> str:
    """Return the text of a class.

    Parameters
    ----------
    node
        Its definition.
    annotations
        Whether the annotations of its fields do something, as in a pydantic model.

    """
    return "".join(_emit(node, annotations=annotations))


def normalise(nodes: Iterable[ast.AST]) -> str:
    """Return the text of statements or expressions."""
    return ";".join("".join(_emit(node)) for node in nodes)


def _emit(
    node: ast.AST, *, own_decorators: bool = True, annotations: bool = False, fields: bool = False
) -> Iterator[str]:
    """Yield the text of ``node`` in pieces.

    ``fields`` tells that it stands in the body of a class whose annotated names are fields.
    """
    if isinstance(node, ast.AnnAssign) and not (annotations and fields):
        yield from _emit_annotated(node, fields=fields)
        return
    if isinstance(node, ast.Constant):
        yield f"{type(node.value).__name__}:{_constant(node.value)}"
        return
    yield f"{type(node).__name__}("
    inner_fields = isinstance(node, ast.ClassDef) and bool(node.decorator_list or node.bases)
    for name in node._fields:
        value = getattr(node, name, None)
        if name in _LEFT_OUT or value is None or (name == "decorator_list" and not own_decorators):
            continue
        if name == "annotation" and not (annotations and fields):
            continue
        items = value if isinstance(value, list) else [value]
        inner = fields if not isinstance(node, _SCOPES) else inner_fields
        pieces = list(_emit_all(items, annotations=annotations, fields=inner))
        if pieces:
            yield f"{name}="
            yield from pieces
    yield ")"


def _emit_all(items: list[object], *, annotations: bool, fields: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, ast.Pass) or _is_remark(item):
            continue
        if isinstance(item, ast.AST):
            text = "".join(_emit(item, annotations=annotations, fields=fields))
        else:
            text = repr(item)
        if text:
            yield f"{text},"


def _is_remark(item: object) -> bool:
    """Tell whether a statement is a docstring or another constant that is not used."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)


def _emit_annotated(node: ast.AnnAssign, *, fields: bool) -> Iterator[str]:
    """Yield an annotated assignment as a plain one; in a class with fields, as a field."""
    if fields:
        named = {each.id for each in ast.walk(node.annotation) if isinstance(each, ast.Name)}
        named |= {
            each.attr for each in ast.walk(node.annotation) if isinstance(each, ast.Attribute)
        }
        yield f"Field{sorted(named & _FIELD_KINDS)}("
        yield from _emit(node.target)
        if node.value is not None:
            yield "="
            yield from _emit(node.value)
        yield ")"
    elif node.value is not None:
        yield from _emit(ast.Assign([node.target], node.value))


def _constant(value: object) -> str:
    return f"{value.real!r}+{value.imag!r}j" if isinstance(value, complex) else repr(value)
