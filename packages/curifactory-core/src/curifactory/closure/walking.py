"""The closure of a stage: from its function to everything of the project that it reaches."""

import builtins
import importlib
import importlib.util
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import CellType, FunctionType, ModuleType
from typing import Any

from curifactory.closure.defining import Definition, Definitions, Path, paths_in
from curifactory.closure.normalising import digest, normalise
from curifactory.closure.observing import (
    Observations,
    class_facts,
    function_facts,
    is_plain,
    token,
    wrapped_by,
)
from curifactory.closure.parts import Closure, Part
from curifactory.closure.placing import (
    is_extension,
    is_ours,
    is_project_file,
    is_project_module,
    is_standard,
)
from curifactory.closure.resolving import (
    is_code,
    is_project_import,
    origin,
    owner_module,
    package_of,
    resolve,
)
from curifactory.closure.sources import SourceFile, Sources
from curifactory.closure.values import (
    CHANGEABLE,
    UnknownValueError,
    ValueText,
    untold_attributes,
)


class _Constant:
    """A name of a module that stands for a value, and who names it."""

    def __init__(self, namespace: Mapping[str, Any], name: str, value: Any) -> None:
        self.namespace, self.name, self.value = namespace, name, value
        self.references: list[tuple[str, str]] = []
        self.digest = ""


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
        self._values = ValueText(self._follow_inside, root)
        self._values_again = ValueText(_refuse_code, root)
        self._inside: list[str] = []
        self._parts: dict[str, Part] = {}
        self._edges: set[tuple[str, str, str]] = set()
        self._packages: dict[str, str] = {}
        self._blind_spots: dict[str, None] = {}
        self._known: dict[int, tuple[Any, str]] = {}
        self._pending: deque[Callable[[], None]] = deque()
        self._constants: dict[tuple[int, str], _Constant] = {}
        self._changed: set[tuple[int, str]] = set()
        self._attributes: set[str] = set()
        self._set_attributes: set[str] = set()
        self._class_values: list[tuple[str, str, type, str]] = []
        """Attributes that no source tells: digest and name of the class, it, and their name."""

    def closure(self, function: Any | None, more: Iterable[tuple[str, Any]] = ()) -> Closure:
        """Return everything that is reached from ``function``, and from ``more`` by name."""
        if function is not None:
            self._edges.add(("", "", self.follow(function)))
        for name, value in more:
            self._value("", name, value)
        self._finish()
        lines = sorted(part.digest for part in self._parts.values())
        lines += sorted(" ".join(edge) for edge in self._edges)
        return Closure(
            digest("\n".join(lines)),
            dict(sorted(self._parts.items())),
            dict(sorted(self._packages.items())),
            tuple(self._blind_spots),
            frozenset(self._attributes),
        )

    def _finish(self) -> None:
        """Follow what is pending; constants last, when it is known what changes them."""
        done: set[tuple[int, str]] = set()
        while self._pending or len(done) < len(self._constants):
            while self._pending:
                self._pending.popleft()()
            for key in [key for key in self._constants if key not in done]:
                done.add(key)
                self._settle(self._constants[key])
        for constant in self._constants.values():
            for owner, reference in constant.references:
                self._edges.add((owner, reference, constant.digest))
        used = self._attributes - self._set_attributes
        for owner, name, cls, attribute in self._class_values:
            if attribute in used:
                read = partial(vars(cls).__getitem__, attribute)
                self._value(owner, f"{name}.{attribute}", read(), read)

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
            self._refer(owner, path, namespace)
        for module, level, taken in sorted(definition.names.imports):
            self._import(owner, name, (module, level, taken), function)
        if getattr(function, "__wrapped__", None) is not None:
            self._edges.add((owner, "__wrapped__", self.follow(function.__wrapped__)))  # type: ignore[attr-defined]
        captured = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for variable, cell in captured:
            try:
                value = cell.cell_contents
            except ValueError:  # not set yet
                continue
            changes = (variable,) in definition.names.changed
            if is_code(value) or not changes:
                self._value(owner, f"{name}.{variable}", value, partial(_content, cell))
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            if is_code(default):
                self._edges.add((owner, "default", self.follow(default)))

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
            self._refer(owner, path, namespace)
        for module, level, taken in sorted(definition.names.imports):
            self._import(owner, name, (module, level, taken), cls, definition)
        for base in (*cls.__bases__, type(cls)):
            if base not in {object, type}:
                self._edges.add((owner, "base", self.follow(base)))
        for member in definition.elsewhere:
            self._edges.add((owner, "member", self.follow(member)))
        for attribute in untold_attributes(cls, definition.literals):
            self._class_values.append((owner, name, cls, attribute))

    def _put(self, name: str, part: Part) -> str:
        known = self._parts.get(name)
        if known is not None and known.digest != part.digest:
            name = f"{name}@{part.digest[:6]}"  # such as two lambdas of one function
        self._parts[name] = part
        return name

    def _add(self, name: str, definition: Definition) -> str:
        name = self._put(name, Part(definition.digest, definition.text))
        for spot in definition.blind_spots:
            self._blind_spots[f"{name}, {spot}"] = None
        return name

    def note_package(self, module: str) -> None:
        """Let the version of the package of ``module`` count."""
        self._package(module)

    def _package(self, module: str | None, value: Any = None) -> str:
        top = (module or "builtins").partition(".")[0]
        if not (is_standard(top) or is_ours(top) or top in self._packages):
            version = self._definitions.version(top)
            if version is not None:
                self._packages[top] = version
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        return f"package {top} {name}"

    def _whole_module(self, module: ModuleType) -> str:
        if is_project_module(module.__name__):
            self._blind_spots[f"module {module.__name__} is handed on as a whole"] = None
            return f"module {module.__name__}"
        return self._package(module.__name__, module)

    # -- names ---------------------------------------------------------------------------------

    def _resolve(
        self, path: Path, namespace: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], str, Any] | None:
        self.observations.note(_what_stands_for, path, namespace)
        return resolve(path, namespace)

    def _refer(self, owner: str, path: Path, namespace: Mapping[str, Any]) -> None:
        """Follow what ``path`` stands for in the module with ``namespace``."""
        if path[0].startswith("__") and path[0].endswith("__"):
            return
        found = self._resolve(path, namespace)
        if found is None:
            if not hasattr(builtins, path[0]):
                self.observations.give_up()
                self._edges.add((owner, ".".join(path), "missing"))
            return
        where, name, value = found
        reference = ".".join(path)
        if isinstance(value, ModuleType):
            if is_extension(value) and is_project_module(value.__name__):
                self._blind_spots[f"module {value.__name__} is compiled"] = None
            self._edges.add((owner, reference, self.follow(value)))
        elif is_code(value):
            self._edges.add((owner, reference, self.follow(value)))
        else:
            self._constant(where, name, value).references.append((owner, reference))

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
            absolute = importlib.util.resolve_name(written, package_of(importer))
            if not is_project_import(absolute):
                self._package(absolute)
                return
            self.observations.give_up()
            namespace = vars(importlib.import_module(absolute))
            if taken:
                if taken not in namespace and taken != "*":
                    importlib.import_module(f"{absolute}.{taken}")
                self._refer(owner, (taken,), namespace)
        except Exception as error:  # noqa: BLE001 - whatever the user's module raises
            self.observations.give_up()
            spot = f"{place}: the import of {written} fails: {type(error).__name__}"
            self._blind_spots[spot] = None
            return
        for whole in () if taken else (written, written.partition(".")[0]):
            for path in sorted(names.imported.get(whole, ())):
                if path:
                    root = sys.modules[whole.lstrip(".") if not level else absolute]
                    self._refer(owner, path, vars(root))

    def _note_changes(self, definition: Definition, namespace: Mapping[str, Any]) -> None:
        self._attributes |= definition.names.attributes
        self._set_attributes |= definition.names.set_attributes
        for path in definition.names.changed:
            found = self._resolve(path, namespace)
            if found is not None:
                self._changed.add((id(found[0]), found[1]))

    # -- values --------------------------------------------------------------------------------

    def _value(
        self, owner: str, name: str, value: Any, read: Callable[[], Any] | None = None
    ) -> None:
        """Let a captured variable count, as far as a text stands for it.

        ``read`` returns it again later.
        """
        if is_code(value):
            self._edges.add((owner, name.rpartition(".")[2], self.follow(value)))
            return
        try:
            text, code = self._text(value, read)
        except UnknownValueError as error:
            self._blind_spots[f"{name} is captured, and {error}"] = None
            return
        short = name.rpartition(".")[2]
        self._put(name, Part(digest(text), f"{short} = {text}\n"))
        self._edges.add((owner, short, code))

    def _text(self, value: Any, read: Callable[[], Any] | None) -> tuple[str, str]:
        """Return what stands for a value, and for the code inside it; ``read`` returns it later."""
        self._inside = []
        try:
            text = self._values.of(value)
        except UnknownValueError:
            self.observations.give_up()
            raise
        if self._inside or read is None:
            self.observations.give_up()
        elif not is_plain(value):
            self.observations.note(_text_again, self._values_again, read)
        return text, " ".join(self._inside)

    def _follow_inside(self, value: Any) -> str:
        self._inside.append(self.follow(value))
        return str(getattr(value, "__qualname__", type(value).__qualname__))

    def _constant(self, namespace: Mapping[str, Any], name: str, value: Any) -> _Constant:
        sources = self._definitions.sources
        self.observations.note(_origin_again, namespace, name, sources)
        namespace, name = origin(namespace, name, value, sources)
        key = id(namespace), name
        if key not in self._constants:
            self._constants[key] = _Constant(namespace, name, value)
        return self._constants[key]

    def _file(self, namespace: Mapping[str, Any]) -> SourceFile | None:
        name = namespace.get("__file__")
        return self._definitions.sources.file(name) if isinstance(name, str) else None

    def _settle(self, constant: _Constant) -> None:
        """Find what stands for a constant: its value, or the source where that may change."""
        name = f"{constant.namespace.get('__name__')}.{constant.name}"
        changes = (id(constant.namespace), constant.name) in self._changed
        reason = "it changes while stages run"
        if not changes:
            try:
                namespace, own_name = constant.namespace, constant.name
                text, code = self._text(constant.value, lambda: namespace[own_name])
            except UnknownValueError as error:
                reason = str(error)
            else:
                constant.digest = digest(text)
                shown = f"{constant.name} = {text}\n"
                self._parts[name] = Part(constant.digest, shown)
                self._edges.add((constant.digest, "", code))
                return
        self.observations.give_up()  # a file can be asked, but what its statements name is much
        file = self._file(constant.namespace)
        nodes = [] if file is None else file.bindings.get(constant.name, [])
        if file is None or not nodes:
            self._blind_spots[f"{name} cannot be followed: {reason}"] = None
            constant.digest = "unknown"
            return
        if isinstance(constant.value, CHANGEABLE):
            self._blind_spots[f"{name}: only the code that sets it counts: {reason}"] = None
        constant.digest = digest(normalise(nodes))
        self._parts[name] = Part(constant.digest, "".join(map(file.segment, nodes)))
        for path in sorted(paths_in(nodes)):
            if path[0] != constant.name:
                self._refer(constant.digest, path, constant.namespace)


def _what_stands_for(path: Path, namespace: Mapping[str, Any]) -> Any:
    found = resolve(path, namespace)
    return None if found is None else (found[0], found[1], token(found[2]))


def _origin_again(namespace: Mapping[str, Any], name: str, sources: Sources) -> tuple[Any, str]:
    return origin(namespace, name, namespace[name], sources)


def _content(cell: CellType) -> Any:
    return cell.cell_contents


def _text_again(values: ValueText, read: Callable[[], Any]) -> str:
    return values.of(read())


def _refuse_code(value: Any) -> str:
    raise UnknownValueError(f"{value!r} is code, where there was none")
