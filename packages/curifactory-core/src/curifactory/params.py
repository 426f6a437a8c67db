"""Parameter sets: what one record's stages are run with."""

import copy
import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Self, overload

from curifactory.hashing import ComputedHash, HashFunction, hash_parameters, hash_values
from curifactory.representing import PLAIN_TYPES, field_names


@dataclass
class ExperimentParameters:
    """Base class of parameter sets; subclass it as a dataclass with the experiment's parameters.

    A subclass without ``@dataclass`` becomes one when it is first used.
    """

    name: str = "UNNAMED"
    """Label of the parameter set, for ``--names``, logs and reports; never part of the hash."""
    hash: str | None = None
    """Filled in when a record is made. A value set by hand is used as it is."""
    overwrite: bool = False
    """Ignore cached artifacts of records with this parameter set."""
    hash_representations: Mapping[str, HashFunction | None] = field(
        default_factory=dict, repr=False
    )
    """How fields count in the hash; see :func:`curifactory.set_hash_functions`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the classes it derives from dataclasses, where their authors did not."""
        super().__init_subclass__(**kwargs)
        _decorate(cls.__mro__[1:])

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        """Make the class a dataclass first, if its author did not."""
        kind: type = cls
        _complete(kind)
        return super().__new__(cls)

    @overload
    def params_hash(self, dry: Literal[False] = False) -> str: ...
    @overload
    def params_hash(self, dry: Literal[True]) -> dict[str, tuple[str, Any]]: ...

    def params_hash(self, dry: bool = False) -> str | dict[str, tuple[str, Any]]:
        """Return the hash, or with ``dry`` how it comes about.

        Parameters
        ----------
        dry
            Return ``{field: (strategy, representation)}`` instead.

        Notes
        -----
        A ``hash`` that was set by hand is returned as it is; one that curifactory filled in is
        computed again, so that a changed copy never keeps the hash of its original.

        """
        if dry:
            return hash_values(self)
        if self.hash is not None and not isinstance(self.hash, ComputedHash):
            return self.hash
        return hash_parameters(self)

    def fill_hash(self) -> str:
        """Set ``hash`` unless the user did, and return it."""
        known = self.hash
        if known is None or (isinstance(known, ComputedHash) and not known.is_known_of(self)):
            self.hash = known = ComputedHash.of(self)
        return known

    def duplicate(self) -> Self:
        """Return a copy whose fields and their containers can be changed without changing this."""
        twin = copy.copy(self)
        kind: type = type(self)
        for name in field_names(kind):
            value = getattr(self, name)
            if type(value) in PLAIN_TYPES:
                continue
            if value == {} and type(value) is dict:
                setattr(twin, name, {})
            elif isinstance(value, list | dict | set) or hasattr(value, "__dataclass_fields__"):
                setattr(twin, name, copy.deepcopy(value))
        return twin


@lru_cache(maxsize=64)
def _complete(cls: type) -> None:
    """Make a class and those it derives from dataclasses, where their authors did not."""
    _decorate(cls.__mro__)


def _decorate(classes: tuple[type, ...]) -> None:
    for cls in reversed(classes):
        undecorated = (
            "__dataclass_fields__" not in cls.__dict__
            and issubclass(cls, ExperimentParameters)
            and "__init__" not in cls.__dict__
            and inspect.get_annotations(cls)
        )
        if undecorated:
            dataclass(cls)


def old_experiment_args(stacklevel: int = 3) -> type[ExperimentParameters]:
    """Return :class:`ExperimentParameters` under its old name, with a warning.

    Parameters
    ----------
    stacklevel
        How many calls above this one the name was used.

    """
    warnings.warn(
        "ExperimentArgs is called ExperimentParameters now; please use that name.",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
    return ExperimentParameters
