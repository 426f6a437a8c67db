"""Lines that are with the system once they are written, whatever it takes of them at first."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from curifactory.appending import LineFile


def test_lines_are_there_before_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = LineFile(str(path), "x")
    file.write("größer\n")
    file.write("second\n")

    assert path.read_text("utf-8") == "größer\nsecond\n"
    file.close()
    file.close()
    assert file.closed


def test_a_new_file_replaces_none_and_others_are_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("first\n")

    with pytest.raises(FileExistsError):
        LineFile(str(path), "x")
    file = LineFile(str(path), "a")
    file.write("second\n")
    file.close()

    assert path.read_text() == "first\nsecond\n"


REFUSED_AT_FIRST = """
import resource, signal, sys
from curifactory.appending import LineFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = LineFile(sys.argv[1], "x")
resource.setrlimit(resource.RLIMIT_FSIZE, (8, resource.RLIM_INFINITY))
for line in ("first\\n", "second\\n", "third\\n"):
    try:
        file.write(line)
    except OSError:
        print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write("fourth\\n")
file.close()
"""


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY,
    reason="sizes of files are limited here",
)
def test_what_was_refused_goes_before_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    done = subprocess.run(
        [sys.executable, "-c", REFUSED_AT_FIRST, path], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["refused", "refused"]
    assert path.read_text() == "first\nsecond\nthird\nfourth\n"


def test_a_full_disk_is_told_of(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    file = LineFile("/dev/full", "a")

    with pytest.raises(OSError, match="No space left"):
        file.write("line\n")
    with pytest.raises(OSError, match="No space left"):
        file.close()
    assert file.closed


def test_no_more_than_some_is_kept_of_what_a_full_disk_refuses() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    file = LineFile("/dev/full", "a")

    for _ in range(40):
        with pytest.raises(OSError, match="No space left"):
            file.write("x" * 100_000 + "\n")

    assert len(file._rest) < 1_200_000
    with pytest.raises(OSError, match="No space left"):
        file.close()
