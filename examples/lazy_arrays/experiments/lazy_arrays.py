"""How far do random walks spread? Arrays that do not have to fit into memory together."""

from dataclasses import dataclass

import numpy as np

import curifactory as cf
from curifactory.caching import JsonCacher, NumpyCacher
from curifactory.reporting import LinePlotReporter


@dataclass
class Params(cf.ExperimentParameters):
    seed: int = 0
    walks: int = 100
    steps: int = 5_000


def get_params():
    return [Params(name=f"seed {seed}", seed=seed) for seed in range(8)]


# 4 MB a record. Lazy leaves the array in the cache; it is loaded for each stage that reads it.
@cf.stage(outputs=[cf.Lazy("positions")], cachers=[NumpyCacher])
def walk(record):
    params = record.params
    steps = np.random.default_rng(params.seed).normal(size=(params.walks, params.steps))
    return steps.cumsum(axis=1)


@cf.stage(inputs=["positions"], outputs=["spread"], cachers=[JsonCacher])
def measure(record, positions):
    return positions.std(axis=0)[::100].tolist()


@cf.aggregate(inputs=["spread"], outputs=["growth"], cachers=[JsonCacher])
def compare(record, records, spread):
    growth = np.mean(list(spread.values()), axis=0).tolist()
    record.report(LinePlotReporter({"mean of all seeds": growth}, name="spread by step / 100"))
    return growth


def run(param_sets, manager):
    for param_set in param_sets:
        measure(walk(cf.Record(manager, param_set)))
    compare(cf.Record(manager, None))
