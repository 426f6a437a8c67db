"""Hashing a flat parameter set, with the documented digest."""

import peers
from measuring import Scenario

_FIELDS = "\n".join(
    f"    f{index}: {kind} = {value}"
    for index, (kind, value) in enumerate(
        [("int", "3"), ("float", "0.5"), ("str", "'adam'"), ("bool", "True")] * 5
    )
)
_OURS = f"""
from dataclasses import dataclass
import curifactory as cf

@dataclass
class Params(cf.ExperimentParameters):
{_FIELDS}

sets = [Params(f0=number) for number in range(2000)]
started = time.process_time()
for each in sets:
    each.params_hash()
result = (time.process_time() - started) / len(sets) * 1e6
"""
_FLOOR = f"""
from dataclasses import dataclass, fields
from hashlib import md5

@dataclass
class Params:
{_FIELDS}

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


def scenarios() -> list[Scenario]:
    """Return microseconds for one set of 20 fields."""
    return [
        Scenario(
            "hash a parameter set of 20 fields",
            _OURS,
            _FLOOR,
            "us",
            peers={name: _PEER.format(hash_of=code) for name, code in peers.HASHES.items()},
            at_most=1.3,
        )
    ]
