"""What a worker says while it works, from all its threads and from what its stages fork."""

import os
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

TALKING = """
import logging, os, threading
import curifactory as cf

def talk(who):
    for place in range(40):
        print(f"<{who} {place}>" + "p" * 30_000)
        logging.info("(%s %s)" + "l" * 30_000, who, place)

@cf.stage(outputs=["x"])
def talkative(record):
    name = record.params.name
    threads = [threading.Thread(target=talk, args=(f"{name}-{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    child = os.fork()
    if child == 0:
        talk(f"{name}-child")
        os._exit(0)
    talk(f"{name}-main")
    for thread in threads:
        thread.join()
    return os.waitpid(child, 0)[1]

def get_params():
    return [cf.ExperimentParameters(name=name, hash=name) for name in ("a", "b")]

def run(param_sets, manager):
    return [talkative(cf.Record(manager, item)).output for item in param_sets]
"""


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_threads_and_children_say_at_a_time_arrives_whole(project: "Project") -> None:
    project.write("experiments/talking.py", TALKING)

    outcome = project.run("talking", "--parallel", "2", "--no-report")

    assert outcome.code == 0, outcome.err[-2000:]
    who = [f"{name}-{part}" for name in "ab" for part in (0, 1, 2, "child", "main")]
    expected = sorted(f"{each} {place}" for each in who for place in range(40))
    printed = re.findall(r"^<(.*?)>p{30000}$", outcome.out, re.MULTILINE)
    assert sorted(printed) == expected
    (log,) = os.listdir("logs")
    with open(os.path.join("logs", log), encoding="utf-8") as file:
        logged = re.findall(r"\((.*?)\)l{30000}$", file.read(), re.MULTILINE)
    assert sorted(logged) == expected
