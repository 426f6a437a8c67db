"""What in a piece of code cannot be followed, as far as its syntax shows it."""

import ast
from collections.abc import Iterator

_EVALUATING = {"eval", "exec", "compile"}
_NAMESPACES = {"globals", "locals", "vars"}
_READING = {"open", "read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "memmap"}
_PROGRAMS = {"subprocess", "os"}
_STARTING = {"run", "call", "check_call", "check_output", "Popen", "system", "popen"}
_DYNAMIC_IMPORTS = {"import_module", "__import__"}


def find_blind_spots(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and description of what in ``node`` cannot be followed."""
    for each in ast.walk(node):
        found = None
        if isinstance(each, ast.Call):
            found = _call(each)
        elif isinstance(each, ast.Attribute) and each.attr == "environ":
            found = "an environment variable is read"
        if found is not None:
            yield each.lineno, found  # type: ignore[attr-defined]


def _call(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Name):
        return _plain_call(function.id, call)
    if not isinstance(function, ast.Attribute):
        return None
    root = function.value.id if isinstance(function.value, ast.Name) else ""
    name = function.attr
    if name in _DYNAMIC_IMPORTS:
        return f"{name}() imports a module by its name"
    if name == "getenv":
        return "an environment variable is read"
    if root in _PROGRAMS and name in _STARTING:
        return f"{root}.{name}() starts a program"
    if name in _READING or name.startswith("read_") or (root in {"np", "numpy"} and name == "load"):
        return f"{name}() reads a file"
    if isinstance(function.value, ast.Attribute) and function.value.attr == "params":
        return f"a parameter's {name}() is called"
    return None


def _plain_call(name: str, call: ast.Call) -> str | None:
    if name == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant):
        return "getattr() looks a name up that is only known when it runs"
    if name in _EVALUATING:
        return f"{name}() makes code of a text"
    if name in _NAMESPACES:
        return f"{name}() looks names up by text"
    if name in _DYNAMIC_IMPORTS:
        return f"{name}() imports a module by its name"
    return "open() reads a file" if name == "open" else None
