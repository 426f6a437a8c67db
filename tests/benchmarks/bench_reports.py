"""Reports of many plots and tables, against drawing the same with matplotlib and pandas alone."""

from measuring import Scenario, at_sizes

_PLOTS, _FRAMES = 100, 50

_STAGE = """
import os, time
import pandas as pd
import curifactory as cf
from curifactory.caching import JsonCacher
from curifactory.reporting import DFReporter, LinePlotReporter

@cf.stage(None, ["count"], [JsonCacher])
def plot(record):
    for number in range({plots}):
        record.report(LinePlotReporter([1, number, 2], name=f"plot {{number}}"))
    for number in range({frames}):
        frame = pd.DataFrame({{"a": range(50), "b": [number / 7] * 50}})
        record.report(DFReporter(frame, name=f"frame {{number}}"))
    return {plots}

def report():
    manager = cf.ArtifactManager("bench", suppress_live_log=True)
    plot(cf.Record(manager, cf.ExperimentParameters(name="a")))
    started = time.perf_counter()
    assert manager.generate_report() is not None
    return (time.perf_counter() - started) * 1e3
"""
_WRITE = """
import os, time
import pandas as pd

def write():
    frames = [
        pd.DataFrame({{"a": range(50), "b": [number / 7] * 50}}) for number in range({frames})
    ]
    started = time.perf_counter()
    if {plots}:
        from matplotlib.figure import Figure
    os.makedirs("figures", exist_ok=True)
    for number in range({plots}):
        figure = Figure()
        axes = figure.add_subplot()
        axes.plot([1, number, 2])
        axes.grid(visible=True, alpha=0.4)
        figure.savefig(f"figures/{{number}}.png", dpi=160, bbox_inches="tight")
    for number, frame in enumerate(frames):
        frame.to_html(f"figures/{{number}}.html")
    return (time.perf_counter() - started) * 1e3
"""


def scenarios() -> list[Scenario]:
    """Return milliseconds.

    A third of the floor for what is drawn on two processors; matplotlib is imported by both.
    """
    both = {"plots": _PLOTS, "frames": _FRAMES}
    frames = {"plots": 0, "frames": 2 * _FRAMES}
    ours, floor = _STAGE.format(**both), _WRITE.format(**both) + "result = write()"
    return [
        Scenario(
            f"report {_PLOTS} line plots and {_FRAMES} data frames",
            ours + "result = report()",
            floor,
            at_most=0.34,
        ),
        Scenario(
            f"report {_PLOTS} line plots and {_FRAMES} data frames again",
            ours + "report()\nresult = report()",
            floor,
            at_most=0.05,
        ),
        Scenario(
            f"report {2 * _FRAMES} data frames",
            _STAGE.format(**frames) + "result = report()",
            _WRITE.format(**frames) + "result = write()",
            at_most=2,
        ),
        *at_sizes(
            "report line plots",
            (10, 30, 100, 300),
            lambda count: _STAGE.format(plots=count, frames=0) + "result = report()",
        ),
        *at_sizes(
            "report data frames",
            (30, 100, 300, 1000),
            lambda count: _STAGE.format(plots=0, frames=count) + "result = report()",
        ),
    ]
