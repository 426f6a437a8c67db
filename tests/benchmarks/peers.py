"""The same work by other libraries, each in the way its own documentation shows.

``make bench`` installs them into an environment of their own (the group ``peers`` of
``pyproject.toml``), because their requirements are not ours. Those that are not there are left out.
"""

_COST = """
import os, subprocess

def cost(*command, twice=True):
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [os.path.join(os.path.dirname(sys.executable), command[0]), *command[1:]]
    if twice:  # byte code is there
        subprocess.run(command, check=True, capture_output=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3

"""
_FLOW = (
    _COST
    + """
os.environ["USERNAME"] = "someone"
with open("flow.py", "w") as file:
    file.write('''
from metaflow import FlowSpec, step

class Work(FlowSpec):
    @step
    def start(self):
        self.sets = [1, 2, 3, 4]
        self.next(self.make, foreach="sets")

    @step
    def make(self):
        self.a = [self.input] * 10
        self.next(self.total)

    @step
    def total(self):
        self.b = sum(self.a)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    Work()
''')
"""
)
_TASKS = (
    _COST
    + """
with open("task_work.py", "w") as file:
    file.write('''
import json
from pathlib import Path
from typing import Annotated
from pytask import Product, task

for n in range(4):
    @task(id=str(n))
    def task_make(n: int = n, path: Annotated[Path, Product] = Path(f"make_{n}.json")):
        path.write_text(json.dumps([n] * 10))

    @task(id=str(n))
    def task_total(
        made: Path = Path(f"make_{n}.json"),
        path: Annotated[Path, Product] = Path(f"total_{n}.json"),
    ):
        path.write_text(json.dumps(sum(json.loads(made.read_text()))))
''')
"""
)
_PIPELINE = (
    _COST
    + """
with open("work.py", "w") as file:
    file.write('''
import json, sys
what, n, *rest = sys.argv[1:]
made = f"make_{n}.json"
if what == "make":
    json.dump([int(n)] * 10, open(made, "w"))
else:
    json.dump(sum(json.load(open(made))), open(f"total_{n}.json", "w"))
''')
with open("dvc.yaml", "w") as file:
    file.write('''
stages:
  make:
    foreach: [0, 1, 2, 3]
    do:
      cmd: python work.py make ${item}
      deps: ["work.py"]
      outs: ["make_${item}.json"]
  total:
    foreach: [0, 1, 2, 3]
    do:
      cmd: python work.py total ${item}
      deps: ["work.py", "make_${item}.json"]
      outs: ["total_${item}.json"]
''')
subprocess.run(["git", "init", "-q"], check=True)
cost("dvc", "init", "-q", twice=False)
"""
)

HELP = {
    "dvc": _COST + "result = cost('dvc', '--help')",
    "metaflow": _FLOW + "result = cost('python', 'flow.py', '--help')",
    "pytask": _COST + "result = cost('pytask', '--help')",
}
LISTS = {
    "dvc": _PIPELINE + "result = cost('dvc', 'stage', 'list')",
    "pytask": _TASKS + "result = cost('pytask', 'collect')",
}
MAP = {
    "metaflow": _FLOW + "result = cost('python', 'flow.py', 'show')",
    "pytask": _TASKS + "result = cost('pytask', 'collect', '--nodes')",
}
RUN = {
    "dvc": _PIPELINE + "result = cost('dvc', 'repro', '-q', twice=False)",
    "metaflow": _FLOW + "result = cost('python', 'flow.py', 'run', twice=False)",
    "pytask": _TASKS + "result = cost('pytask', twice=False)",
}
RERUN = {
    "dvc": _PIPELINE + "result = cost('dvc', 'repro', '-q')",
    "pytask": _TASKS + "result = cost('pytask')",
}

CALLS = """
import types
from hamilton import base, driver

def one(x: int) -> int:
    return x

def two(one: int) -> int:
    return one + 1

def three(two: int) -> int:
    return two * 2

nodes = sys.modules["nodes"] = types.ModuleType("nodes")
for function in (one, two, three):
    function.__module__ = "nodes"
    setattr(nodes, function.__name__, function)
work = driver.Driver({{}}, nodes, adapter=base.DefaultAdapter())
work.execute(["three"], inputs={{"x": 0}})
made = time.process_time()
for x in range({count}):
    work.execute(["three"], inputs={{"x": x}})
called = time.process_time()
"""

HASHES = {
    "dask": """
from dask.base import tokenize
hash_of = tokenize
""",
    "joblib": """
from joblib import hash as hash_of
""",
    "redun": """
from redun.value import get_type_registry
hash_of = get_type_registry().get_hash
""",
}

POOL_OF_DASK = """
def work(seconds):
    {work}

if __name__ == "__main__":
    from distributed import Client
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        client.gather(client.map(work, [0.001] * 2, pure=False))
        started = time.perf_counter()
        client.gather(client.map(work, sorted({seconds}, reverse=True), pure=False))
        result = (time.perf_counter() - started) * 1e3
"""
