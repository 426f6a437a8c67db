"""Names as path components, atomic writes, and listings of folders."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curifactory.paths import (
    DirectoryListing,
    make_folder,
    read_file,
    remove_unfinished,
    require_inside,
    safe_component,
    write_atomically,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train_model", "train_model"),
        ("data.v1-final", "data.v1-final"),
        ("a/b", "a%2Fb"),
        ("a\\b", "a%5Cb"),
        ("50%", "50%25"),
        ("two words", "two%20words"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("", "%"),
        (".", "%2E"),
        ("..", "%2E."),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("console", "console"),
    ],
)
def test_names_are_made_components(name: str, expected: str) -> None:
    assert safe_component(name) == expected


@given(st.text())
def test_a_component_is_one_harmless_name(name: str) -> None:
    component = safe_component(name)

    assert os.path.basename(component) == component
    assert component not in {"", ".", ".."}
    assert len(component.encode()) <= 100
    assert component.isascii()


@given(st.text(), st.text())
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (safe_component(one) == safe_component(other)) == (one == other)


def test_long_names_that_differ_only_at_the_end_stay_different() -> None:
    assert safe_component("x" * 200 + "a") != safe_component("x" * 200 + "b")
    assert safe_component("x" * 100) == "x" * 100
    assert len(safe_component("x" * 101)) == 100


@pytest.mark.parametrize("path", ["root/a", "root/a/../b", "root"])
def test_a_path_inside_is_returned_as_it_is(folder: Path, path: str) -> None:
    assert require_inside(path, "root") == path


@pytest.mark.parametrize("path", ["root/../other", "rootless", "/", ".."])
def test_a_path_outside_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(ValueError, match="outside 'root'"):
        require_inside(path, "root")


def test_a_file_is_written_as_a_whole(folder: Path) -> None:
    write_atomically("file", b"old")
    write_atomically(folder / "file", b"new")

    assert (folder / "file").read_bytes() == b"new"
    assert os.listdir(folder) == ["file"]


def test_what_was_there_stays_when_writing_fails(folder: Path) -> None:
    (folder / "target").mkdir()
    (folder / "target" / "inside").touch()

    with pytest.raises(OSError, match="target"):
        write_atomically("target", b"new")

    assert os.listdir(folder) == ["target"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(folder: Path) -> None:
    write_atomically("file", b"old")
    code = """
import resource, signal
from curifactory.paths import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_atomically("file", bytes(10_000))
"""
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=folder, check=False
    )

    assert b"OSError" in process.stderr
    assert (folder / "file").read_bytes() == b"old"
    assert os.listdir(folder) == ["file"]


def test_a_long_name_can_be_written(folder: Path) -> None:
    write_atomically("x" * 250, b"content")

    assert os.listdir(folder) == ["x" * 250]


def test_a_folder_is_made_though_what_is_above_it_disappears(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = os.mkdir
    removed: list[str] = []

    def mkdir_too_late(path: str, mode: int = 0o777) -> None:
        if path.endswith("own") and not removed:
            removed.append(os.path.dirname(path))
            os.rmdir(removed[0])
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir_too_late)

    make_folder(str(folder / "all" / "own"))

    assert removed
    assert (folder / "all" / "own").is_dir()


def test_a_folder_that_cannot_be_made_is_an_error(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "nowhere")

    with pytest.raises(FileNotFoundError):
        make_folder(str(folder / "link" / "own"))


def test_a_listing_tells_what_was_there_at_first(folder: Path) -> None:
    (folder / "early").touch()
    listing = DirectoryListing()

    assert listing.exists("early")
    assert listing.exists(str(folder / "early"))
    (folder / "late").touch()
    assert not listing.exists("late")
    assert not listing.exists("absent/file")


def test_a_listing_tells_whether_names_contain_a_text(folder: Path) -> None:
    (folder / "a_reportables.pkl").touch()
    listing = DirectoryListing()

    assert listing.has_names_with("reportables", str(folder))
    assert not listing.has_names_with("metadata", str(folder))
    assert not listing.has_names_with("reportables", str(folder / "missing"))


def test_what_a_killed_process_left_is_removed_once_it_is_old(folder: Path) -> None:
    for name, age in {".facts.json.1-2-3": 61, ".facts.json.4-5-6": 0, ".other.json.1": 61}.items():
        (folder / name).touch()
        os.utime(name, (time.time() - age,) * 2)

    remove_unfinished("facts.json")
    remove_unfinished(str(folder / "facts.json"))

    assert sorted(path.name for path in folder.iterdir()) == [".facts.json.4-5-6", ".other.json.1"]


@pytest.mark.parametrize("content", [b"", b"x", b"1" * 3_000_000])
def test_a_file_is_read_whole_with_its_state(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    data, status = read_file(str(path))

    assert data == content
    now = path.stat()
    assert (status.st_ino, status.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)
    assert status.st_size == len(content)


def test_what_has_no_size_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read_file, str(path))
        path.write_bytes(b"ab" * 100_000)

        assert reading.result(30)[0] == b"ab" * 100_000


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "missing"))
