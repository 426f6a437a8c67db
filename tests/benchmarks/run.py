"""Run every benchmark beside this file and print what each costs.

A benchmark is a file ``bench_*.py`` with a function ``scenarios()`` that returns
:class:`~measuring.Scenario` objects. The programs of a scenario are measured in turns, so that a
busy machine is busy for all of them.
"""

import argparse
import importlib.util
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measuring import FLOOR, OURS, Growth, Measurement, Scenario, growth, measure


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


def show(each: Measurement) -> None:
    """Print a line."""
    scenario = each.scenario
    floor = each.costs.get(FLOOR)
    shown_floor = "" if floor is None else f"{floor:.2f}"
    ratio = "" if each.ratio is None else f"{each.ratio:.2f}x"
    goals = [f"{scenario.at_most:g}x"] if scenario.at_most is not None else []
    goals += [f"{scenario.below:g} {scenario.unit}"] if scenario.below is not None else []
    goals += [f"{share:.2g}x {peer}" for peer, share in scenario.beside.items()]
    verdict = {None: "", True: "met", False: "MISSED"}[each.met]
    peers = ", ".join(
        f"{name} {cost:.2f}" for name, cost in each.costs.items() if name not in {OURS, FLOOR}
    )
    print(
        f"{scenario.name:54} {each.ours:10.2f} {scenario.unit:3} {shown_floor:>10} {ratio:>9} "
        f"{' and '.join(goals):>16} {verdict:7} {peers}".rstrip(),
        flush=True,
    )


def show_growth(measurements: list[Measurement]) -> dict[str, Growth]:
    """Print how the cost of each series grows, and return it by series."""
    series: dict[str, list[Measurement]] = {}
    for each in measurements:
        if each.scenario.series:
            series.setdefault(each.scenario.series, []).append(each)
    found = {name: growth(group) for name, group in series.items() if len(group) > 1}
    for name, its in found.items():
        sizes = ", ".join(f"{size:,}" for size in its.sizes)
        verdict = "" if its.is_linear else " MORE THAN LINEAR"
        print(
            f"{name}, {sizes}: grows as n^{its.exponent:.2f}, "
            f"at the end as n^{its.at_the_end:.2f}{verdict}"
        )
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="*", help="part of the files' names")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument(
        "--growth", action="store_true", help="only how costs grow, and nothing to compare with"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    print(f"{'scenario':54} {'ours':>14} {'floor':>10} {'ratio':>9} {'at most':>16}")
    measurements = []
    scenarios = load_scenarios(arguments.pattern)
    if arguments.growth:
        scenarios = [replace(each, floor=None, peers={}) for each in scenarios if each.series]
    for scenario in scenarios:
        measurements.append(measure(scenario, arguments.rounds))
        show(measurements[-1])
    growths = show_growth(measurements)
    if arguments.json is not None:
        figures = {
            "scenarios": [each.facts() for each in measurements],
            "growth": {name: asdict(each) for name, each in growths.items()},
        }
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
