"""What ``import curifactory`` costs beside the standard library that it needs."""

from measuring import Scenario

_TIMED = "started = time.process_time()\n{code}\nresult = (time.process_time() - started) * 1e3"


def scenarios() -> list[Scenario]:
    """Return time, memory and number of modules."""
    needed = "import dataclasses, hashlib, json, logging, inspect, shlex"
    ours = "import curifactory"
    peak = "\nresult = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"
    return [
        Scenario("import curifactory", _TIMED.format(code=ours), _TIMED.format(code=needed)),
        Scenario("import curifactory, peak memory", ours + peak, needed + peak, "MB"),
        Scenario(
            "import curifactory, modules",
            ours + "\nresult = len(sys.modules)",
            needed + "\nresult = len(sys.modules)",
            "",
        ),
    ]
