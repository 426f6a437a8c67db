"""Hashes of parameter sets: the name under which their artifacts are cached.

A hash is the hexadecimal sum of ``md5(field name + representation)`` over the fields. A sum does
not depend on the order of fields, and a field without representation (``None``, or ignored) adds
nothing, so that adding such a field to a class keeps every hash there was.

Plain values are represented by their ``repr``. Where a ``repr`` would let two different values
share a hash, or give one value two, the representation is structural: see :func:`represent`.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import attrgetter, is_
from typing import Any, Self

from curifactory.digests import md5
from curifactory.representing import PLAIN_TYPES, field_names, origin, own_fields, represent

HashFunction = Callable[[Any, Any], object]
"""``(parameter set, value) -> representation``; ``None`` leaves the field out."""


class ComputedHash(str):
    """A hash that curifactory computed: computed again when the fields may have changed.

    A plain ``str`` in ``ExperimentParameters.hash`` is one the user set, and stays.
    """

    __slots__ = ("_plain",)
    _plain: tuple[Any, ...] | None

    @classmethod
    def of(cls, parameter_set: Any) -> Self:
        """Return the hash of a parameter set, whatever its ``hash`` field says."""
        found = cls(hash_parameters(parameter_set))
        found._plain = _plain_values(parameter_set)
        return found

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (str(self),)  # elsewhere the set's class may not be at hand

    def is_known_of(self, parameter_set: Any) -> bool:
        """Tell whether it must be the hash of a parameter set, as no value is another object."""
        plain = getattr(self, "_plain", None)
        if plain is None:
            return False
        values = _values(parameter_set)
        return values is not None and len(values) == len(plain) and all(map(is_, values, plain))


class NestedValues(dict[str, tuple[str, Any]]):
    """The ``{field: (strategy, representation)}`` of a nested dataclass."""


def set_hash_functions(
    *args: Mapping[str, HashFunction | None], **kwargs: HashFunction | None
) -> Any:
    """Return a dataclass field that says how parameters count in the hash.

    Parameters
    ----------
    *args
        At most one dictionary ``{field name: function or None}``. ``None`` leaves the field out
        of the hash, a function ``(parameter_set, value)`` returns its representation.
    **kwargs
        The same as keywords; they win over the dictionary.

    Raises
    ------
    ValueError
        If the positional argument is not a dictionary.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from curifactory import ExperimentParameters
    >>> @dataclass
    ... class Params(ExperimentParameters):
    ...     num_gpus: int = 1
    ...     hash_representations: dict = set_hash_functions(num_gpus=None)
    >>> Params(num_gpus=1).params_hash() == Params(num_gpus=8).params_hash()
    True

    """
    if len(args) > 1 or (args and not isinstance(args[0], Mapping)):
        raise ValueError(
            "set_hash_functions takes one dictionary {field name: function or None}, "
            f"or keywords; got {args!r}"
        )
    functions = {**(args[0] if args else {}), **kwargs}
    return dataclasses.field(default_factory=lambda: dict(functions), repr=False)


def hash_parameters(parameter_set: Any) -> str:
    """Return the hash of a parameter set, whatever its ``hash`` field says.

    Raises
    ------
    UnhashableParameterError
        If a value has no representation that is the same in every process.

    """
    leaves = list(_leaves(parameter_set))
    ambiguous = _prefixes(tuple(path for path, _ in leaves))
    total = 0
    for path, text in leaves:
        key = f"{path}{text}"
        if path in ambiguous and any(key.startswith(longer) for longer in ambiguous[path]):
            key = f"{path}\0{text}"  # "x" + "12" must differ from "x1" + "2"
        total += _term(key)
    return f"{total:x}"


def hash_param_set(
    param_set: Any,
    store_in_registry: bool = False,
    registry_path: str | None = None,
    dry: bool = False,
) -> str | dict[str, tuple[str, Any]]:
    """Return the hash of a parameter set, which is filled in, or how it comes about.

    Parameters
    ----------
    param_set
        The parameter set.
    store_in_registry
        Write down what the hash stands for, as records of recorded runs do.
    registry_path
        The ``manager_cache_path`` to write below; ``None`` for the configuration's.
    dry
        Only return ``{field: (strategy, representation)}``; nothing is filled in or written.

    """
    if dry:
        return hash_values(param_set)
    hash_: str = param_set.fill_hash()
    if store_in_registry:
        from curifactory.config import get_configuration
        from curifactory.registry import ParameterRegistry

        folder = registry_path or get_configuration().manager_cache_path
        registry = ParameterRegistry(folder)
        registry.register_parameters(param_set, keep=True)
        registry.export_new()
    return hash_


def _values(parameter_set: Any) -> tuple[Any, ...] | None:
    """Return class and values of a set, all of which count as they are; ``None`` for any other."""
    if getattr(parameter_set, "hash_representations", None):
        return None
    try:
        return _reader(parameter_set.__class__)(parameter_set)
    except AttributeError:  # a field that was never set
        return None


def _plain_values(parameter_set: Any) -> tuple[Any, ...] | None:
    """Return class and values of a set, if none of them can change and all count as they are."""
    values = _values(parameter_set)
    return values if values and PLAIN_TYPES.issuperset(map(type, values[1:])) else None


@lru_cache(maxsize=64)
def _reader(cls: type) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the class of a parameter set, and the values that count."""
    names = [name for name in field_names(cls) if name not in own_fields(cls)]
    return attrgetter("__class__", *names) if names else lambda each: (each.__class__,)


