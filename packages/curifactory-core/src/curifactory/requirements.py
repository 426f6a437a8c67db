"""What a stage needs of a machine, and how often and how long it may try."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

RESOURCES = ("cores", "memory", "gpu")
"""The names of resources there are."""
_SIZE = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?"
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION = r"(?i)([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Requirements(NamedTuple):
    """What a stage's decorator asks for."""

    cores: int = 1
    memory: int | None = None
    """Bytes; ``None`` where the stage does not say."""
    gpu: int = 0
    retries: int | None = None
    """How often the stage is tried again after it failed; ``None`` where it does not say."""
    timeout: float | None = None
    """Seconds an attempt may take."""
    isolate: bool = False
    """Whether each attempt has a process of its own, where there are processes."""


NOTHING_SPECIAL = Requirements()
"""What a stage needs that does not say."""


def require(
    stage: str,
    resources: Mapping[str, Any] | None = None,
    retries: int | None = None,
    timeout: float | str | None = None,
    isolate: bool = False,
) -> Requirements:
    """Return the requirements of ``stage``, which is named in messages.

    Raises
    ------
    ValueError
        If a name or value makes no sense.

    """
    try:
        found = parse_resources(resources or {})
        if retries is not None and not _is_count(retries):
            raise ValueError(f"retries must be a whole number, zero or more, not {retries!r}")
        seconds = None if timeout is None else parse_duration(timeout)
    except ValueError as error:
        raise ValueError(f"{stage}: {error}.") from error
    return Requirements(
        cores=found.get("cores") or 1,
        memory=found.get("memory"),
        gpu=found.get("gpu", 0),
        retries=retries,
        timeout=seconds,
        isolate=isolate,
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def parse_resources(given: Mapping[str, Any]) -> dict[str, int]:
    """Return ``{name: amount}``, memory in bytes.

    Raises
    ------
    ValueError
        If a name is none of ``cores``, ``memory`` and ``gpu``, or an amount makes no sense.

    Examples
    --------
    >>> parse_resources({"cores": 2, "memory": "8GB"})
    {'cores': 2, 'memory': 8000000000}

    """
    found = {}
    for name, amount in given.items():
        if name not in RESOURCES:
            import difflib  # only for this message

            near = difflib.get_close_matches(str(name), RESOURCES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"unknown resource {name!r}; {hint}there is {', '.join(RESOURCES)}")
        if name == "memory":
            found[name] = parse_size(amount)
            continue
        number = int(amount) if isinstance(amount, str) and amount.isdecimal() else amount
        if not _is_count(number) or (name == "cores" and number == 0):
            raise ValueError(f"resource {name!r} must be a whole number, not {amount!r}")
        found[name] = number
    return found


def parse_resource_list(text: str) -> dict[str, int]:
    """Return what a text such as ``cores=8,gpu=2`` says, as :func:`parse_resources` does."""
    given: dict[str, str] = {}
    for item in text.split(","):
        name, equals, amount = item.strip().partition("=")
        if not equals or not amount:
            raise ValueError(f"{item.strip()!r} is not a resource like cores=8")
        given[name.strip()] = amount.strip()
    return parse_resources(given)


def parse_size(value: object) -> int:
    """Return bytes: a whole number is taken as it is, ``8GB`` is 8·10⁹ and ``8GiB`` 8·2³⁰."""
    if _is_count(value) and value:
        return int(value)  # type: ignore[call-overload, no-any-return]
    match = re.fullmatch(_SIZE, value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) == 0:
        raise ValueError(f"memory must be bytes or a size like '8GB', not {value!r}")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].lower()])


def parse_duration(value: object) -> float:
    """Return seconds: a number is taken as it is, and ``30m`` is half an hour."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    match = re.fullmatch(_DURATION, value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) == 0:
        raise ValueError(f"timeout must be seconds or a time like '30m', not {value!r}")
    return float(match[1]) * _SECONDS[match[2].lower()]
