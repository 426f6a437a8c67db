"""Curifactory: experiments in Python whose results are computed once and never stale unseen."""

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING

# Sibling distributions add curifactory.caching, .reporting and .cli to this package. One
# site-packages needs no help; editable installs keep each part in a folder of its own.
__path__ = extend_path(__path__, __name__)

from curifactory import _parts
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

if not TYPE_CHECKING:  # hidden from type checkers, or they would accept every attribute

    def __getattr__(name: str) -> object:
        if name == "ExperimentArgs":
            return import_module("curifactory.params").old_experiment_args()
        if name == "Cacheable":
            return import_module("curifactory.caching").Cacheable
        if name == "__version__":
            return import_module("importlib.metadata").version("curifactory-core")
        return _parts.load(name)
