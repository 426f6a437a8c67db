"""What a walk through code finds."""

from collections.abc import Mapping
from typing import NamedTuple


class Part(NamedTuple):
    """A function, class, constant or file that a stage reaches."""

    digest: str
    text: str
    """Its source, or what it is set to."""


class Closure(NamedTuple):
    """All the code that a stage depends on."""

    fingerprint: str
    parts: Mapping[str, Part]
    """By module and qualified name."""
    packages: Mapping[str, str]
    """Version of each package outside the project that the code names."""
    blind_spots: tuple[str, ...]
    """What could not be followed, and where."""
    attributes: frozenset[str] = frozenset()
    """Every attribute that the code names, whatever it is an attribute of."""
