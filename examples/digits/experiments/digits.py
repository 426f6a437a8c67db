"""Which classifier reads handwritten digits best, over several seeds?"""

from copy import deepcopy
from dataclasses import dataclass, field

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

import curifactory as cf
from curifactory.caching import JsonCacher, NumpyCacher, PickleCacher
from curifactory.reporting import DFReporter, MetricsReporter


@dataclass
class Data:
    """What the digits are split by; a group of parameters that several experiments can share."""

    seed: int = 0
    test_share: float = 0.5


@dataclass
class Params(cf.ExperimentParameters):
    data: Data = field(default_factory=Data)
    model: str = "neighbours"
    neighbours: int = 3


def with_seeds(param_sets, seeds):
    """Return a copy of each parameter set for each seed."""
    copies = []
    for seed in seeds:
        for param_set in param_sets:
            copy = deepcopy(param_set)
            copy.name = f"{param_set.name}, seed {seed}"
            copy.data.seed = seed
            copies.append(copy)
    return copies


def get_params():
    models = [
        Params(name="1 neighbour", neighbours=1),
        Params(name="5 neighbours", neighbours=5),
        Params(name="ridge", model="ridge"),
    ]
    return with_seeds(models, seeds=range(3))


@cf.stage(outputs=["images", "labels"], cachers=[NumpyCacher, NumpyCacher])
def load_images(record):
    digits = load_digits()
    return digits.data / 16, digits.target


@cf.stage(
    inputs=["images", "labels"],
    outputs=["model", "predicted", "expected"],
    cachers=[PickleCacher, NumpyCacher, NumpyCacher],
)
def train(record, images, labels):
    params = record.params
    training, testing, targets, expected = train_test_split(
        images, labels, test_size=params.data.test_share, random_state=params.data.seed
    )
    if params.model == "ridge":
        model = RidgeClassifier()
    else:
        model = KNeighborsClassifier(params.neighbours)
    model.fit(training, targets)
    return model, model.predict(testing), expected


@cf.stage(inputs=["predicted", "expected"], outputs=["scores"], cachers=[JsonCacher])
def score(record, predicted, expected):
    scores = {"accuracy": accuracy_score(expected, predicted)}
    record.report(MetricsReporter(scores, name="scores"))
    record.report(DFReporter(pd.DataFrame(confusion_matrix(expected, predicted)), name="confusion"))
    return scores


@cf.aggregate(inputs=["scores"], outputs=["comparison"], cachers=[PickleCacher])
def compare(record, records, scores):
    rows = [
        {"model": each.params.name.partition(",")[0], "accuracy": found["accuracy"]}
        for each, found in scores.items()
    ]
    comparison = pd.DataFrame(rows).groupby("model")["accuracy"].agg(["mean", "min", "max"])
    record.report(DFReporter(comparison, name="accuracy over seeds", group="comparison"))
    return comparison


def run(param_sets, manager):
    shared = load_images(cf.Record(manager, None))  # the same images for all parameter sets
    scored = [score(train(shared.make_copy(param_set))) for param_set in param_sets]
    compare(cf.Record(manager, None), scored)
