"""At which share of open cells does a grid let water through?"""

from dataclasses import dataclass
from itertools import product
from random import Random

import curifactory as cf
from curifactory.caching import JsonCacher
from curifactory.reporting import LinePlotReporter


@dataclass
class Params(cf.ExperimentParameters):
    size: int = 20
    """Cells along each side of the grid."""
    openness: float = 0.5
    """Probability of each cell to be open."""
    trials: int = 100
    """Number of random grids."""


def get_params():
    sizes, shares = (10, 30), (0.50, 0.55, 0.60, 0.65, 0.70)
    return [
        Params(name=f"{size} x {size}, {share:.0%} open", size=size, openness=share)
        for size, share in product(sizes, shares)
    ]


def lets_water_through(grid):
    """Tell whether open cells lead from the first row to the last."""
    size = len(grid)
    reached = {(0, column) for column in range(size) if grid[0][column]}
    waiting = list(reached)
    while waiting:
        row, column = waiting.pop()
        for cell in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            inside = all(0 <= place < size for place in cell)
            if inside and cell not in reached and grid[cell[0]][cell[1]]:
                reached.add(cell)
                waiting.append(cell)
    return any(row == size - 1 for row, _ in reached)


# What one of these needs: a run starts as many at a time as fit into what there is. One that fails
# is tried once more, and none may take longer than five minutes.
@cf.stage(
    outputs=["share"],
    cachers=[JsonCacher],
    resources={"cores": 1, "memory": "200MB"},
    retries=1,
    timeout="5m",
)
def simulate(record):
    params = record.params
    random = Random(f"{params.size} {params.openness}")
    through = 0
    for _ in range(params.trials):
        cells = [random.random() < params.openness for _ in range(params.size**2)]
        rows = range(0, params.size**2, params.size)
        through += lets_water_through([cells[row : row + params.size] for row in rows])
    return through / params.trials


# Begins as soon as the last of the simulations is done.
@cf.aggregate(inputs=["share"], outputs=["curves"], cachers=[JsonCacher])
def compare(record, records, share):
    curves = {}
    for each, value in share.items():
        curves.setdefault(f"{each.params.size} cells a side", []).append(value)
    openness = sorted({each.params.openness for each in share})
    record.report(LinePlotReporter(y=curves, x=openness, name="share of grids with a way through"))
    return curves


def run(param_sets, manager):
    for param_set in param_sets:
        simulate(cf.Record(manager, param_set))
    compare(cf.Record(manager, None))
