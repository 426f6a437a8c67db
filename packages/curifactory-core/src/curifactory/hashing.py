"""Hashes of parameter sets: the name under which their artifacts are cached.

A hash is the hexadecimal sum of ``md5(field name + representation)`` over the fields. A sum does
not depend on the order of fields, and a field without representation (``None``, or ignored) adds
nothing, so that adding such a field to a class keeps every hash there was.

Plain values are represented by their ``repr``. Where a ``repr`` would let two different values
share a hash, or give one value two, the representation is structural: see :func:`represent`.
"""

import dataclasses
import functools
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import md5, sha256
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

from curifactory.exceptions import UnhashableParameterError

HashFunction = Callable[[Any, Any], object]
"""``(parameter set, value) -> representation``; ``None`` leaves the field out."""

OWN_FIELDS = frozenset({"name", "hash", "overwrite", "hash_representations"})
"""Fields of every parameter set that never count."""

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ComputedHash(str):
    """A hash that curifactory computed: computed again when the fields may have changed.

    A plain ``str`` in ``ExperimentParameters.hash`` is one the user set, and stays.
    """

    __slots__ = ()


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
    total = sum(
        int.from_bytes(md5(f"{path}{text}".encode(), usedforsecurity=False).digest(), "big")
        for path, text in _leaves(hash_values(parameter_set), "")
    )
    return f"{total:x}"


def hash_values(parameter_set: Any, _path: str = "") -> dict[str, tuple[str, Any]]:
    """Return ``{field: (strategy, representation)}`` for every field.

    The strategy says in words how the representation came about; a representation of ``None``
    does not count, one that is a dictionary belongs to a nested dataclass.
    """
    functions = getattr(parameter_set, "hash_representations", None) or {}
    own = OWN_FIELDS if _is_parameter_set(parameter_set) else frozenset()
    return {
        field.name: _field_value(parameter_set, field.name, functions, own, _path)
        for field in dataclasses.fields(parameter_set)
    }


def _is_parameter_set(value: Any) -> bool:
    owner = value if isinstance(value, type) else type(value)
    return {field.name for field in dataclasses.fields(owner)} >= OWN_FIELDS


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


def _nested_values(value: Any, where: str) -> dict[str, tuple[str, Any]]:
    """Return a nested dataclass's values; its class counts, unlike that of the set itself."""
    kind = {"__class__": ("type(x).__qualname__", type(value).__qualname__)}
    return kind | hash_values(value, f"{where}.")


def is_nested(strategy: str) -> bool:
    """Tell whether ``strategy`` is that of a nested dataclass, represented by a dictionary."""
    return strategy.startswith("get_param_set_hash_values(")


def _leaves(values: Mapping[str, tuple[str, Any]], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, (strategy, representation) in values.items():
        if is_nested(strategy):
            found.extend(_leaves(representation, f"{prefix}{name}."))
        elif representation is not None:
            found.append((f"{prefix}{name}", str(representation)))
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


def represent(value: Any, where: str = "value") -> str:
    """Return a text that is equal for equal values, in every process, and differs otherwise.

    Plain values and containers of them give their ``repr``. Functions and classes give their
    qualified name, to which lambdas and closures add a digest of code and captured values. Sets
    are sorted; arrays and frames give type, shape, dtype and a digest of their content;
    dataclasses, ``functools.partial`` and bound methods are represented member by member.

    Raises
    ------
    UnhashableParameterError
        If the value's ``repr`` holds a memory address. ``where`` names the field.

    """
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, type):
        return value.__qualname__
    for matches, describe in _RULES:
        if matches(value):
            return describe(value, where)
    return _checked_repr(value, where)


def _checked_repr(value: Any, where: str) -> str:
    text = repr(value)
    if _ADDRESS.search(text):
        raise UnhashableParameterError(
            f"parameter {where!r} holds {text}, whose representation contains a memory address and "
            "would give another hash in every run. Give its class a __repr__ that shows its "
            "content, or say how it counts: hash_representations: dict = set_hash_functions("
            f"{where.rpartition('.')[2]}=lambda params, value: ...), or =None to ignore it."
        )
    return text


def _items(values: Sequence[Any], where: str) -> str:
    return ", ".join(represent(value, where) for value in values)


def _represent_list(value: list[Any], where: str) -> str:
    return f"[{_items(value, where)}]"


