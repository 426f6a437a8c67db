"""What a run's journal keeps of the artifacts it used."""

from collections.abc import Callable
from typing import Any

from curifactory import ArtifactManager, ExperimentParameters, Record, stage
from curifactory.journal import read_journal
from curifactory.usage import describe_use, names_used


def test_records_with_the_same_artifacts_share_an_entry(
    manager: ArtifactManager, cacher: Any
) -> None:
    @stage(None, ["data", "more"], [cacher, cacher])
    def make(record: Record) -> tuple[int, int]:
        return 1, 2

    records = [Record(manager, ExperimentParameters(name=name, hash=name)) for name in "ab"]
    for record in records:
        make(record)
    entries = describe_use([call for record in records for call in record.calls], "data/cache")

    assert entries == [
        {"names": ["test_*_make_data", "test_*_make_more"], "hashes": ["a", "b"]},
    ]
    assert sorted(names_used(entries)) == [
        "test_a_make_data",
        "test_a_make_more",
        "test_b_make_data",
        "test_b_make_more",
    ]


def test_the_journal_says_what_was_used_also_if_nothing_was_executed(
    run_planned: Callable[..., ArtifactManager], cacher: Any
) -> None:
    @stage(None, ["data"], [cacher])
    def make(record: Record) -> int:
        return 1

    def experiment(manager: ArtifactManager) -> None:
        make(Record(manager, None))

    run_planned(experiment).close_run("complete")
    manager = run_planned(experiment)
    path = manager.run._journal.path  # type: ignore[union-attr]
    manager.close_run("complete")

    used = [line["artifacts"] for line in read_journal(path) if line["event"] == "used"]
    assert used == [[{"names": ["test_*_make_data"], "hashes": ["None"]}]]
