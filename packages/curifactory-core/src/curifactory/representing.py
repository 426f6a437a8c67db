"""Texts that stand for values: equal for equal values, in every process, and else different."""

import dataclasses
import functools
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from curifactory.digests import sha256_of
from curifactory.exceptions import UnhashableParameterError

OWN_FIELDS = frozenset({"name", "hash", "overwrite", "hash_representations"})
"""Fields of every parameter set that never count."""

PLAIN_TYPES = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})
"""Types whose ``repr`` says all there is to say."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_CUT = re.compile(r"(?:^|[\s,\[({])\.\.\.(?:[\s,\])}]|$)")  # as numpy and its like cut long content


def represent(value: Any, where: str = "value") -> str:
    """Return a text that is equal for equal values, in every process, and differs otherwise.

    Plain values and containers of them give their ``repr``. Functions and classes give their
    qualified name, to which lambdas, inner functions and closures add a digest of code, defaults
    and captured values. Sets are sorted; arrays and frames give type, shape, dtype and a digest of
    their content; dataclasses, ``functools.partial`` and bound methods go member by member.

    Parameters
    ----------
    value
        Any object.
    where
        Names the field in messages.

    Raises
    ------
    UnhashableParameterError
        If the ``repr`` of an object holds a memory address, or was cut short with ``...``.

    """
    try:
        return _represent(value, where)
    except RecursionError as error:
        raise UnhashableParameterError(
            f"parameter {where!r} holds a {type(value).__qualname__} that contains itself; say how "
            f"it counts with set_hash_functions({where.rpartition('.')[2]}=...)."
        ) from error


def _represent(value: Any, where: str) -> str:
    if type(value) in PLAIN_TYPES:
        return repr(value)
    if isinstance(value, type):
        return value.__qualname__
    for matches, describe in _RULES:
        if matches(value):
            return describe(value, where)
    if callable(value) and hasattr(value, "__qualname__"):  # such as numpy's functions
        return str(value.__qualname__)
    return _checked_repr(value, where)


@functools.lru_cache(maxsize=64)
def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass."""
    return tuple(field.name for field in dataclasses.fields(cls))


@functools.lru_cache(maxsize=64)
def own_fields(cls: type) -> frozenset[str]:
    """Return the fields of a dataclass that never count: those every parameter set has."""
    return OWN_FIELDS if OWN_FIELDS.issubset(field_names(cls)) else frozenset()


def _checked_repr(value: Any, where: str) -> str:
    text = repr(value)
    problem = "contains a memory address" if _ADDRESS.search(text) else ""
    if _CUT.search(text):
        problem = "is cut short with '...'"
    if problem:
        raise UnhashableParameterError(
            f"parameter {where!r} holds {text[:200]}, whose representation {problem} and does not "
            "tell one value from another. Give its class a __repr__ that shows its content, or say "
            "how it counts: hash_representations: dict = set_hash_functions("
            f"{where.rpartition('.')[2]}=lambda params, value: ...), or =None to ignore it."
        )
    return text


def _items(values: Sequence[Any], where: str) -> str:
    return ", ".join(_represent(value, where) for value in values)


def _represent_list(value: list[Any], where: str) -> str:
    return _own_class(value, list, f"[{_items(value, where)}]")


def _represent_tuple(value: tuple[Any, ...], where: str) -> str:
    return _own_class(value, tuple, f"({_items(value, where)}{',' if len(value) == 1 else ''})")


def _represent_deque(value: "deque[Any]", where: str) -> str:
    limit = "" if value.maxlen is None else f", maxlen={value.maxlen}"
    return f"deque([{_items(list(value), where)}]{limit})"


def _represent_dict(value: dict[Any, Any], where: str) -> str:
    pairs = (f"{_represent(key, where)}: {_represent(item, where)}" for key, item in value.items())
    return _own_class(value, dict, f"{{{', '.join(pairs)}}}")


