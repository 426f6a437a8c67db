"""Fingerprints of many stages in as many modules, and of one stage in a live session."""

from measuring import Scenario, at_sizes

_SIZES = (25, 50, 100, 200)

_PROJECT = """
import importlib, os
from curifactory.closure.code_store import CodeStore
from curifactory.freshness import Freshness

COUNT = {count}
OTHERS = "".join(
    f"def other{{each}}(x):\\n    for y in range(3):\\n        x += y * {{each}}\\n    return x\\n"
    for each in range(10)
)
sys.path.insert(0, os.getcwd())
os.mkdir("parts")
for number in range(COUNT):
    before = number - 1 if number % {depth} else None
    text = "import curifactory as cf\\n" + OTHERS
    if before is not None:
        text += f"from parts.m{{before}} import helper{{before}}\\n"
    text += f"RATE = {{number}}\\nclass Thing:\\n    def value(self):\\n        return RATE\\n"
    called = "x" if before is None else f"helper{{before}}(x)"
    text += f"def helper{{number}}(x):\\n"
    text += f"    return {{called}} + RATE + other1(x) + Thing().value()\\n"
    text += f"@cf.stage(None, ['out'])\\ndef stage(record):\\n    return helper{{number}}(1)\\n"
    with open(f"parts/m{{number}}.py", "w") as file:
        file.write(text)
specs = [importlib.import_module(f"parts.m{{number}}").stage.spec for number in range(COUNT)]
freshness = Freshness(os.getcwd(), CodeStore("code"))
started = time.process_time()
for spec in specs:
    freshness.closure(spec)
result = (time.process_time() - started) * 1e3
"""
_AGAIN = """
for _ in range(2):
    freshness.look_again()
    for spec in specs:
        freshness.closure(spec)
freshness.look_again()
started = time.process_time()
for spec in specs:
    freshness.closure(spec)
result = (time.process_time() - started) / COUNT * 1e6
"""


def scenarios() -> list[Scenario]:
    """Return the cost of fingerprints where each helper calls one of another module, or many."""
    return [
        *(
            Scenario(
                f"fingerprint 200 stages of 200 modules, helpers {depth} deep",
                _PROJECT.format(count=200, depth=depth),
                below=1000,
            )
            for depth in (5, 200)
        ),
        Scenario(
            "fingerprint a stage once more, helpers 5 deep",
            _PROJECT.format(count=200, depth=5) + _AGAIN,
            unit="us",
        ),
        *at_sizes(
            "fingerprint stages, helpers 5 deep",
            _SIZES,
            lambda count: _PROJECT.format(count=count, depth=5),
        ),
        *at_sizes(
            "fingerprint 200 stages, helpers so deep",
            _SIZES,
            lambda depth: _PROJECT.format(count=200, depth=depth),
        ),
    ]
