"""Peak memory of large artifacts, each computed from the one before or alone."""

from measuring import Scenario

_MEGABYTES = 200
_COUNT = 10
_FROM_THE_ONE_BEFORE = "[f'v{number - 1}'] if number else None"
_CHAIN = f"""
import numpy

import curifactory as cf
from curifactory.caching import {{cacher}}

def make_stage(number):
    inputs = {{inputs}}

    def chain(record, **inputs):
        for value in inputs.values():
            return value + 1
        return numpy.full({_MEGABYTES} * 125_000, float(number))

    chain.__name__ = f"chain{{{{number}}}}"
    return cf.stage(inputs, [{{output}}], [{{cacher}}])(chain)

manager = cf.ArtifactManager("bench", suppress_live_log=True)
record = cf.Record(manager, cf.ExperimentParameters(name="one"))
stages = [make_stage(number) for number in range({_COUNT})]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for stage in stages:
    stage(record)
assert record.state["v{_COUNT - 1}"][0] == {_COUNT - 1}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = (after - before) / 1024 / {_MEGABYTES}
"""
# Computing one from another takes two, whoever holds them.
_FLOOR = f"""
import numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
numpy.save("v.npy", numpy.zeros({_MEGABYTES} * 125_000))
for _ in range({_COUNT} - 1):
    value = numpy.load("v.npy")
    value = value + 1
    numpy.save("v.npy", value)
    del value
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = (after - before) / 1024 / {_MEGABYTES}
"""


def scenarios() -> list[Scenario]:
    """Return the peak above what was there before, in artifacts."""
    lazy, held = 'cf.Lazy(f"v{number}")', 'f"v{number}"'
    name = f"{_COUNT} arrays of {_MEGABYTES} MB"
    found = [
        Scenario(
            f"chain of {name}, lazy, {how}",
            _CHAIN.format(cacher=cacher, output=lazy, inputs=_FROM_THE_ONE_BEFORE),
            _FLOOR,
            "arrays",
            at_most=1.2,
        )
        for how, cacher in (("as .npy", "NumpyCacher"), ("pickled", "PickleCacher"))
    ]
    found += [
        Scenario(
            f"{name}, each made alone, lazy, {how}",
            _CHAIN.format(cacher=cacher, output=lazy, inputs=None),
            unit="arrays",
            below=1.2,
        )
        for how, cacher in (("as .npy", "NumpyCacher"), ("pickled", "PickleCacher"))
    ]
    in_state = _CHAIN.format(cacher="NumpyCacher", output=held, inputs=_FROM_THE_ONE_BEFORE)
    return [*found, Scenario(f"chain of {name}, held", in_state, unit="arrays")]
