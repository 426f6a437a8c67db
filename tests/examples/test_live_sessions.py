"""Live sessions with all parts: what lies where after several reports."""

import json
from pathlib import Path

import pytest

import curifactory as cf
from curifactory.caching import JsonCacher
from curifactory.reporting import HTMLReporter


@cf.stage(None, ["number"], [JsonCacher])
def make(record: cf.Record) -> int:
    record.report(HTMLReporter("<p>shown</p>", name="shown"))
    return 1


@cf.stage(None, ["other"], [JsonCacher])
def make_other(record: cf.Record) -> int:
    record.report(HTMLReporter("<p>shown later</p>", name="later"))
    return 2


def test_a_report_can_be_written_again_and_the_full_store_has_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manager = cf.ArtifactManager("live", store_full=True, logs_path="journal/of/runs")
    record = make(cf.Record(manager, cf.ExperimentParameters(name="one")))

    first = manager.generate_report()
    make_other(record)
    second = manager.generate_report()
    manager.log.close()

    assert first == second is not None
    store = Path(manager.get_run_output_path())
    for page in (Path(str(second)), store / "report" / "index.html"):
        text = page.read_text(encoding="utf-8")
        assert "shown</p>" in text
        assert "shown later</p>" in text
    assert json.loads((store / "run_info.json").read_text())["status"] == "LIVE"
    log = f"{manager.get_reference_name()}.log"
    assert (tmp_path / "journal/of/runs" / log).is_file()
    assert "stage make" in (store / log).read_text(encoding="utf-8")
    assert not (tmp_path / "logs").exists()