def _leaves(parameter_set: Any) -> Iterator[tuple[str, str]]:
    """Yield path and text of every field that counts, as :func:`counted` does of all values."""
    functions = getattr(parameter_set, "hash_representations", None) or {}
    own = own_fields(parameter_set.__class__)
    for name in field_names(parameter_set.__class__):
        if name in own:
            continue
        value = getattr(parameter_set, name, None)
        if type(value) in PLAIN_TYPES and name not in functions:
            if value is not None:
                yield name, repr(value)
        else:
            yield from counted({name: _field_value(parameter_set, name, functions, own, "")})


@lru_cache(maxsize=64)
def _prefixes(paths: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the paths that others begin with, each with those others."""
    found: dict[str, tuple[str, ...]] = {}
    ordered = sorted(paths)
    for place, path in enumerate(ordered):
        for other in islice(ordered, place + 1, None):
            if not other.startswith(path):
                break  # what begins with it follows it directly
            found[path] = (*found.get(path, ()), other)
    return found


@lru_cache(maxsize=4096)
def _term(key: str) -> int:
    """Return what a field adds to the hash; sets of one experiment share most of their values."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest(), "big")


def hash_values(parameter_set: Any, _path: str = "") -> dict[str, tuple[str, Any]]:
    """Return ``{field: (strategy, representation)}`` for every field.

    The strategy says in words how the representation came about; a representation of ``None``
    does not count, one that is a :class:`NestedValues` belongs to a nested dataclass.
    """
    functions = getattr(parameter_set, "hash_representations", None) or {}
    own = own_fields(parameter_set.__class__)
    return {
        name: _field_value(parameter_set, name, functions, own, _path)
        for name in field_names(parameter_set.__class__)
    }


def _field_value(
    owner: Any,
    name: str,
    functions: Mapping[str, HashFunction | None],
    own: frozenset[str],
    path: str,
) -> tuple[str, Any]:
    if name in own:
        return "SKIPPED: blacklist", None
    value = getattr(owner, name, None)
    if name in functions:
        function = functions[name]
        if function is None:
            return "SKIPPED: set to None in hash_representations", None
        strategy = f"param_set.hash_representations['{name}'](param_set, {name})"
        return strategy, function(owner, value)
    if value is None:
        return "SKIPPED: value is None", None
    where = f"{path}{name}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        strategy = f"get_param_set_hash_values(param_set, {name})"
        return strategy, _nested_values(value, where)
    if hasattr(value, "__qualname__"):
        return f"{name}.__qualname__", represent(value, where)
    return f"repr({name})", represent(value, where)


def _nested_values(value: Any, where: str) -> NestedValues:
    """Return a nested dataclass's values; its class counts, unlike that of the set itself."""
    kind = {"__class__": ("type(x).__qualname__", type(value).__qualname__)}
    return NestedValues(kind | hash_values(value, f"{where}."))


def counted(values: Mapping[str, tuple[str, Any]], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every field that counts, nested ones as ``outer.inner``."""
    for name, (_, representation) in values.items():
        if isinstance(representation, NestedValues):
            yield from counted(representation, f"{prefix}{name}.")
        elif representation is not None:
            yield f"{prefix}{name}", str(representation)


def identity(parameter_set: Any) -> dict[str, str]:
    """Return what a hash stands for, in more detail than the hash: functions with their modules."""
    found = dict(_leaves(parameter_set))
    for name in field_names(parameter_set.__class__):
        if name in found:
            defined = origin(getattr(parameter_set, name, None))
            if defined is not None:
                found[name] += f" ({defined})"
    return found


def describe_parameters(parameter_set: Any) -> dict[str, Any]:
    """Return ``{field: text or nested dictionary}`` of every field, for people to read."""
    described: dict[str, Any] = {}
    for field in dataclasses.fields(parameter_set):
        if field.name == "hash_representations":
            continue
        value = getattr(parameter_set, field.name, None)
        nested = dataclasses.is_dataclass(value) and not isinstance(value, type)
        described[field.name] = describe_parameters(value) if nested else _text(value)
    return described


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(getattr(value, "__qualname__", value))


def combine_hashes(active: str | None, inputs: Sequence[str]) -> str:
    """Return the hash of an aggregate over records.

    Parameters
    ----------
    active
        Hash of the aggregate's own parameter set, ``None`` if it has none.
    inputs
        Hashes of the records it runs over, in any order; ``"None"`` for one without parameters.

    """
    text = str([active or "None", *sorted(inputs)])
    return md5(text.encode(), usedforsecurity=False).hexdigest()
