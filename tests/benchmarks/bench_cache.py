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
# The same promises: written aside in a folder of the process and renamed into place while nobody
# else does, metadata last, with size, time and digest, and what it was computed by and from. What
# is loaded is of the same code and inputs, and the files are the same afterwards.
_FLOOR_SETUP = f"""
import fcntl, hashlib, json, os
own = f"staging/{{os.getpid()}}"
os.makedirs("cache"); os.makedirs(own)
lock = os.open("staging/lock", os.O_WRONLY | os.O_CREAT)
run = {{"reference": "bench_1", "experiment_name": "bench", "run_number": 1, "commit": None,
    "cli": " ".join(sys.argv), "hostname": os.uname().nodename, "started": time.time()}}

def make(x):
    return {{"value": x}}

def code_of(function):
    return hashlib.sha256(function.__code__.co_code).hexdigest()

def lineage_of(x):
    return hashlib.blake2b(f"make {{x}}".encode(), digest_size=16).hexdigest()

def write(path, text):
    with open(path, "wb", buffering=0) as file:
        file.write(text)
        return os.fstat(file.fileno())

def store(x):
    name = f"bench_{{x}}_make_data"
    if os.path.exists(f"cache/{{name}}.json"):
        return
    started = time.time()
    value = make(x)
    seconds = time.time() - started
    text = json.dumps(value).encode()
    status = write(f"{{own}}/{{name}}.json", text)
    facts = {{
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": hashlib.sha256(text).hexdigest(),
    }}
    metadata = {{
        "stage": "make",
        "artifact_name": "data",
        "artifact_generated": started,
        "params": {{"name": str(x), "x": str(x)}},
        "preview": repr(value)[:60],
        "lineage": lineage_of(x),
        "code": code_of(make),
        "inputs": [],
        "manager_run_info": run,
        "seconds": seconds,
        "files": {{f"{{name}}.json": facts}},
    }}
    write(f"{{own}}/{{name}}_metadata.json", json.dumps(metadata).encode())
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        os.replace(f"{{own}}/{{name}}.json", f"cache/{{name}}.json")
        os.replace(f"{{own}}/{{name}}_metadata.json", f"cache/{{name}}_metadata.json")
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)

def state(path):
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns

def load(x):
    name = f"bench_{{x}}_make_data"
    before = state(f"cache/{{name}}_metadata.json")
    with open(f"cache/{{name}}_metadata.json", "rb", buffering=0) as file:
        metadata = json.loads(file.read())
    assert metadata["lineage"] == lineage_of(x) and metadata["code"] == code_of(make)
    with open(f"cache/{{name}}.json", "rb", buffering=0) as file:
        value = json.loads(file.read())
    facts = metadata["files"][f"{{name}}.json"]
    now = state(f"cache/{{name}}.json")
    assert now[1:] == (facts["size"], facts["mtime_ns"])
    assert before == state(f"cache/{{name}}_metadata.json")
    return value

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
