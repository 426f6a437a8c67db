"""What a code names: globals and attributes of them, and the modules that it imports."""

import dis
from types import CodeType

from curifactory.closure.sources import nested_codes

CHANGING = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop"}
    | {"popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update"}
)
"""Methods that change what they are called on."""


class Names:
    """What a code, and every code inside it, names."""

    def __init__(self) -> None:
        self.paths: set[tuple[str, ...]] = set()
        """Globals, each with the attributes that follow: ``("np", "linalg", "norm")``."""
        self.imports: set[tuple[str, int, str]] = set()
        """Imports inside the code: module, level, and the name taken from it, or nothing."""
        self.imported: dict[str, set[tuple[str, ...]]] = {}
        """Attributes of what is imported as a whole, by the module's name."""
        self.attributes: set[str] = set()
        """Every name of an attribute, whatever it is an attribute of."""
        self.set_attributes: set[str] = set()
        """Names of attributes that are set, whatever they are attributes of."""
        self.changed: set[tuple[str, ...]] = set()
        """Globals and captured variables that are set, or whose content is changed."""


def names_in(code: CodeType) -> Names:
    """Return what ``code`` and the codes inside it name."""
    found = Names()
    for each in nested_codes(code):
        _Scan(each, found).run()
    return found


class _Scan:
    """One pass over the instructions of one code."""

    def __init__(self, code: CodeType, found: Names) -> None:
        self._instructions = [
            each for each in dis.get_instructions(code) if each.opname not in _NOTHING
        ]
        self._found = found
        self._modules: dict[str, tuple[str, int]] = {}
        """Local variables that are modules: name and level of their import."""

    def run(self) -> None:
        """Note what the code names."""
        for index, instruction in enumerate(self._instructions):
            name = instruction.opname
            if name == "IMPORT_NAME":
                self._import(index)
            elif name in _GLOBAL:
                self._global(index)
            elif name.startswith(("LOAD_FAST", "LOAD_DEREF")):
                self._local(index, instruction.argval)
            elif name in {"STORE_GLOBAL", "DELETE_GLOBAL"}:
                self._found.changed.add((str(instruction.argval),))
            elif name in _ATTRIBUTE:
                self._found.attributes.add(str(instruction.argval))
            elif name in _SET_ATTRIBUTE:
                self._found.set_attributes.add(str(instruction.argval))

    def _global(self, index: int) -> None:
        path = (str(self._instructions[index].argval), *self._attributes(index))
        self._note_change(index, path)
        after = self._instructions[index + len(path) :][:1]
        looked_up = index and self._instructions[index - 1].argval == "getattr" and after
        if looked_up and isinstance(after[0].argval, str):  # getattr(module, "name")
            path = (*path, after[0].argval)
        self._found.paths.add(path)

    def _attributes(self, index: int) -> tuple[str, ...]:
        names = []
        for instruction in self._instructions[index + 1 :]:
            if instruction.opname not in _ATTRIBUTE:
                break
            names.append(str(instruction.argval))
        return tuple(names)

    def _local(self, index: int, argument: object) -> None:
        name = str(argument[-1] if isinstance(argument, tuple) else argument)
        path = (name, *self._attributes(index))
        if name in self._modules:
            module, level = self._modules[name]
            self._found.imported.setdefault("." * level + module, set()).add(path[1:])
        self._note_change(index, path)

    def _note_change(self, index: int, path: tuple[str, ...]) -> None:
        """Note ``path`` if the instructions after it change what it stands for."""
        if path[-1] in CHANGING and len(path) > 1:
            self._found.changed.add(path[:-1])
        following = [each.opname for each in self._instructions[index + len(path) :][:2]]
        if set(following[:1]) & _SET_ATTRIBUTE or set(following[1:]) & _SET_ITEM:
            self._found.changed.add(path)

    def _import(self, index: int) -> None:
        module = str(self._instructions[index].argval)
        level, taken = (each.argval for each in self._instructions[index - 2 : index])
        if taken:
            for name in taken:
                self._found.imports.add((module, level, name))
            return
        self._found.imports.add((module, level, ""))
        alias = self._instructions[index + 1]
        whole = module if alias.opname == "IMPORT_FROM" else module.partition(".")[0]
        for instruction in self._instructions[index + 1 :]:
            if instruction.opname.startswith("STORE_"):
                self._modules[str(instruction.argval)] = (whole, level)
                break


_NOTHING = frozenset({"CACHE", "EXTENDED_ARG", "NOP", "PUSH_NULL", "RESUME", "COPY_FREE_VARS"})
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_SET_ITEM = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR", "COPY"})  # COPY: x[key] += 1
_SET_ATTRIBUTE = frozenset({"STORE_ATTR", "DELETE_ATTR"})
