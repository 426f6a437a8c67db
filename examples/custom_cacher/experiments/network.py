"""A model that is stored in two files: its weights as an array, and the rest as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import curifactory as cf
from curifactory.caching import Cacheable, JsonCacher


class Network:
    """A layer of weights with what is known of its training."""

    def __init__(self, weights, losses):
        self.weights = weights
        self.losses = losses

    def predict(self, inputs):
        return inputs @ self.weights


class NetworkCacher(Cacheable):
    """Stores the weights in ``…_weights.npy`` beside a JSON file that a person can read."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"extension": ".json", **kwargs})

    def save(self, obj):
        np.save(self.get_path("_weights.npy"), obj.weights)
        Path(self.get_path()).write_text(json.dumps({"losses": obj.losses}))
        self.extra_metadata["weights"] = obj.weights.size

    def load(self):
        weights = np.load(self.get_path("_weights.npy"), allow_pickle=False)
        return Network(weights, **json.loads(Path(self.get_path()).read_text()))


@dataclass
class Params(cf.ExperimentParameters):
    rate: float = 0.1
    steps: int = 50


def get_params():
    return [Params(name=f"rate {rate}", rate=rate) for rate in (0.05, 0.2)]


@cf.stage(outputs=["network"], cachers=[NetworkCacher])
def train(record):
    random = np.random.default_rng(1)
    inputs = random.normal(size=(100, 3))
    targets = inputs @ [1.0, -2.0, 3.0]
    weights, losses = np.zeros(3), []
    for _ in range(record.params.steps):
        errors = inputs @ weights - targets
        losses.append(float((errors**2).mean()))
        weights -= record.params.rate * inputs.T @ errors / len(inputs)
    return Network(weights, losses)


@cf.stage(inputs=["network"], outputs=["prediction"], cachers=[JsonCacher])
def predict(record, network):
    return round(float(network.predict(np.array([1.0, 1.0, 1.0]))), 3)


def run(param_sets, manager):
    for param_set in param_sets:
        predict(train(cf.Record(manager, param_set)))
