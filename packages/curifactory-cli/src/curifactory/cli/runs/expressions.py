"""Conditions on runs, such as ``params.seed == 1 and status == 'complete'``.

A condition is read into a syntax tree and walked; nothing is ever evaluated as Python.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from curifactory.exceptions import BadInputError

Lookup = Callable[[str], Any]
"""``dotted name -> value``; :data:`MISSING` for what a run does not have."""

_LONGEST = 2000
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, options: value in options,
    ast.NotIn: lambda value, options: value not in options,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
}


class _Missing:
    """The value of a name that a run does not have: false, and equal to nothing else."""

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


class ConditionError(BadInputError):
    """A condition is not written in the few words conditions have."""


class Condition:
    """A condition that a run meets or does not.

    It is made of dotted names, literals (numbers, strings, ``True``, ``None``, lists), comparisons
    (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``), ``and``, ``or``, ``not`` and
    parentheses. What a run does not have, and what cannot be compared, makes a comparison false.

    Raises
    ------
    ConditionError
        If ``text`` is anything else.

    Examples
    --------
    >>> condition = Condition("params.seed in [1, 2] and not status == 'error'")
    >>> condition.is_met({"params.seed": 2, "status": "complete"}.__getitem__)
    True

    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        """Every dotted name in it, in order."""
        if len(text) > _LONGEST:
            raise ConditionError(f"a condition may have at most {_LONGEST} characters.")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise ConditionError(f"cannot read the condition {text!r}: {reason}. {_HELP}") from None
        self._check(self._tree)

    def is_met(self, lookup: Lookup) -> bool:
        """Tell whether the condition holds for the values that ``lookup`` finds."""
        return bool(_value(self._tree, lookup))

    def _check(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node)
            if name is None:
                self._refuse(node)
            self.names.append(name)
            return
        for part in self._parts(node):
            self._check(part)

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
                return parts
            case ast.Set(elts=parts):
                return parts
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd(), operand=operand):
                return [operand]
            case ast.Compare(left=left, comparators=others):
                return [left, *others]
            case ast.Constant(value=value) if not isinstance(value, type(...)):
                return []
            case _:
                return self._refuse(node)

    def _refuse(self, node: ast.expr) -> NoReturn:
        raise ConditionError(
            f"the condition {self.text!r} has {ast.unparse(node)!r}, which is not allowed. {_HELP}"
        )


_HELP = (
    "A condition compares names and values, as in \"params.seed == 1 and status != 'error'\"; "
    "there are and, or, not, in, ==, !=, <, <=, >, >=."
)


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def _value(node: ast.expr, lookup: Lookup) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name() | ast.Attribute():
            return lookup(_dotted(node) or "")
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, lookup) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, lookup) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, lookup)
        case ast.UnaryOp(op=sign, operand=operand):
            number = _value(operand, lookup)
            if not isinstance(number, int | float):
                return MISSING
            return -number if isinstance(sign, ast.USub) else number
        case ast.Compare(left=left, ops=signs, comparators=others):
            values = [_value(part, lookup) for part in (left, *others)]
            return all(map(_compare, signs, values[:-1], values[1:]))
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return [_value(part, lookup) for part in parts]
    raise AssertionError(node)  # Condition let nothing else through


def _compare(sign: ast.cmpop, left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return False
    try:
        return bool(_COMPARISONS[type(sign)](left, right))
    except TypeError:  # a text and a number have no order
        return False
