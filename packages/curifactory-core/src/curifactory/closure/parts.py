"""What a walk through code finds."""

from collections.abc import Mapping
from typing import NamedTuple

from curifactory.closure.normalising import digest


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


class Findings:
    """What a walk has found so far: parts, and how they reach each other."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        """By module and qualified name."""
        self.packages: dict[str, str] = {}
        """Versions of packages, by name."""
        self.attributes: set[str] = set()
        """Every attribute that is named."""
        self._edges: set[tuple[str, str, str]] = set()
        self._blind_spots: dict[str, None] = {}

    def put(self, name: str, part: Part) -> str:
        """Keep a part, and return under which name."""
        known = self.parts.get(name)
        if known is not None and known.digest != part.digest:
            name = f"{name}@{part.digest[:6]}"  # such as two lambdas of one function
        self.parts[name] = part
        return name

    def connect(self, owner: str, reference: str, reached: str) -> None:
        """Note that the part with digest ``owner`` calls what ``reached`` stands for so."""
        self._edges.add((owner, reference, reached))

    def add_blind_spot(self, spot: str) -> None:
        """Note what cannot be followed."""
        self._blind_spots[spot] = None

    def closure(self) -> Closure:
        """Return all of it, with its fingerprint."""
        lines = sorted(part.digest for part in self.parts.values())
        lines += sorted(" ".join(edge) for edge in self._edges)
        return Closure(
            digest("\n".join(lines)),
            dict(sorted(self.parts.items())),
            dict(sorted(self.packages.items())),
            tuple(self._blind_spots),
            frozenset(self.attributes),
        )
