import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.cli.docker.image import Image, image_name

GRAMMAR = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
"""What the engines accept as a name."""


@pytest.mark.parametrize(
    ("experiment", "name"),
    [
        ("iris", "iris"),
        ("sub.Iris_2", "sub.iris_2"),
        ("a__b", "a_b"),
        ("größe", "gr-e"),
        ("_private", "private"),
        ("___", "experiment"),
    ],
)
def test_names_of_experiments_become_names_of_images(experiment: str, name: str) -> None:
    assert image_name(experiment) == name


@given(st.text(min_size=1))
def test_every_name_is_accepted_by_engines(experiment: str) -> None:
    assert GRAMMAR.fullmatch(image_name(experiment))


def test_the_command_has_the_documented_words() -> None:
    image = Image("iris", "3_2026-11-24", "data/runs/iris_3", "3.12")

    assert " ".join(image.build_words(".")) == (
        "build -f ./docker/dockerfile --tag iris:3_2026-11-24 --tag iris "
        "--build-arg run_folder=data/runs/iris_3 --build-arg python_version=3.12 ."
    )
