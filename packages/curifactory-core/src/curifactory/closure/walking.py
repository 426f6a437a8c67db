"""The closure of a stage: from its function to everything of the project that it reaches."""

import builtins
import importlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import CellType, FunctionType, ModuleType
from typing import Any

from curifactory.closure.defining import Definition, Definitions, Path
from curifactory.closure.observing import (
    Observations,
    class_facts,
    function_facts,
    token,
    wrapped_by,
)
from curifactory.closure.parts import Closure, Findings, Part
from curifactory.closure.placing import (
    is_extension,
    is_ours,
    is_project_file,
    is_project_module,
    is_standard,
)
from curifactory.closure.resolving import (
    absolute_name,
    is_code,
    is_project_import,
    owner_module,
    package_of,
    resolve,
)
from curifactory.closure.settling import ReadValues
from curifactory.closure.values import untold_attributes


class Walk:
    """One walk from a function; what it meets is looked at once.

    Parameters
    ----------
    definitions
        What has been read already, by other walks too.
    root
        The project's folder.
    observing
        Take note of what is looked at.

    """

    def __init__(self, definitions: Definitions, root: str, *, observing: bool = False) -> None:
        self._definitions = definitions
        self.observations = Observations(wanted=observing)
        """What this walk looked at."""
        self._found = Findings()
        self._values = ReadValues(self, self._found, definitions.sources, root)
        self._known: dict[int, tuple[Any, str]] = {}
        self._pending: deque[Callable[[], None]] = deque()

    def closure(self, function: Any | None, more: Iterable[tuple[str, Any]] = ()) -> Closure:
        """Return everything that is reached from ``function``, and from ``more`` by name."""
        if function is not None:
            self._found.connect("", "", self.follow(function))
        for name, value in more:
            self._values.read("", name, value)
        self._follow_pending()
        while self._values.settle_constants():
            self._follow_pending()
        self._values.finish()
        return self._found.closure()

    def _follow_pending(self) -> None:
        while self._pending:
            self._pending.popleft()()

    # -- code ----------------------------------------------------------------------------------

    def follow(self, value: Any) -> str:
        """Return what stands for a piece of code, which is looked at before the walk ends."""
        known = self._known.get(id(value))
        if known is None:
            self._known[id(value)] = value, "itself"
            known = value, self._follow(value)
            self._known[id(value)] = known
        return known[1]

    def _follow(self, value: Any) -> str:
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, property):
            return " ".join(map(self.follow, filter(None, (value.fget, value.fset, value.fdel))))
        if isinstance(value, cached_property):
            return self.follow(value.func)
        if isinstance(value, ModuleType):
            return self._whole_module(value)
        wrapped = wrapped_by(value)
        self.observations.note(wrapped_by, value)
        if wrapped is not None:
            return f"{self.follow(type(value))} {self.follow(wrapped)}"
        return self._package(getattr(value, "__module__", None) or owner_module(value), value)

    def _function(self, function: FunctionType) -> str:
        self.observations.note(function_facts, function)
        module = function.__globals__.get("__name__")
        wrapped = getattr(function, "__wrapped__", None)
        if is_ours(module) or not is_project_file(function.__code__.co_filename):
            outside = self._package(module, function)
            return outside if wrapped is None else f"{outside} {self.follow(wrapped)}"
        definition = self._definitions.of_function(function)
        name = self._add(f"{module}.{function.__code__.co_qualname}", definition)
        self._pending.append(lambda: self._expand_function(name, function, definition))
        return definition.digest

    def _expand_function(self, name: str, function: FunctionType, definition: Definition) -> None:
        owner, namespace = definition.digest, function.__globals__
        self._note_changes(definition, namespace)
        for path in sorted(definition.names.paths | definition.outside):
            self.refer(owner, path, namespace)
        for module, level, taken in sorted(definition.names.imports):
            self._import(owner, name, (module, level, taken), function)
        if getattr(function, "__wrapped__", None) is not None:
            self._found.connect(owner, "__wrapped__", self.follow(function.__wrapped__))  # type: ignore[attr-defined]
        captured = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for variable, cell in captured:
            try:
                value = cell.cell_contents
            except ValueError:  # not set yet
                continue
            changes = (variable,) in definition.names.changed
            if is_code(value) or not changes:
                read = partial(_content, cell)
                self._values.read(owner, f"{name}.{variable}", value, read)
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            if is_code(default):
                self._found.connect(owner, "default", self.follow(default))

    def _class(self, cls: type) -> str:
        if not is_project_module(cls.__module__):
            return self._package(cls.__module__, cls)
        self.observations.note(class_facts, cls)
        namespace = vars(sys.modules[cls.__module__])
        definition = self._definitions.of_class(cls, namespace)
        name = self._add(f"{cls.__module__}.{cls.__qualname__}", definition)
        self._pending.append(lambda: self._expand_class(name, cls, definition))
        return definition.digest

    def _expand_class(self, name: str, cls: type, definition: Definition) -> None:
        owner, namespace = definition.digest, vars(sys.modules[cls.__module__])
        self._note_changes(definition, namespace)
        for path in sorted(definition.names.paths | definition.outside):
            self.refer(owner, path, namespace)
        for module, level, taken in sorted(definition.names.imports):
            self._import(owner, name, (module, level, taken), cls, definition)
        for base in (*cls.__bases__, type(cls)):
            if base not in {object, type}:
                self._found.connect(owner, "base", self.follow(base))
        for member in definition.elsewhere:
            self._found.connect(owner, "member", self.follow(member))
        for attribute in untold_attributes(cls, definition.literals):
            self._values.may_read_attribute(owner, name, cls, attribute)

    def _add(self, name: str, definition: Definition) -> str:
        name = self._found.put(name, Part(definition.digest, definition.text))
        for spot in definition.blind_spots:
            self._found.add_blind_spot(f"{name}, {spot}")
        return name

    def note_package(self, module: str) -> None:
        """Let the version of the package of ``module`` count."""
        self._package(module)

    def _package(self, module: str | None, value: Any = None) -> str:
        top = (module or "builtins").partition(".")[0]
        if not (is_standard(top) or is_ours(top) or top in self._found.packages):
            version = self._definitions.version(top)
            if version is not None:
                self._found.packages[top] = version
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        return f"package {top} {name}"

    def _whole_module(self, module: ModuleType) -> str:
        if is_project_module(module.__name__):
            self._found.add_blind_spot(f"module {module.__name__} is handed on as a whole")
            return f"module {module.__name__}"
        return self._package(module.__name__, module)

    # -- names ---------------------------------------------------------------------------------

    def _resolve(
        self, path: Path, namespace: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], str, Any] | None:
        self.observations.note(_what_stands_for, path, namespace)
        return resolve(path, namespace)

    def refer(self, owner: str, path: Path, namespace: Mapping[str, Any]) -> None:
        """Follow what ``path`` stands for in the module with ``namespace``."""
        if path[0].startswith("__") and path[0].endswith("__"):
            return
        found = self._resolve(path, namespace)
        if found is None:
            if not hasattr(builtins, path[0]):
                self.observations.give_up()
                self._found.connect(owner, ".".join(path), "missing")
            return
        where, name, value = found
        reference = ".".join(path)
        if isinstance(value, ModuleType):
            if is_extension(value) and is_project_module(value.__name__):
                self._found.add_blind_spot(f"module {value.__name__} is compiled")
            self._found.connect(owner, reference, self.follow(value))
        elif is_code(value):
            self._found.connect(owner, reference, self.follow(value))
        else:
            self._values.refer(owner, reference, (where, name, value))

    def _import(
        self,
        owner: str,
        place: str,
        statement: tuple[str, int, str],
        importer: Any,
        definition: Definition | None = None,
    ) -> None:
        """Follow an import inside a function or method, importing the project's module."""
        module, level, taken = statement
        written = f"{'.' * level}{module}"
        names = (definition or self._definitions.of_function(importer)).names
        try:
            absolute = absolute_name(written, package_of(importer))
            if not is_project_import(absolute):
                self._package(absolute)
                return
            self.observations.give_up()
            namespace = vars(importlib.import_module(absolute))
            if taken:
                if taken not in namespace and taken != "*":
                    importlib.import_module(f"{absolute}.{taken}")
                self.refer(owner, (taken,), namespace)
        except Exception as error:  # noqa: BLE001 - whatever the user's module raises
            self.observations.give_up()
            spot = f"{place}: the import of {written} fails: {type(error).__name__}"
            self._found.add_blind_spot(spot)
            return
        for whole in () if taken else (written, written.partition(".")[0]):
            for path in sorted(names.imported.get(whole, ())):
                if path:
                    root = sys.modules[whole.lstrip(".") if not level else absolute]
                    self.refer(owner, path, vars(root))

    def _note_changes(self, definition: Definition, namespace: Mapping[str, Any]) -> None:
        self._found.attributes |= definition.names.attributes
        changed = (self._resolve(path, namespace) for path in definition.names.changed)
        self._values.note_changes(filter(None, changed), definition.names.set_attributes)


def _what_stands_for(path: Path, namespace: Mapping[str, Any]) -> Any:
    found = resolve(path, namespace)
    return None if found is None else (found[0], found[1], token(found[2]))


def _content(cell: CellType) -> Any:
    return cell.cell_contents
