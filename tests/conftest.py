"""How examples are drawn: without time limits, and in CI the same ones every time."""

import os

from hypothesis import settings

settings.register_profile("tests", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("tests")
