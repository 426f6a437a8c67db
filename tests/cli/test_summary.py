from typing import TYPE_CHECKING

import pytest

from curifactory.causes import Cause, CauseKind
from curifactory.cli.summary import summarise_map
from curifactory.planning import Action, Decision

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def decision(action: Action, kind: CauseKind) -> Decision:
    return Decision(action, (Cause(kind),))


@pytest.mark.parametrize(
    ("decisions", "summary"),
    [
        ([], "0 stages: 0 to run, 0 to load, 0 up to date"),
        ([decision(Action.RUN, CauseKind.FORCED)], "1 stage: 1 to run, 0 to load, 0 up to date"),
        (
            [
                decision(Action.LOAD, CauseKind.INPUT_RENEWED),
                decision(Action.SKIP, CauseKind.INPUT_RENEWED),
                decision(Action.SKIP, CauseKind.NOT_NEEDED),
                decision(Action.SKIP, CauseKind.UNVERIFIED),
            ],
            "4 stages: 0 to run, 1 to load, 1 up to date, 1 stale, 1 not needed",
        ),
    ],
)
def test_a_map_is_summed_up(decisions: list[Decision], summary: str) -> None:
    assert summarise_map(decisions) == summary


def test_a_rerun_tells_apart_what_is_not_cached_and_not_needed(project: "Project") -> None:
    project.run("chain", "--no-report", "-n", "small")
    for path in (project.root / "data" / "cache").glob("*_make_data_data*"):
        path.unlink()

    outcome = project.run("chain", "--no-report", "-n", "small")

    assert outcome.lines[-1] == (
        "Nothing ran: everything came from the cache (2 stages, 1 more not needed)."
    )


def test_an_experiment_without_stages_ran_nothing(project: "Project") -> None:
    text = "from experiments.chain import get_params\n\ndef run(param_sets, manager):\n    pass\n"
    project.write("experiments/empty.py", text)

    outcome = project.run("empty", "--no-report")

    assert (outcome.code, outcome.lines[-1]) == (0, "Nothing ran: run() called no stage.")
