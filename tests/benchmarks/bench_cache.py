"""Small artifacts: stored for the first time, and taken from the cache."""

from measuring import Scenario, at_sizes

_COUNT = 500
_SIZES = (100, 300, 1000, 3000)
_SETUP = """
from dataclasses import dataclass
import curifactory as cf
from curifactory.caching import JsonCacher

@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1

@cf.stage(None, ["data"], [JsonCacher])
def make(record):
    return {"value": record.params.x}

def manager(name="bench"):
    return cf.ArtifactManager(name, suppress_live_log=True)

def records(session):
    return [cf.Record(session, Params(name=str(x), x=x)) for x in range(COUNT)]

def call_all(made):
    started = time.process_time()
    for record in made:
        assert make(record).state["data"] == {"value": record.params.x}
    return (time.process_time() - started) / COUNT * 1e6

"""
_MISS = (
    _SETUP
    + """
make(cf.Record(manager(), Params(name='warm', x=-1)))
result = call_all(records(manager()))
"""
)
# Sessions mostly find what other processes have stored.
_HIT = (
    _SETUP
    + """
import subprocess
if len(sys.argv) > 1:
    call_all(records(manager()))
    raise SystemExit
subprocess.run([sys.executable, *sys.argv, "store"], check=True)
for _ in range(2):
    call_all(records(manager("warm"))[:1])
result = call_all(records(manager()))
"""
)
_FILES = (
    _SETUP
    + """
import os
call_all(records(manager()))
result = len(os.listdir("data/cache")) / COUNT
"""
)
# The same promises: written aside, renamed into place, metadata with size, time and digest last.
_FLOOR_SETUP = f"""
import hashlib, json, os
os.makedirs("cache"); os.makedirs("staging")

def publish(name, text):
    with open(f"staging/{{name}}", "w") as file:
        file.write(text)
    os.replace(f"staging/{{name}}", f"cache/{{name}}")

def store(x):
    text = json.dumps({{"value": x}})
    publish(f"bench_{{x}}_make_data.json", text)
    status = os.stat(f"cache/bench_{{x}}_make_data.json")
    facts = {{
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }}
    publish(f"bench_{{x}}_make_data_metadata.json", json.dumps({{"stage": "make", "files": facts}}))

def load(x):
    with open(f"cache/bench_{{x}}_make_data_metadata.json") as file:
        facts = json.load(file)["files"]
    status = os.stat(f"cache/bench_{{x}}_make_data.json")
    assert (status.st_size, status.st_mtime_ns) == (facts["size"], facts["mtime_ns"])
    with open(f"cache/bench_{{x}}_make_data.json") as file:
        return json.load(file)

def timed(function):
    started = time.process_time()
    for x in range({_COUNT}):
        function(x)
    return (time.process_time() - started) / {_COUNT} * 1e6

"""
_JOBLIB_SETUP = f"""
import joblib
memory = joblib.Memory("cache", verbose=0)

@memory.cache
def make(x):
    return {{"value": x}}

def timed():
    started = time.process_time()
    for x in range({_COUNT}):
        make(x)
    return (time.process_time() - started) / {_COUNT} * 1e6

make(-1)
"""


def _ours(program: str, count: int) -> str:
    return f"COUNT = {count}\n{program}"


def scenarios() -> list[Scenario]:
    """Return microseconds for one artifact, and how many files it takes."""
    growing = {"unit": "us", "per_item": True, "in_memory": True}
    return [
        Scenario(
            "cache miss, tiny JSON",
            _ours(_MISS, _COUNT),
            _FLOOR_SETUP + "result = timed(store)",
            "us",
            peers={"joblib": _JOBLIB_SETUP + "result = timed()"},
            at_most=2,
            in_memory=True,
        ),
        Scenario(
            "cache hit, loaded",
            _ours(_HIT, _COUNT),
            _FLOOR_SETUP + "timed(store)\nresult = timed(load)",
            "us",
            peers={"joblib": _JOBLIB_SETUP + "timed()\nresult = timed()"},
            at_most=2.2,
            beside={"joblib": 1 / 3},
            in_memory=True,
        ),
        Scenario("files of a tiny artifact", _ours(_FILES, _COUNT), unit="", below=2),
        *at_sizes("artifacts stored", _SIZES, lambda count: _ours(_MISS, count), **growing),
        *at_sizes("artifacts loaded", _SIZES, lambda count: _ours(_HIT, count), **growing),
    ]
