"""Peak memory of a chain of large artifacts, each computed from the one before."""

from measuring import Scenario

_MEGABYTES = 200
_COUNT = 10
_CHAIN = f"""
import numpy

import curifactory as cf
from curifactory.caching import {{cacher}}

def make_stage(number):
    inputs = [f"v{{{{number - 1}}}}"] if number else None

    def chain(record, **inputs):
        for value in inputs.values():
            return value + 1
        return numpy.zeros({_MEGABYTES} * 125_000)

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
    name = f"chain of {_COUNT} arrays of {_MEGABYTES} MB"
    return [
        Scenario(
            f"{name}, lazy, as .npy",
            _CHAIN.format(cacher="NumpyCacher", output=lazy),
            _FLOOR,
            "arrays",
            at_most=1.2,
        ),
        Scenario(
            f"{name}, lazy, pickled",
            _CHAIN.format(cacher="PickleCacher", output=lazy),
            _FLOOR,
            "arrays",
            at_most=1.2,
        ),
        Scenario(f"{name}, held", _CHAIN.format(cacher="NumpyCacher", output=held), unit="arrays"),
    ]
