"""Run every benchmark beside this file and print what each costs against its floor.

A benchmark is a file ``bench_*.py`` with a function ``scenarios()`` that returns
:class:`~measuring.Scenario` objects. Scenarios are measured interleaved, so that a busy machine is
busy for both sides.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measuring import Measurement, Scenario, measure


def load_scenarios(pattern: str) -> list[Scenario]:
    """Return the scenarios of the files whose names match ``bench_<pattern>.py``."""
    found: list[Scenario] = []
    for path in sorted(Path(__file__).parent.glob(f"bench_{pattern}.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.extend(module.scenarios())
    return found


def show(measurements: list[Measurement]) -> None:
    """Print a table."""
    print(f"{'scenario':58} {'ours':>12} {'floor':>12} {'ratio':>8}")
    for each in measurements:
        floor = "" if each.floor is None else f"{each.floor:12.2f}"
        ratio = "" if each.ratio is None else f"{each.ratio:8.2f}"
        print(f"{each.name:58} {each.ours:12.2f} {floor:>12} {ratio:>8} {each.unit}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="part of the files' names")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    measurements = measure(load_scenarios(arguments.pattern), arguments.rounds)
    show(measurements)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([vars(each) for each in measurements], indent=2))


if __name__ == "__main__":
    main()
