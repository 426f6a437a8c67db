"""Large arrays and frames: written and read, next to the library's own call and joblib."""

from measuring import Scenario

_MEGABYTES = 100
_SETUP = f"""
import os, pickle
import numpy

os.sched_setaffinity(0, range(os.cpu_count()))
array = numpy.random.default_rng(0).random({_MEGABYTES} * 125_000)

def timed(work):
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3

"""
_OURS = """
from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory import caching
import logging

numpy.bench_value = {value}  # of an installed package, whose values do not count as code

@stage(None, ["value"], [caching.{cacher}])
def make(record):
    return numpy.bench_value

def session():
    return ArtifactManager("bench", suppress_live_log=True)

def cached(manager):
    record = make(Record(manager, ExperimentParameters(name="one")))
    return record.state["value"]

manager = session()

@stage(None, ["other"], [caching.{cacher}])
def warm(record):
    return numpy.bench_value[:10]

warm(Record(manager, ExperimentParameters(name="one")))
"""
_WRITE = "result = timed(lambda: cached(manager))"
_READ = """
cached(manager)
manager.close_run("complete")
other = session()
result = timed(lambda: cached(other))
"""
_FRAME = "import pandas; frame = pandas.DataFrame({'a': array, 'b': array[::-1]})\n"


def _pair(
    name: str, setup: str, cacher: str, value: str, write: str, read: str, joblib: bool
) -> list[Scenario]:
    ours = _SETUP + setup + _OURS.format(cacher=cacher, value=value)
    floor = _SETUP + setup
    peer = f"import joblib\nvalue = {value}\n"
    peers = {}
    if joblib:
        peers["write"] = {
            "joblib": floor + peer + "result = timed(lambda: joblib.dump(value, 'f'))"
        }
        peers["read"] = {
            "joblib": floor
            + peer
            + "joblib.dump(value, 'f')\nresult = timed(lambda: joblib.load('f'))"
        }
    return [
        Scenario(
            f"{name}, written",
            ours + _WRITE,
            floor + f"result = timed(lambda: {write})",
            peers=peers.get("write", {}),
            at_most=1 / 0.9,
            in_memory=True,
        ),
        Scenario(
            f"{name}, read",
            ours + _READ,
            floor + f"{write}\nresult = timed(lambda: {read})",
            peers=peers.get("read", {}),
            at_most=1 / 0.9,
            in_memory=True,
        ),
    ]


def scenarios() -> list[Scenario]:
    """Return milliseconds of wall time for an array of 100 MB and a frame of 200 MB.

    In memory: writing 100 MB to a disk takes what the system has still to write of the last 100.
    """
    dump, load = "pickle.dump({}, open('f', 'wb'), 5)", "pickle.load(open('f', 'rb'))"
    return [
        *_pair(
            "an array as .npy",
            "",
            "NumpyCacher",
            "array",
            "numpy.save('f.npy', array)",
            "numpy.load('f.npy')",
            True,
        ),
        *_pair(
            "an array as a pickle", "", "PickleCacher", "array", dump.format("array"), load, True
        ),
        *_pair(
            "a frame as a pickle", _FRAME, "PandasCacher", "frame", dump.format("frame"), load, True
        ),
        *_pair(
            "a frame as Parquet",
            _FRAME,
            "ParquetCacher",
            "frame",
            "frame.to_parquet('f')",
            "pandas.read_parquet('f')",
            False,
        ),
    ]
