"""Logistic regression against random forests on the iris flowers."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

import curifactory as cf
from curifactory.caching import JsonCacher, PickleCacher
from curifactory.reporting import DFReporter, JsonReporter, LinePlotReporter


@dataclass
class Params(cf.ExperimentParameters):
    balanced: bool = False
    """Whether class weights should be balanced or not."""
    n: int = 100
    """The number of trees for a random forest."""
    seed: int = 42
    """The random state seed for data splitting and model training."""
    model_type: ClassifierMixin = LogisticRegression
    """The sklearn model to use."""

    def label(self):
        """Say which model this is, whatever its seed."""
        if self.model_type is RandomForestClassifier:
            return f"random forest, {self.n} trees"
        return "logistic regression"


def with_seeds(param_sets: Iterable[Params], seeds: Iterable[int]):
    """Return a copy of each parameter set for each seed."""
    seeded = []
    for seed in seeds:
        for param_set in param_sets:
            copy = deepcopy(param_set)
            copy.name = f"{param_set.name}_seed{seed}"
            copy.seed = seed
            seeded.append(copy)
    return seeded


def get_params():
    simple = [
        Params(name="simple_lr", balanced=True, model_type=LogisticRegression, seed=1),
        Params(name="simple_rf", model_type=RandomForestClassifier, seed=1),
    ]
    return simple + with_seeds(simple, seeds=[2, 3])


@cf.stage(inputs=None, outputs=["training_data", "testing_data"], cachers=[PickleCacher] * 2)
def load_data(record):
    flowers = load_iris(as_frame=True)
    training, testing = train_test_split(
        flowers.frame, test_size=0.5, random_state=record.params.seed, stratify=flowers.target
    )
    return training, testing


@cf.stage(inputs=["training_data"], outputs=["model"], cachers=[PickleCacher])
def train_model(record, training_data):
    params = record.params
    weights = "balanced" if params.balanced else None
    if params.model_type is RandomForestClassifier:
        model = RandomForestClassifier(params.n, class_weight=weights, random_state=params.seed)
    else:
        model = params.model_type(class_weight=weights, random_state=params.seed, max_iter=1000)
    features, target = training_data.drop(columns="target"), training_data["target"]
    model.fit(features, target)
    fit = {"model": params.label(), "training accuracy": model.score(features, target)}
    record.report(JsonReporter(fit, name="fit"))
    return model


@cf.aggregate(outputs=["scores"], cachers=[JsonCacher])
def test_models(record, records):
    rows = []
    for tested in records:
        testing = tested.state["testing_data"]
        predicted = tested.state["model"].predict(testing.drop(columns="target"))
        rows.append(
            {
                "name": tested.params.name,
                "model": tested.params.label(),
                "seed": tested.params.seed,
                "accuracy": accuracy_score(testing["target"], predicted),
                "f1": f1_score(testing["target"], predicted, average="macro"),
            }
        )
    scores = pd.DataFrame(rows).set_index("name")
    record.report(DFReporter(scores, name="scores", group="comparison"))

    by_model = dict(list(scores.sort_values("seed").groupby("model")))
    accuracies = LinePlotReporter(
        y={model: rows["accuracy"] for model, rows in by_model.items()},
        x={model: "seed " + rows["seed"].astype(str) for model, rows in by_model.items()},
        name="accuracy",
        group="comparison",
        plot_kwargs={"marker": "o"},
    )
    record.report(accuracies)
    return scores["accuracy"].to_dict()


def run(param_sets, manager):
    for param_set in param_sets:
        record = cf.Record(manager, param_set)
        train_model(load_data(record))
    test_models(cf.Record(manager, None))
