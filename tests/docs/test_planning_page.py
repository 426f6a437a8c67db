"""The table of the page about planning is what the planner decides."""

import re
from pathlib import Path

import pytest

from curifactory.experiment import RunOptions, run

PAGE = (Path(__file__).parents[2] / "docs/explanation/planning.md").read_text("utf-8")
STAGES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
ROWS = re.findall(r"^\| (nothing|A.*?|B|C.*?) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
EXPERIMENT = f"""{STAGES}

def get_params():
    return [cf.ExperimentParameters(name="one")]

def run(param_sets, manager):
    make_c(make_b(make_a(cf.Record(manager, param_sets[0]))))
"""
CACHED = {"nothing": [""], "A and B": ["ab"], "C, or all": ["c", "abc"]}


def test_table_has_its_rows() -> None:
    assert len(ROWS) == 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_table_of_decisions_holds(
    row: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/chain.py").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    run(RunOptions(experiment="chain", report=False))
    files = {path: path.read_bytes() for path in Path("data/cache").iterdir()}

    for cached in CACHED.get(row[0], [row[0].lower()]):
        for path, content in files.items():
            path.unlink(missing_ok=True)
            if any(f"_make_{name}_" in path.name for name in cached):
                path.write_bytes(content)
        plan = run(RunOptions(experiment="chain", map_only=True)).manager.plan

        assert plan is not None
        assert tuple(decision.action.value for _, decision in plan.calls()) == row[1:]
