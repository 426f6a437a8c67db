"""Opening one more run, and listing all of them, among few and among many."""

from measuring import Scenario

_SETUP = """
import json, os
from curifactory.journal import claim_number
from curifactory.logs import RunLog
from curifactory.run import Run
from curifactory.store import RunStore

folder = "data/store/bench"
os.makedirs(folder)
for number in range(1, {count} + 1):
    facts = {{"reference": f"bench_{{number}}_t", "experiment_name": "bench", "run_number": number}}
    opened = {{"event": "opened", "status": "incomplete", "process": "-0-0", **facts}}
    closed = {{"event": "closed", "status": "complete"}}
    with open(f"{{folder}}/{{number}}.jsonl", "w") as file:
        file.write(json.dumps(opened) + "\\n" + json.dumps(closed) + "\\n")
claim_number(folder, {count})
"""
_OPEN = """
run = Run("bench", "incomplete", RunLog(), command="bench", notes=None)
run.git
started = time.process_time()
run.open("data", None)
result = (time.process_time() - started) * 1e3
"""
_INDEX = """
started = time.process_time()
assert len(RunStore("data").runs()) == {count}
result = (time.process_time() - started) * 1e3
"""
_LIST = """
store = RunStore("data")
store.runs()
started = time.process_time()
assert len(store.runs()) == {count}
result = (time.process_time() - started) * 1e3
"""


def scenarios() -> list[Scenario]:
    """Return milliseconds."""
    found = []
    for count in (10, 10000):
        found.append(
            Scenario(f"open one run after {count}", (_SETUP + _OPEN).format(count=count), below=5)
        )
        found.append(
            Scenario(f"list {count} runs without an index", (_SETUP + _INDEX).format(count=count))
        )
        found.append(
            Scenario(f"list {count} runs again", (_SETUP + _LIST).format(count=count), below=500)
        )
    return found