def _own_class(value: Any, base: type, text: str) -> str:
    """Return ``text``, or for a subclass its own ``repr`` where that says as much."""
    if type(value) is base:
        return text
    shown = repr(value)
    says_all = base.__repr__(value) == text  # type: ignore[call-arg]
    if says_all and shown != text and not _CUT.search(shown):
        return shown
    return f"{type(value).__qualname__}({text})"


def _represent_set(value: set[Any] | frozenset[Any], where: str) -> str:
    if len({type(member) for member in value}) == 1 and type(next(iter(value))) in _SORTABLE:
        members = [represent(member, where) for member in sorted(value)]
    else:
        members = sorted(represent(member, where) for member in value)
    body = f"{{{', '.join(members)}}}" if members else ""
    if isinstance(value, frozenset):
        return f"frozenset({body})"
    return body or "set()"


_SORTABLE = frozenset({int, str, float, bytes})


def _represent_dataclass(value: Any, where: str) -> str:
    functions = getattr(value, "hash_representations", None) or {}
    left_out = own_fields(value.__class__)
    members = ", ".join(
        f"{field.name}={_represent_member(value, field.name, functions, where)}"
        for field in dataclasses.fields(value)
        if field.name not in left_out and functions.get(field.name, field) is not None
    )
    return f"{type(value).__qualname__}({members})"


def _represent_member(owner: Any, name: str, functions: Mapping[str, Any], where: str) -> str:
    value = getattr(owner, name, None)
    return str(functions[name](owner, value)) if name in functions else represent(value, where)


def _represent_partial(value: "functools.partial[Any]", where: str) -> str:
    keywords = _represent_dict(dict(sorted(value.keywords.items())), where)
    positional = _represent_tuple(value.args, where)
    return f"partial({represent(value.func, where)}, {positional}, {keywords})"


def _represent_method(value: MethodType, where: str) -> str:
    return f"{value.__func__.__qualname__} of {represent(value.__self__, where)}"


def _represent_builtin(value: BuiltinFunctionType, where: str) -> str:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType | type):
        return value.__qualname__
    return f"{value.__qualname__} of {represent(owner, where)}"


def _represent_function(value: FunctionType, where: str) -> str:
    if "<" not in value.__qualname__ and not value.__closure__:
        return value.__qualname__
    captured = [
        "itself" if cell.cell_contents is value else cell.cell_contents
        for cell in value.__closure__ or ()
    ]
    parts = [_code_text(value.__code__), value.__defaults__, value.__kwdefaults__, captured]
    digest = sha256_of(represent(parts, where).encode())[:32]
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
    return f"{_type_name(value)} {value.shape} {value.dtype} {sha256_of(content)}"


def _represent_frame(value: Any, where: str) -> str:
    from hashlib import sha256  # frames are large

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
    (lambda value: isinstance(value, list), _represent_list),
    (lambda value: isinstance(value, tuple), _represent_tuple),
    (lambda value: isinstance(value, deque), _represent_deque),
    (lambda value: isinstance(value, dict), _represent_dict),
    (lambda value: isinstance(value, set | frozenset), _represent_set),
    (lambda value: isinstance(value, FunctionType), _represent_function),
    (lambda value: isinstance(value, BuiltinFunctionType), _represent_builtin),
    (lambda value: isinstance(value, MethodType), _represent_method),
    (lambda value: isinstance(value, functools.partial), _represent_partial),
    (dataclasses.is_dataclass, _represent_dataclass),
    (_is_array, _represent_array),
    (_is_frame, _represent_frame),
)


def origin(value: Any) -> str | None:
    """Return where a function or class is defined, ``None`` for other values.

    The qualified name alone does not tell ``a.build`` from ``b.build``.
    """
    if isinstance(value, type | FunctionType | BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    return None


def is_content_represented(value: Any) -> bool:
    """Tell whether :func:`represent` gives a digest of the whole content: arrays and frames."""
    return _is_array(value) or _is_frame(value)
