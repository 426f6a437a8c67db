"""Curifactory: experiments in Python whose results are computed once and never stale unseen."""

from typing import TYPE_CHECKING

from curifactory import _parts

# Sibling distributions add curifactory.caching, .reporting and .cli to this package. One
# site-packages needs no help; editable installs keep each part in a folder of its own.
__path__ += _parts.other_folders(__name__, __path__)

if TYPE_CHECKING:
    from curifactory.exceptions import (
        CachersMismatchError,
        EmptyCachersError,
        InputSignatureError,
        OutputSignatureError,
    )
    from curifactory.hashing import set_hash_functions
    from curifactory.manager import ArtifactManager
    from curifactory.outputs import Lazy
    from curifactory.params import ExperimentParameters
    from curifactory.procedure import Procedure
    from curifactory.record import Record
    from curifactory.staging import aggregate, stage
else:  # loaded when first used: the commands and their completion seldom need them

    def __getattr__(name: str) -> object:
        value = _parts.load(name)
        if name in __all__:
            globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "ArtifactManager",
    "CachersMismatchError",
    "EmptyCachersError",
    "ExperimentParameters",
    "InputSignatureError",
    "Lazy",
    "OutputSignatureError",
    "Procedure",
    "Record",
    "aggregate",
    "set_hash_functions",
    "stage",
]

_parts.install_hint()
