"""What ``import curifactory`` costs beside the modules of the standard library that it needs."""

from measuring import Scenario

_NEEDED = (
    "import atexit, contextlib, copy, dataclasses, datetime, enum, gc, hashlib, inspect, json, "
    "logging, re, reprlib, textwrap, threading, traceback, typing, warnings"
)
_OURS = "import curifactory"
_NAMES = "from curifactory import ArtifactManager, ExperimentParameters, Record, aggregate, stage"
_TIME = "\nresult = time.process_time() * 1e3"
_MEMORY = "\nresult = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"
_MODULES = "\nresult = len(sys.modules)"


def _peers(cost: str) -> dict[str, str]:
    return {name: f"import {name}{cost}" for name in ("dask", "joblib")}


def scenarios() -> list[Scenario]:
    """Return CPU time of the process with its start, peak memory and number of modules."""
    return [
        Scenario(
            "import curifactory", _OURS + _TIME, _NEEDED + _TIME, peers=_peers(_TIME), at_most=1.3
        ),
        Scenario("import what experiments use", _NAMES + _TIME, _NEEDED + _TIME, below=71),
        Scenario(
            "import curifactory, peak memory",
            _OURS + _MEMORY,
            _NEEDED + _MEMORY,
            "MB",
            _peers(_MEMORY),
            below=26,
        ),
        Scenario(
            "import curifactory, modules",
            _OURS + _MODULES,
            _NEEDED + _MODULES,
            "",
            _peers(_MODULES),
            below=130,
        ),
    ]
