"""Images written as PNG files."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from curifactory.reporting.png import encode_png

images = st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


@given(images)
def test_others_read_what_was_written(pixels: NDArray[np.uint8]) -> None:
    image = Image.open(io.BytesIO(encode_png(pixels, 100)))

    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image), pixels)


def test_the_resolution_is_said() -> None:
    image = Image.open(io.BytesIO(encode_png(np.zeros((2, 3, 3), np.uint8), 160)))

    assert image.info["dpi"] == pytest.approx((160, 160), abs=0.02)
