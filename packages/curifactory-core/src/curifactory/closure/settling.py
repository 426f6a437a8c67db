"""The values that code reads: constants, captured variables, and attributes of classes."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from curifactory.closure.defining import Path, paths_in
from curifactory.closure.normalising import digest, normalise
from curifactory.closure.observing import Observations, is_plain
from curifactory.closure.parts import Findings, Part
from curifactory.closure.resolving import is_code, origin
from curifactory.closure.sources import SourceFile, Sources
from curifactory.closure.values import CHANGEABLE, UnknownValueError, ValueText

Place = tuple[Mapping[str, Any], str, Any]
"""A module's namespace, a name in it, and what that stands for."""


class Follower(Protocol):
    """Follows the code that values lead to."""

    observations: Observations

    def follow(self, value: Any) -> str:
        """Return what stands for a piece of code."""

    def refer(self, owner: str, path: Path, namespace: Mapping[str, Any]) -> None:
        """Follow what ``path`` stands for in the module with ``namespace``."""


class _Constant:
    """A name of a module that stands for a value, and who names it."""

    def __init__(self, namespace: Mapping[str, Any], name: str, value: Any) -> None:
        self.namespace, self.name, self.value = namespace, name, value
        self.references: list[tuple[str, str]] = []
        self.digest = ""

    @property
    def full_name(self) -> str:
        """Module and name."""
        return f"{self.namespace.get('__name__')}.{self.name}"


class ReadValues:
    """What stands for the values that the code on a walk reads.

    For constants and attributes that is told last, when it is known what changes them.

    Parameters
    ----------
    follower
        Follows the code inside of values.
    found
        Where parts, edges and blind spots are put.
    sources
        The files of the project.
    root
        The project's folder.

    """

    def __init__(self, follower: Follower, found: Findings, sources: Sources, root: str) -> None:
        self._follower, self._found, self._sources = follower, found, sources
        self._texts = ValueText(self._follow_inside, root)
        self._texts_again = ValueText(_refuse_code, root)
        self._inside: list[str] = []
        self._constants: dict[tuple[int, str], _Constant] = {}
        self._settled: set[tuple[int, str]] = set()
        self._changed: set[tuple[int, str]] = set()
        self._set_attributes: set[str] = set()
        self._attributes: list[tuple[str, str, type, str]] = []

    def read(
        self, owner: str, name: str, value: Any, again: Callable[[], Any] | None = None
    ) -> None:
        """Let a value count, as far as a text stands for it.

        Parameters
        ----------
        owner
            Digest of the part that reads it.
        name
            Where it is found.
        value
            It.
        again
            Returns it later.

        """
        short = name.rpartition(".")[2]
        if is_code(value):
            self._found.connect(owner, short, self._follower.follow(value))
            return
        try:
            text, code = self._text(value, again)
        except UnknownValueError as error:
            self._found.add_blind_spot(f"{name} is captured, and {error}")
            return
        self._found.put(name, Part(digest(text), f"{short} = {text}\n"))
        self._found.connect(owner, short, code)

    def refer(self, owner: str, reference: str, place: Place) -> None:
        """Let a constant count that the part with digest ``owner`` calls ``reference``."""
        namespace, name, value = place
        self._follower.observations.note(_origin_again, namespace, name, self._sources)
        namespace, name = origin(namespace, name, value, self._sources)
        constant = _Constant(namespace, name, value)
        constant = self._constants.setdefault((id(namespace), name), constant)
        constant.references.append((owner, reference))

    def may_read_attribute(self, owner: str, name: str, cls: type, attribute: str) -> None:
        """Let an attribute that no source tells count, if code reads it and none sets it.

        ``owner`` and ``name`` are those of the class.
        """
        self._attributes.append((owner, name, cls, attribute))

    def note_changes(self, constants: Iterable[Place], attributes: Iterable[str]) -> None:
        """Take note that code changes what these names of modules stand for, and attributes."""
        self._changed |= {(id(namespace), name) for namespace, name, _ in constants}
        self._set_attributes |= set(attributes)

    def settle_constants(self) -> bool:
        """Find what stands for the constants there are by now, and tell whether there were any.

        The code that they lead to is then to be followed.
        """
        unsettled = [key for key in self._constants if key not in self._settled]
        for key in unsettled:
            self._settled.add(key)
            self._settle(self._constants[key])
        return bool(unsettled)

    def finish(self) -> None:
        """Connect constants with those who name them, and let attributes count."""
        for constant in self._constants.values():
            for owner, reference in constant.references:
                self._found.connect(owner, reference, constant.digest)
        used = self._found.attributes - self._set_attributes
        for owner, name, cls, attribute in self._attributes:
            if attribute in used:
                again = partial(vars(cls).__getitem__, attribute)
                self.read(owner, f"{name}.{attribute}", again(), again)

    def _settle(self, constant: _Constant) -> None:
        """Find what stands for a constant: its value, or the source where that may change."""
        namespace, name = constant.namespace, constant.name
        if (id(namespace), name) in self._changed:
            self._settle_by_source(constant, "it changes while stages run")
            return
        try:
            text, code = self._text(constant.value, lambda: namespace[name])
        except UnknownValueError as error:
            self._settle_by_source(constant, str(error))
            return
        constant.digest = digest(text)
        self._found.parts[constant.full_name] = Part(constant.digest, f"{name} = {text}\n")
        self._found.connect(constant.digest, "", code)

    def _settle_by_source(self, constant: _Constant, reason: str) -> None:
        """Let the code that sets a constant stand for it."""
        name = constant.full_name
        self._follower.observations.give_up()  # a file can be asked, but what it names is much
        file = self._file(constant.namespace)
        nodes = [] if file is None else file.bindings.get(constant.name, [])
        if file is None or not nodes:
            self._found.add_blind_spot(f"{name} cannot be followed: {reason}")
            constant.digest = "unknown"
            return
        if isinstance(constant.value, CHANGEABLE):
            self._found.add_blind_spot(f"{name}: only the code that sets it counts: {reason}")
        constant.digest = digest(normalise(nodes))
        self._found.parts[name] = Part(constant.digest, "".join(map(file.segment, nodes)))
        for path in sorted(paths_in(nodes)):
            if path[0] != constant.name:
                self._follower.refer(constant.digest, path, constant.namespace)

    def _file(self, namespace: Mapping[str, Any]) -> SourceFile | None:
        name = namespace.get("__file__")
        return self._sources.file(name) if isinstance(name, str) else None

    def _text(self, value: Any, again: Callable[[], Any] | None) -> tuple[str, str]:
        """Return what stands for a value, and for the code in it; ``again`` returns it later."""
        observations = self._follower.observations
        self._inside = []
        try:
            text = self._texts.of(value)
        except UnknownValueError:
            observations.give_up()
            raise
        if self._inside or again is None:
            observations.give_up()
        elif not is_plain(value):
            observations.note(_text_again, self._texts_again, again)
        return text, " ".join(self._inside)

    def _follow_inside(self, value: Any) -> str:
        self._inside.append(self._follower.follow(value))
        return str(getattr(value, "__qualname__", type(value).__qualname__))


def _origin_again(namespace: Mapping[str, Any], name: str, sources: Sources) -> tuple[Any, str]:
    return origin(namespace, name, namespace[name], sources)


def _text_again(values: ValueText, read: Callable[[], Any]) -> str:
    return values.of(read())


def _refuse_code(value: Any) -> str:
    raise UnknownValueError(f"{value!r} is code, where there was none")
