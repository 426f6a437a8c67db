"""Hashing a flat parameter set, with the documented digest."""

from itertools import cycle

import peers
from measuring import Scenario, at_sizes

_FIELDS = 20
_OURS = """
from dataclasses import dataclass
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
{fields}

sets = [Params(f0=number) for number in range(2000)]
started = time.process_time()
for each in sets:
    each.params_hash()
result = (time.process_time() - started) / len(sets) * 1e6
"""
_FLOOR = """
from dataclasses import dataclass, fields
from hashlib import md5

@dataclass
class Params:
{fields}

sets = [Params(f0=number) for number in range(2000)]
names = [field.name for field in fields(Params)]
started = time.process_time()
for each in sets:
    total = 0
    for name in names:
        value = getattr(each, name)
        if value is not None:
            total += int(md5(f"{{name}}{{value!r}}".encode()).hexdigest(), 16)
    each.hash = hex(total)[2:]
result = (time.process_time() - started) / len(sets) * 1e6
"""
_PEER = (
    _FLOOR.partition("started")[0]
    + """
{hash_of}
started = time.process_time()
for each in sets:
    hash_of(each)
result = (time.process_time() - started) / len(sets) * 1e6
"""
)


def _fields(count: int) -> str:
    kinds = [("int", "3"), ("float", "0.5"), ("str", "'adam'"), ("bool", "True")]
    return "\n".join(
        f"    f{index}: {kind} = {value}"
        for index, (kind, value) in zip(range(count), cycle(kinds), strict=False)
    )


def scenarios() -> list[Scenario]:
    """Return microseconds for one set."""
    return [
        Scenario(
            "hash a parameter set of 20 fields",
            _OURS.format(fields=_fields(_FIELDS)),
            _FLOOR.format(fields=_fields(_FIELDS)),
            "us",
            peers={
                name: _PEER.format(fields=_fields(_FIELDS), hash_of=code)
                for name, code in peers.HASHES.items()
            },
            at_most=1.3,
        ),
        *at_sizes(
            "hash a set of so many fields",
            (5, 20, 80, 320),
            lambda count: _OURS.format(fields=_fields(count)),
            unit="us",
        ),
    ]
