"""Opening one more run, and listing all of them, among few and among many."""

from collections.abc import Callable

from measuring import Scenario, at_sizes

_RUNS = (100, 1000, 3000, 10000)

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
    facts["timestamp"] = "2026-02-03-T105859"
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

_LIST_COMMAND = """
import subprocess

def experiment(*words):
    script = os.path.join(os.path.dirname(sys.executable), "experiment")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([script, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3

experiment("runs", "ls")  # makes the index
result = experiment("runs", "ls")
"""

_REPORTS = 2000
_REPORT_SIZES = (200, 500, 1000, 2000)
_REPORT_SETUP = """
import json, os, shutil

def add_report(number):
    folder = f"reports/run_{number}"
    os.makedirs(folder)
    facts = {"reference": f"run_{number}", "experiment_name": "run", "run_number": number,
             "timestamp": "2026-02-03-T105859", "status": "complete", "cli": "experiment run"}
    with open(f"{folder}/run_info.json", "w") as file:
        json.dump(facts, file)

for number in range(REPORTS):
    add_report(number)

def timed(function):
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e3

"""
_REPORT_INDEX = (
    _REPORT_SETUP
    + """
from curifactory.reporting import update_report_index
def update():
    update_report_index("reports", "style.css")
"""
)
# What has changed is read; all else is known; the page is put into its place at once.
_REPORT_FLOOR = (
    _REPORT_SETUP
    + """
def update():
    try:
        with open("kept.json") as file:
            kept = json.load(file)
    except FileNotFoundError:
        kept = {}
    rows = {}
    for entry in os.scandir("reports"):
        if entry.is_dir():
            path = f"{entry.path}/run_info.json"
            status = os.stat(path)
            seen = [status.st_ino, status.st_size, status.st_mtime_ns]
            if entry.name not in kept or kept[entry.name][0] != seen:
                with open(path) as file:
                    facts = json.load(file)
                row = f"<li>{facts['reference']} {facts['timestamp']} {facts['status']}"
                kept[entry.name] = [seen, facts["timestamp"], facts["run_number"], row]
            rows[entry.name] = kept[entry.name]
    with open("page.new", "w") as file:
        file.write("".join(row[3] for row in sorted(rows.values(), key=lambda row: row[1:3])))
    os.replace("page.new", "reports/index.html")
    with open("kept.new", "w") as file:
        json.dump(rows, file)
    os.replace("kept.new", "kept.json")
"""
)
_ALL_REPORTS = "update(); shutil.rmtree('reports')\nfor n in range(REPORTS): add_report(n)\n"
_ALL_REPORTS += "result = timed(update)"
_ONE_MORE = "update(); update(); add_report(number + 1)\nresult = timed(update)"


def _of_reports(program: str, count: int = _REPORTS) -> str:
    return f"REPORTS = {count}\n{program}"


def scenarios() -> list[Scenario]:
    """Return milliseconds."""

    def after_runs(program: str) -> Callable[[int], str]:
        return lambda count: _SETUP.format(count=count) + program.format(count=count)

    return [
        *at_sizes("open one run more, after", _RUNS, after_runs(_OPEN), below=5),
        *at_sizes("list runs without an index", _RUNS, after_runs(_INDEX)),
        *at_sizes("list runs again", _RUNS, after_runs(_LIST), below=500),
        *at_sizes("experiment runs ls", _RUNS, after_runs(_LIST_COMMAND)),
        *at_sizes(
            "report index, all new",
            _REPORT_SIZES,
            lambda count: _of_reports(_REPORT_INDEX + _ALL_REPORTS, count),
        ),
        *at_sizes(
            "report index, one more",
            _REPORT_SIZES,
            lambda count: _of_reports(_REPORT_INDEX + _ONE_MORE, count),
        ),
        Scenario(
            f"report index of {_REPORTS} runs",
            _of_reports(_REPORT_INDEX + _ALL_REPORTS),
            _of_reports(_REPORT_FLOOR + _ALL_REPORTS),
        ),
        Scenario(
            f"report index of {_REPORTS} runs, one more",
            _of_reports(_REPORT_INDEX + _ONE_MORE),
            _of_reports(_REPORT_FLOOR + _ONE_MORE),
            at_most=2,
        ),
    ]
