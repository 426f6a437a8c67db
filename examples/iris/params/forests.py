"""Random forests of one to thirty trees, each with three seeds."""

from experiments.iris import Params, with_seeds
from sklearn.ensemble import RandomForestClassifier


def get_params():
    forests = [
        Params(name=f"forest_{n}", n=n, model_type=RandomForestClassifier) for n in (1, 3, 10, 30)
    ]
    return with_seeds(forests, seeds=[1, 2, 3])