def _represent_tuple(value: tuple[Any, ...], where: str) -> str:
    return f"({_items(value, where)}{',' if len(value) == 1 else ''})"


def _represent_dict(value: dict[Any, Any], where: str) -> str:
    pairs = (f"{represent(key, where)}: {represent(item, where)}" for key, item in value.items())
    return f"{{{', '.join(pairs)}}}"


def _represent_set(value: set[Any] | frozenset[Any], where: str) -> str:
    if len({type(member) for member in value} & {int, str, float, bytes}) == 1:
        members = [represent(member, where) for member in sorted(value)]
    else:
        members = sorted(represent(member, where) for member in value)
    body = f"{{{', '.join(members)}}}" if members else ""
    if isinstance(value, frozenset):
        return f"frozenset({body})"
    return body or "set()"


def _represent_dataclass(value: Any, where: str) -> str:
    members = ", ".join(
        f"{field.name}={represent(getattr(value, field.name, None), where)}"
        for field in dataclasses.fields(value)
        if field.name != "hash_representations"
    )
    return f"{type(value).__qualname__}({members})"


def _represent_partial(value: "functools.partial[Any]", where: str) -> str:
    keywords = _represent_dict(dict(sorted(value.keywords.items())), where)
    positional = _represent_tuple(value.args, where)
    return f"partial({represent(value.func, where)}, {positional}, {keywords})"


def _represent_method(value: MethodType, where: str) -> str:
    return f"{value.__func__.__qualname__} of {represent(value.__self__, where)}"


def _represent_function(value: FunctionType, where: str) -> str:
    if value.__name__ != "<lambda>" and not value.__closure__:
        return value.__qualname__
    captured = [cell.cell_contents for cell in value.__closure__ or ()]
    parts = [_code_text(value.__code__), value.__defaults__, value.__kwdefaults__, captured]
    digest = sha256(represent(parts, where).encode()).hexdigest()[:32]
    return f"{value.__qualname__} {digest}"


def _code_text(code: CodeType) -> str:
    """Return what a function does, as text: not where it stands in its file."""
    constants = [
        _code_text(constant) if isinstance(constant, CodeType) else represent(constant)
        for constant in code.co_consts
    ]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {constants}"


def _represent_array(value: Any, where: str) -> str:
    if value.dtype.hasobject:
        content = represent(value.tolist(), where).encode()
    else:
        content = value.tobytes()
    return f"{_type_name(value)} {value.shape} {value.dtype} {sha256(content).hexdigest()}"


def _represent_frame(value: Any, where: str) -> str:
    pandas = sys.modules["pandas"]
    frame = value.to_frame() if hasattr(value, "to_frame") else value
    digest = sha256(represent([list(frame.columns), list(frame.index.names)], where).encode())
    digest.update(represent([str(dtype) for dtype in frame.dtypes], where).encode())
    try:
        digest.update(pandas.util.hash_pandas_object(frame, index=True).to_numpy().tobytes())
    except TypeError:  # cells that cannot be hashed, such as lists
        digest.update(represent(frame.reset_index().to_numpy().tolist(), where).encode())
    return f"{_type_name(value)} {value.shape} {digest.hexdigest()}"


def _type_name(value: object) -> str:
    return f"{type(value).__module__.split('.')[0]}.{type(value).__qualname__}"


def _is_array(value: Any) -> bool:
    return "numpy" in sys.modules and isinstance(value, sys.modules["numpy"].ndarray)


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series | pandas.Index)


_Rule = tuple[Callable[[Any], bool], Callable[[Any, str], str]]
_RULES: tuple[_Rule, ...] = (
    (lambda value: type(value) is list, _represent_list),
    (lambda value: type(value) is tuple, _represent_tuple),
    (lambda value: type(value) is dict, _represent_dict),
    (lambda value: type(value) in (set, frozenset), _represent_set),
    (lambda value: isinstance(value, FunctionType), _represent_function),
    (
        lambda value: isinstance(value, BuiltinFunctionType),
        lambda value, where: str(value.__qualname__),
    ),
    (lambda value: isinstance(value, MethodType), _represent_method),
    (lambda value: isinstance(value, functools.partial), _represent_partial),
    (dataclasses.is_dataclass, _represent_dataclass),
    (_is_array, _represent_array),
    (_is_frame, _represent_frame),
)


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
