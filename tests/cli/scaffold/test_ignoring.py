import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.cli.scaffold.ignoring import HEADING, ignored_lines, with_ignored
from curifactory.config import Configuration

LINES = ["/data/", "/logs/"]


def test_generated_paths_are_ignored_and_the_style_sheet_is_kept() -> None:
    assert ignored_lines(Configuration()) == [
        "__pycache__/",
        "/data/",
        "/logs/",
        "/notebooks/experiments/",
        "/reports/*",
        "!/reports/style.css",
    ]


def test_paths_outside_the_project_are_left_out() -> None:
    configuration = Configuration(
        manager_cache_path="/mnt/data",
        cache_path="./cache/",
        runs_path="../runs",
        reports_path="C:/reports",
        report_css_path="style.css",
    )

    assert ignored_lines(configuration) == [
        "__pycache__/",
        "/cache/",
        "/logs/",
        "/notebooks/experiments/",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{HEADING}\n/data/\n/logs/\n"),
        ("\n", f"\n{HEADING}\n/data/\n/logs/\n"),
        ("*.log\n", f"*.log\n\n{HEADING}\n/data/\n/logs/\n"),
        ("*.log", f"*.log\n\n{HEADING}\n/data/\n/logs/\n"),
        ("/logs/\n", f"/logs/\n\n{HEADING}\n/data/\n"),
        ("/logs/\n/data/", "/logs/\n/data/"),
        (f"{HEADING}\n/data/\n\nmore\n", f"{HEADING}\n/data/\n/logs/\n\nmore\n"),
        (HEADING, f"{HEADING}\n/data/\n/logs/\n"),
    ],
)
def test_a_block_is_added_or_completed(before: str, after: str) -> None:
    assert with_ignored(before, LINES) == after


@given(st.lists(st.sampled_from([HEADING, "", "*.log", "/data/", "/logs/", " /data/ ", "# x"])))
def test_adding_again_changes_nothing_and_nothing_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)

    once = with_ignored(text, LINES)

    assert with_ignored(once, LINES) == once
    assert set(lines) <= {*once.splitlines(), ""}
    assert {line.strip() for line in once.splitlines()} >= set(LINES)
