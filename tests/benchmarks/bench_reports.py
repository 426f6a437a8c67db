"""Reports of many plots and tables, against drawing the same with matplotlib and pandas alone."""

from measuring import Scenario

_PLOTS, _FRAMES = 200, 100

_STAGE = """
import os, time
import curifactory as cf
from curifactory.caching import JsonCacher
from curifactory.reporting import DFReporter, LinePlotReporter

@cf.stage(None, ["count"], [JsonCacher])
def plot(record):
    for number in range({plots}):
        record.report(LinePlotReporter([1, number, 2], name=f"plot {{number}}"))
    for number in range({frames}):
        import pandas as pd
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
_DRAW = """
import os, time
from matplotlib.figure import Figure

def draw():
    started = time.perf_counter()
    os.makedirs("figures", exist_ok=True)
    for number in range({plots}):
        figure = Figure()
        axes = figure.add_subplot()
        axes.plot([1, number, 2])
        axes.grid(visible=True, alpha=0.4)
        figure.savefig(f"figures/{{number}}.png", dpi=160, bbox_inches="tight")
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
    os.makedirs("frames", exist_ok=True)
    for number, frame in enumerate(frames):
        frame.to_html(f"frames/{{number}}.html")
    return (time.perf_counter() - started) * 1e3
"""


def scenarios() -> list[Scenario]:
    """Return milliseconds."""
    plots = _STAGE.format(plots=_PLOTS, frames=0)
    frames = _STAGE.format(plots=0, frames=_FRAMES)
    draw = _DRAW.format(plots=_PLOTS) + "result = draw()"
    return [
        Scenario(f"report {_PLOTS} line plots", plots + "result = report()", draw, at_most=1.1),
        Scenario(
            f"report {_PLOTS} line plots again",
            plots + "report()\nresult = report()",
            draw,
            at_most=0.05,
        ),
        Scenario(
            f"report {_FRAMES} data frames",
            frames + "result = report()",
            _WRITE.format(frames=_FRAMES) + "result = write()",
            at_most=2,
        ),
    ]
