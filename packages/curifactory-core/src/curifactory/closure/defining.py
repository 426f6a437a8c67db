"""What one function or class is by itself: its digest, its source, and what it names."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, NamedTuple

from curifactory.closure.blind_spots import find_blind_spots
from curifactory.closure.naming import Names, names_in
from curifactory.closure.normalising import (
    digest,
    normalise,
    normalise_class,
    normalise_function,
)
from curifactory.closure.placing import is_ours, is_project_file, version_of
from curifactory.closure.sources import Sources, code_of

Path = tuple[str, ...]


class Definition(NamedTuple):
    """A function or class without what it reaches."""

    digest: str
    text: str
    """The source; empty where there is none."""
    names: Names
    outside: frozenset[Path] = frozenset()
    """What its decorators and defaults name in the module."""
    blind_spots: tuple[str, ...] = ()
    elsewhere: tuple[Any, ...] = ()
    """Members of a class that are not defined in its body."""
    literals: Mapping[str, Any] = MappingProxyType({})
    """Attributes of a class as its source has them, where it says their value."""


class Definitions:
    """The definitions that have been read so far, each once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._functions: dict[int, tuple[CodeType, Definition]] = {}
        self._classes: dict[type, tuple[list[Any], Definition]] = {}
        self._versions: dict[str, str | None] = {}

    def version(self, top_level: str) -> str | None:
        """Return the version of a module that is not the project's; ``None`` if unknown."""
        if top_level not in self._versions:
            self._versions[top_level] = version_of(top_level)
        return self._versions[top_level]

    def of_function(self, function: FunctionType) -> Definition:
        """Return the definition of ``function``."""
        code = function.__code__  # by identity: codes of two files can be equal
        known = self._functions.get(id(code))
        if known is None:
            known = code, self._read_function(code, function.__globals__)
            self._functions[id(code)] = known
        return known[1]

    def of_class(self, cls: type, namespace: dict[str, Any]) -> Definition:
        """Return the definition of ``cls``, of the module with ``namespace``."""
        members = [value for value in vars(cls).values() if code_of(value) is not None]
        known = self._classes.get(cls)
        if known is None or known[0] != members:
            known = members, self._read_class(cls, namespace, members)
            self._classes[cls] = known
        return known[1]

    def _read_function(self, code: CodeType, namespace: dict[str, Any]) -> Definition:
        names = names_in(code)
        found = self.sources.definition(code, namespace)
        if found is None:
            spot = "its source is not there, or was edited since: its byte code is compared"
            return Definition(digest(_code_text(code)), "", names, blind_spots=(spot,))
        file, node = found
        decorators = [each for each in _decorators(node) if not _is_ours(each, namespace)]
        text = f"{normalise_function(node)}{normalise(decorators)}"
        outside = frozenset(paths_in([*decorators, node.args]))
        return Definition(
            digest(text), file.segment(node), names, outside, _spots((node, *decorators))
        )

    def _read_class(self, cls: type, namespace: dict[str, Any], members: list[Any]) -> Definition:
        file_name = _file_of(cls, namespace)
        found = self.sources.class_definition(file_name, namespace, cls) if file_name else None
        if found is None:
            text = f"{cls.__qualname__} {sorted(vars(cls))}"
            spot = "its source is not there, or was edited since: its byte code is compared"
            return Definition(
                digest(text), "", Names(), blind_spots=(spot,), elsewhere=tuple(members)
            )
        file, node, body = found
        names = names_in(body)
        names.paths = {path for path in names.paths if path[0] not in vars(cls)}
        sensitive = type(cls) is not type or "__attrs_attrs__" in vars(cls)
        text = normalise_class(node, annotations=sensitive)
        outside = frozenset(paths_in([*node.decorator_list, *node.keywords]))
        elsewhere = tuple(each for each in members if _is_from_elsewhere(each, cls, body))
        return Definition(
            digest(text),
            file.segment(node),
            names,
            outside,
            _spots((node,)),
            elsewhere,
            _literals(node),
        )


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in node.body:
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
        for name in [target.id for target in targets if isinstance(target, ast.Name)]:
            found.pop(name, None)
            with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                found[name] = ast.literal_eval(each.value)  # type: ignore[attr-defined]
    return found


def _spots(nodes: tuple[ast.AST, ...]) -> tuple[str, ...]:
    found = (spot for node in nodes for spot in find_blind_spots(node))
    return tuple(f"line {line}: {text}" for line, text in sorted(set(found)))


def _decorators(node: ast.AST) -> list[ast.expr]:
    return list(getattr(node, "decorator_list", ()))


def _is_ours(decorator: ast.expr, namespace: dict[str, Any]) -> bool:
    """Tell whether a decorator is curifactory's own, which says nothing about the code."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = next(iter(_paths((target,))), ())
    value = namespace.get(path[0]) if path else None
    for name in path[1:]:
        value = getattr(value, name, None)
    return is_ours(getattr(value, "__module__", None))


def _paths(nodes: tuple[ast.AST, ...]) -> Iterator[Path]:
    """Yield the names that expressions of a module name, with the attributes that follow."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield (node.id,)
            elif isinstance(node, ast.Attribute):
                path = _attribute_path(node)
                if path:
                    yield path


def paths_in(nodes: list[ast.AST]) -> set[Path]:
    """Return the names that statements of a module name, the longest path of each."""
    found = set(_paths(tuple(nodes)))
    return {path for path in found if not any(_extends(other, path) for other in found)}


def _extends(longer: Path, path: Path) -> bool:
    return len(longer) > len(path) and longer[: len(path)] == path


def _attribute_path(node: ast.AST) -> Path:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def _file_of(cls: type, namespace: dict[str, Any]) -> str | None:
    for value in vars(cls).values():
        code = code_of(value)
        inside = code is not None and code.co_qualname.startswith(f"{cls.__qualname__}.")
        if code is not None and inside and not code.co_filename.startswith("<string"):
            return code.co_filename
    file = namespace.get("__file__")
    return file if isinstance(file, str) else None


def _is_from_elsewhere(value: object, cls: type, body: CodeType) -> bool:
    """Tell whether a member is a function that was neither written in the class nor generated."""
    code = code_of(value)
    innermost = code_of(_unwrapped(value))
    if code is None or innermost is None or innermost.co_filename.startswith("<string"):
        return False
    if not is_project_file(innermost.co_filename):  # what decorators of the library add
        return False
    written = code.co_filename == body.co_filename
    inside = code.co_qualname.startswith(f"{cls.__qualname__}.")
    return not (written and inside)


def _unwrapped(value: Any) -> Any:
    """Return what decorators were put around, as far as that does not lead back."""
    seen = {id(value): value}
    while (inner := getattr(value, "__wrapped__", None)) is not None and id(inner) not in seen:
        seen[id(inner)] = value = inner
    return value


def _code_text(code: CodeType) -> str:
    constants = list(map(_constant_text, code.co_consts))
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {constants}"


def _constant_text(constant: object) -> str:
    if isinstance(constant, CodeType):
        return _code_text(constant)
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)
