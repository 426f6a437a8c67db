"""Journals: numbers that are never shared, lines that survive a crash."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.appending import LineFile
from curifactory.journal import Journal, list_journals, open_journal, read_journal

OPEN_MANY = """
import sys
from curifactory.journal import open_journal
for _ in range(20):
    journal = open_journal(sys.argv[1], "iris")
    journal.write("opened", {})
    journal.close()
    print(journal.number)
"""


def open_and_close(store: Path, experiment: str = "iris") -> int:
    journal = open_journal(str(store), experiment)
    journal.close()
    return journal.number


def test_processes_never_share_a_number(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_MANY, tmp_path], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    printed = [process.communicate(timeout=60)[0].split() for process in processes]

    numbers = [int(number) for each in printed for number in each]
    assert sorted(numbers) == list(range(1, 81))
    assert len(list_journals(str(tmp_path / "iris"))) == 80
    assert open_and_close(tmp_path) == 81


def test_lines_have_event_time_and_facts(tmp_path: Path) -> None:
    journal = open_journal(str(tmp_path), "iris")
    journal.write("opened", {"notes": "größer\nzweite Zeile", "path": tmp_path})
    journal.close()

    (line,) = read_journal(journal.path)
    assert (line["event"], line["notes"]) == ("opened", "größer\nzweite Zeile")
    assert line["path"] == str(tmp_path)
    assert isinstance(line["time"], float)


@pytest.mark.parametrize("rest", ["", '{"event": "sta', '{"event": "sta\n', "\0\0\0"])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "1.jsonl"
    path.write_text('{"event": "opened"}\n{"event": "parameters"}\n' + rest, encoding="utf-8")

    assert [line["event"] for line in read_journal(str(path))] == ["opened", "parameters"]


def test_a_journal_that_ends_in_rubbish_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl"
    path.write_bytes(b'{"event": "opened"}\n\xff\xfe\x80')

    assert [line["event"] for line in read_journal(str(path))] == ["opened"]


def test_what_was_written_is_there_although_the_process_is_killed(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from curifactory.journal import open_journal
journal = open_journal(sys.argv[1], "iris")
journal.write("opened", {})
journal.write("stage", {"status": "failed"})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)

    lines = read_journal(str(tmp_path / "iris" / "1.jsonl"))
    assert [line["event"] for line in lines] == ["opened", "stage"]


@pytest.mark.parametrize("damage", ["gone", "rubbish", "too low"])
def test_numbers_go_on_although_the_hint_is_lost(tmp_path: Path, damage: str) -> None:
    numbers = [open_and_close(tmp_path) for _ in range(3)]
    (hint,) = (path for path in (tmp_path / "iris").iterdir() if path.suffix != ".jsonl")
    if damage == "gone":
        hint.unlink()
    else:
        hint.write_text("rubbish" if damage == "rubbish" else "1")

    assert [*numbers, open_and_close(tmp_path)] == [1, 2, 3, 4]


def test_the_number_of_a_deleted_run_is_not_given_again(tmp_path: Path) -> None:
    open_and_close(tmp_path)
    os.unlink(tmp_path / "iris" / "1.jsonl")

    assert open_and_close(tmp_path) == 2


def test_experiments_have_numbers_of_their_own(tmp_path: Path) -> None:
    assert [open_and_close(tmp_path, name) for name in ("a", "b", "a/b", "a")] == [1, 1, 1, 2]


def test_journals_are_listed_by_number_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("10.jsonl", "9.jsonl", "notes.txt", "x.jsonl", "9.jsonl.bak"):
        (tmp_path / name).touch()

    assert [number for number, _ in list_journals(str(tmp_path))] == [9, 10]
    assert list_journals(str(tmp_path / "absent")) == []


@given(st.lists(st.floats(0, 4e9), min_size=1))
def test_moments_are_seconds_with_microseconds(times: list[float]) -> None:
    journal = Journal(LineFile(os.devnull, "a"), 1)
    written = [journal.moment(time) for time in times]
    journal.leave()

    assert all(re.fullmatch(r"\d+\.\d{6}", text) for text in written)
    assert [float(text) for text in written] == pytest.approx(times, abs=2e-6, rel=0)
    assert all(json.loads(text) == float(text) for text in written)
