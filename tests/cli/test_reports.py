"""``experiment reports`` as a person uses it."""

import re
import signal
import socket
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def test_reports_are_served_until_ctrl_c(project: "Project") -> None:
    project.run("chain")

    with project.start("reports", "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address is not None, line
        with urllib.request.urlopen(address[0], timeout=10) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert "chain" in page
    assert (process.returncode, errors) == (0, "")


def test_another_folder_is_served_where_it_is_asked_for(project: "Project") -> None:
    project.write("elsewhere/index.html", "hello")

    with project.start("reports", "--folder", "elsewhere", "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address is not None, line
        with urllib.request.urlopen(address[0], timeout=10) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert (page, process.returncode) == ("hello", 0)


def test_a_port_in_use_is_one_clear_message(project: "Project") -> None:
    project.write("reports/index.html", "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        outcome = project.run("reports", "--port", str(port))

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"error: port {port} of 127.0.0.1 is in use; name another one, such as --port {port + 1}.\n"
    )


def test_a_host_that_is_not_there_is_one_clear_message(project: "Project") -> None:
    project.write("reports/index.html", "")

    outcome = project.run("reports", "--host", "203.0.113.1")

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert "cannot listen at port 8080 of '203.0.113.1'" in outcome.err


@pytest.mark.parametrize("words", [["reports"], ["reports", "--update"]])
def test_without_reports_there_is_one_clear_message(words: list[str], project: "Project") -> None:
    before = project.files()

    outcome = project.run(*words)

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert "there is no folder 'reports/' with reports" in outcome.err
    assert project.files() == before


def test_a_missing_index_is_written_with_update(project: "Project") -> None:
    project.run("chain")
    (project.root / "reports" / "index.html").unlink()

    refused = project.run("reports")
    updated = project.run("reports", "--update")

    assert refused.code == 2
    assert "'experiment reports --update'" in refused.err
    assert (updated.code, updated.out) == (0, "index: reports/index.html\n")
    assert "chain" in (project.root / "reports" / "index.html").read_text()
