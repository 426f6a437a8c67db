"""The floor of small runs: an experiment of plain functions, run by plain Python with equal care.

It takes the same command line, reads the configuration, imports the experiment, hashes parameter
sets, fingerprints the code of stages from their syntax trees, and looks at what the cache holds and
what that was computed from. Then it prints what is to be done, or does it: each artifact and its
metadata are written aside and renamed under a lock, the run has a journal, which is synchronised
to the disk, and a log. It knows one experiment's shape, handles no failure of it, and records
neither lineage nor previews, so that a program for any experiment cannot be as fast.

Unlike a benchmark this is copied to where it runs, with ``options.py``, and compiled to byte code.
"""

import ast
import dataclasses
import fcntl
import hashlib
import importlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import options  # type: ignore[import-not-found]  # written by the benchmark

_log = logging.getLogger(__name__)


def main() -> None:
    """Do what the command line says."""
    given = options.make_parser().parse_args()
    cache = read_configuration().get("cache", "data/cache")
    sys.path.insert(0, os.getcwd())
    experiment = importlib.import_module(f"experiments.{given.name}")
    sets = [(each, hash_of(each)) for each in experiment.get_params()]
    plan = list(look_up(cache, experiment, sets))
    if given.map:
        for hashed, name, _, _, missing in plan:
            print(f"{hashed} {name}: {'run' if missing else 'skip'}")
    else:
        run(cache, given.name, plan)


def read_configuration() -> dict[str, Any]:
    """Return the project's configuration, empty without one."""
    try:
        with open("curifactory_config.json", encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {}
    return found


def hash_of(parameters: Any) -> str:
    """Return the hash of a parameter set."""
    total = 0
    for field in dataclasses.fields(parameters):
        if field.name != "name":
            text = f"{field.name}{getattr(parameters, field.name)!r}"
            total += int(hashlib.md5(text.encode()).hexdigest(), 16)
    return f"{total:x}"


def fingerprints(path: str) -> dict[str, str]:
    """Return a digest of the code of each function in a file, without layout and comments."""
    with open(path, "rb") as file:
        tree = ast.parse(file.read())
    return {
        node.name: hashlib.sha256(ast.dump(node).encode()).hexdigest()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


Step = tuple[str, str, Callable[[], Any], dict[str, Any], bool]
"""Hash, output, function, what it is computed from, and whether it has to run."""


def look_up(cache: str, experiment: Any, sets: list[tuple[Any, str]]) -> Iterator[Step]:
    """Yield each call."""
    codes = fingerprints(experiment.__file__)
    code = ""
    values: dict[str, Any] = {}
    ends = []
    for parameters, hashed in sets:
        above: list[str] = []
        code = ""
        for name, function in experiment.STAGES:
            code += codes[function.__name__]
            facts = {"code": code, "inputs": above}
            yield step(cache, hashed, name, function, facts, values, parameters)
            above = [f"{hashed}_{name}"]
        ends += above
    everything = hashlib.md5("".join(sorted(hashed for _, hashed in sets)).encode()).hexdigest()
    facts = {"code": code + codes["total"], "inputs": ends}
    yield step(cache, everything, "total", experiment.total, facts, values, None)


def step(
    cache: str,
    hashed: str,
    name: str,
    function: Callable[..., Any],
    facts: dict[str, Any],
    values: dict[str, Any],
    parameters: Any,
) -> Step:
    """Return a call; it is to run if its artifact is missing, or was computed by other code."""

    def call() -> Any:
        for each in facts["inputs"]:
            if each not in values:
                with open(f"{cache}/work_{each}.json", encoding="utf-8") as file:
                    values[each] = json.load(file)
        inputs = [values[each] for each in facts["inputs"]]
        values[f"{hashed}_{name}"] = function(parameters, *inputs)
        return values[f"{hashed}_{name}"]

    path = f"{cache}/work_{hashed}_{name}"
    try:
        size = os.stat(f"{path}.json").st_size
        with open(f"{path}_metadata.json", encoding="utf-8") as file:
            metadata = json.load(file)
    except FileNotFoundError:
        return hashed, name, call, facts, True
    stale = any(metadata[key] != value for key, value in facts.items()) or size != metadata["size"]
    return hashed, name, call, facts, stale


def run(cache: str, name: str, plan: list[Step]) -> None:
    """Execute what is to run, and record it."""
    os.makedirs(cache, exist_ok=True)
    os.makedirs("data/store", exist_ok=True)
    number = open_number(name)
    reference = f"{name}_{number}_{datetime.now():%Y-%m-%d-T%H%M%S}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs("logs", exist_ok=True)
    logging.basicConfig(
        filename=f"logs/{reference}.log",
        level=logging.INFO,
        format="%(asctime)s [%(levelname)s] - %(message)s",
    )
    with open(f"data/store/{name}_{number}.jsonl", "a", encoding="utf-8") as journal:

        def note(**facts: Any) -> None:
            journal.write(json.dumps({"time": time.time(), **facts}) + "\n")
            journal.flush()

        note(event="opened", reference=reference, argv=sys.argv, commit=commit(), host=os.uname())
        _log.info("run %s", reference)
        for hashed, output, call, facts, missing in plan:
            if missing:
                execute(cache, hashed, output, call, facts, reference)
                note(event="stage", name=output, hash=hashed)
        note(event="used", artifacts=[f"{hashed}_{output}" for hashed, output, *_ in plan])
        note(event="closed", status="complete")
        os.fsync(journal.fileno())
    print(f"{name}, run {number}: {sum(each[-1] for each in plan)} of {len(plan)} stages run")


def open_number(name: str) -> int:
    """Take the next number of a run, which no other process takes."""
    number = sum(each.startswith(f"{name}_") for each in os.listdir("data/store")) + 1
    while True:
        try:
            os.close(os.open(f"data/store/{name}_{number}.jsonl", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            number += 1
        else:
            return number


def commit() -> str | None:
    """Return what is checked out, if this is a repository."""
    folder = os.getcwd()
    while not os.path.exists(os.path.join(folder, ".git")):
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)
    with open(os.path.join(folder, ".git", "HEAD"), encoding="utf-8") as file:
        return file.read().strip()


def execute(
    cache: str, hashed: str, name: str, call: Callable[[], Any], facts: dict[str, Any], run: str
) -> None:
    """Compute an artifact and put it, and what tells where it comes from, into the cache."""
    _log.info("stage %s: %s runs", name, hashed)
    text = json.dumps(call())
    digest = hashlib.sha256(text.encode()).hexdigest()
    metadata = {**facts, "run": run, "stage": name, "size": len(text), "sha256": digest}
    path = f"{cache}/work_{hashed}_{name}"
    with open(f"{cache}/.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for target, content in ((".json", text), ("_metadata.json", json.dumps(metadata))):
            with open(f"{path}.new", "w", encoding="utf-8") as file:
                file.write(content)
            os.replace(f"{path}.new", f"{path}{target}")
    _log.info("stage %s: stored %s", name, hashed)
    print(f"{name} {hashed}")
