"""The syntax trees of live functions and classes, made sure to be those that are running."""

import ast
import linecache
import threading
from collections.abc import Iterator
from types import CodeType
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_parser = threading.Lock()
"""Python 3.11 cannot make two syntax trees at a time, in two threads."""


class SourceFile:
    """A parsed file, or cell of a notebook."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name, self.lines = name, lines
        self.functions: dict[tuple[str, int], list[Definition]] = {}
        """Functions by name and first line, their decorators included."""
        self.classes: dict[str, list[ast.ClassDef]] = {}
        """Classes by qualified name."""
        self.bindings: dict[str, list[ast.AST]] = {}
        """What sets, or changes, a name of the module: statements and their conditions."""
        self.imports: dict[str, tuple[str, int, str]] = {}
        """``from`` imports of the module by the name they set: module, level, original name."""
        self.codes: dict[tuple[str, int], list[CodeType]] = {}
        """What the file compiles to, by qualified name and first line."""

    def segment(self, node: ast.AST) -> str:
        """Return the lines of ``node`` as they stand in the file, without common indentation."""
        first, last = _first_line(node), getattr(node, "end_lineno", 0)
        lines = self.lines[first - 1 : last]
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return "".join(line[indent:] if line.strip() else "\n" for line in lines)


class Sources:
    """The files that have been parsed so far, each once."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[list[str], SourceFile | None]] = {}
        self._checked: set[str] = set()

    def look_again(self) -> None:
        """Look once more whether files have changed when they are asked for."""
        self._checked.clear()

    def file(self, name: str, namespace: dict[str, Any] | None = None) -> SourceFile | None:
        """Return a parsed file; ``None`` if there is no source."""
        known = self._files.get(name)
        if known is not None and name in self._checked:
            return known[1]
        self._checked.add(name)
        linecache.checkcache(name)
        lines = linecache.getlines(name, namespace)
        if known is not None and known[0] is lines:
            return known[1]
        parsed = _parse(name, lines) if lines else None
        self._files[name] = (lines, parsed)
        return parsed

    def definition(
        self, code: CodeType, namespace: dict[str, Any]
    ) -> tuple[SourceFile, Definition] | None:
        """Return the syntax tree that ``code`` was compiled from.

        ``None`` if there is no source, or it has been edited since the code was imported.
        """
        file = self.file(code.co_filename, namespace)
        if file is None:
            return None
        key = (code.co_qualname, code.co_firstlineno)
        if not any(same_code(code, each) for each in file.codes.get(key, ())):
            return None
        found = file.functions.get((code.co_name, code.co_firstlineno), [])
        if len(found) > 1:
            found = [node for node in found if _contains(node, code)]
        return (file, found[0]) if len(found) == 1 else None

    def class_definition(
        self, name: str, namespace: dict[str, Any], cls: type
    ) -> tuple[SourceFile, ast.ClassDef, CodeType] | None:
        """Return the syntax tree and the code of the body of ``cls``, which the file ``name`` has.

        ``None`` if there is no source, or a method has been edited since it was imported.
        """
        file = self.file(name, namespace)
        if file is None:
            return None
        for node in reversed(file.classes.get(cls.__qualname__, [])):
            bodies = file.codes.get((cls.__qualname__, _first_line(node)), [])
            if bodies and _has_methods_of(bodies[0], cls):
                return file, node, bodies[0]
        return None


def _parse(name: str, lines: list[str]) -> SourceFile | None:
    try:
        with _parser:
            tree = ast.parse("".join(lines), name)
            code = compile(tree, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):  # not what was imported, whatever it is
        return None
    file = SourceFile(name, lines)
    _index_definitions(file, tree, "")
    _index_module(file, tree.body, ())
    for each in nested_codes(code):
        file.codes.setdefault((each.co_qualname, each.co_firstlineno), []).append(each)
    return file


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield ``code`` and every code inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_codes(constant)


def _index_definitions(file: SourceFile, node: ast.AST, prefix: str) -> None:
    for child in ast.iter_child_nodes(node):
        inner = prefix
        if isinstance(child, _DEFINITIONS):
            name = getattr(child, "name", "<lambda>")
            file.functions.setdefault((name, _first_line(child)), []).append(child)
            inner = f"{prefix}{name}.<locals>."
        elif isinstance(child, ast.ClassDef):
            file.classes.setdefault(f"{prefix}{child.name}", []).append(child)
            inner = f"{prefix}{child.name}."
        _index_definitions(file, child, inner)


def _index_module(file: SourceFile, body: list[ast.stmt], around: tuple[ast.AST, ...]) -> None:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                origin = (statement.module or "", statement.level, alias.name)
                file.imports[alias.asname or alias.name] = origin
            continue
        blocks = [block for block in _blocks(statement) if block]
        heads = _heads(statement) if blocks else (statement,)
        for name in {name for head in heads for name in _names_set(head)}:
            file.bindings.setdefault(name, []).extend((*around, *heads))
        for block in blocks:
            _index_module(file, block, (*around, *heads))


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for handler in getattr(statement, "handlers", ()):
        yield handler.body
    for case in getattr(statement, "cases", ()):
        yield case.body


def _heads(statement: ast.stmt) -> tuple[ast.AST, ...]:
    """Return the expressions of a compound statement that stand before its blocks."""
    found = [getattr(statement, name, None) for name in ("test", "target", "iter", "subject")]
    return (*filter(None, found), *getattr(statement, "items", ()))


def _names_set(statement: ast.AST) -> Iterator[str]:
    """Yield the names that a statement of a module sets, or whose content it changes."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        changed: ast.AST | None = None
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            changed = node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changed = node.value.func if isinstance(node.value.func, ast.Attribute) else None
        root = root_name(changed)
        if root is not None:
            yield root


def root_name(node: ast.AST | None) -> str | None:
    """Return ``a`` for ``a.b[0].c``."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _first_line(node: ast.AST) -> int:
    lines: list[int] = [each.lineno for each in (node, *getattr(node, "decorator_list", ()))]
    return min(lines)


def _contains(node: Definition, code: CodeType) -> bool:
    """Tell whether the instructions of ``code`` come from inside the lambda ``node``."""
    if not isinstance(node, ast.Lambda):
        return True
    body = node.body
    start = (body.lineno, body.col_offset)
    end = (body.end_lineno or 0, body.end_col_offset or 0)
    places = [
        (line, column)
        for line, _, column, end_column in code.co_positions()
        if line is not None and column is not None and end_column
    ]
    return bool(places) and all(start <= place < end for place in places)


def same_code(one: CodeType, other: CodeType) -> bool:
    """Tell whether two codes do the same, wherever they stand."""
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and len(one.co_consts) == len(other.co_consts)
        and all(map(_same_constant, one.co_consts, other.co_consts))
    )


def _same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return same_code(one, other)
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


def _has_methods_of(body: CodeType, cls: type) -> bool:
    """Tell whether the functions of ``cls`` that its body defines are those of ``body``."""
    inside = [each for each in body.co_consts if isinstance(each, CodeType)]
    return all(
        any(same_code(code, each) for each in inside if each.co_name == code.co_name)
        for code in map(code_of, vars(cls).values())
        if code is not None
        and code.co_filename == body.co_filename
        and code.co_qualname == f"{cls.__qualname__}.{code.co_name}"
    )


def code_of(value: object) -> CodeType | None:
    """Return the code of a function, class method, static method or property, else ``None``."""
    for name in ("__func__", "fget", "func"):
        value = getattr(value, name, value)
    code = getattr(value, "__code__", None)
    return code if isinstance(code, CodeType) else None
