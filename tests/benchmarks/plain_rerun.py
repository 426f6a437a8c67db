"""What a plain program does to find that nothing is to be done, with the care that the cache takes.

It looks at each artifact and its metadata, whether they are what they were when an index of all was
written, by size, times and inode, and whether they were computed by the code that is there now from
inputs that are there now. It knows the experiment, keeps no record of the run and calls nothing.
"""

import argparse
import ast
import dataclasses
import hashlib
import inspect  # noqa: F401 - what a program of this kind needs, such as to look at stages
import json
import logging  # noqa: F401
import os
from collections.abc import Iterator
from typing import Any

_CACHE, _INDEX, _CODE = "cache", "index.json", "work.py"


@dataclasses.dataclass
class Params:
    """A parameter set."""

    name: str
    x: int = 1


Call = tuple[str, str, str | None]
"""Path of the artifact without its ending, stage, and path of what it is computed from."""


def calls(sets: int, stages: int) -> Iterator[Call]:
    """Yield each call of the experiment but for the aggregate."""
    for params in [Params(name=str(x), x=x) for x in range(sets)]:
        digest = hashlib.md5(f"x{params.x!r}".encode(), usedforsecurity=False).hexdigest()
        above = None
        for number in range(stages):
            path = f"{_CACHE}/work_{int(digest, 16):x}_stage{number}_v{number}"
            yield path, f"stage{number}", above
            above = path


def fingerprints() -> dict[str, str]:
    """Return a digest of the code of each stage."""
    with open(_CODE, "rb") as file:
        tree = ast.parse(file.read())
    return {
        node.name: hashlib.sha256(ast.dump(node).encode()).hexdigest()[:16]
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def state_of(path: str) -> list[int]:
    """Return what differs whenever a file is written anew."""
    found = os.stat(path)
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def store(sets: int, stages: int) -> None:
    """Write artifacts, metadata and the index of them."""
    os.makedirs(_CACHE)
    with open(_CODE, "w", encoding="utf-8") as file:
        file.writelines(f"def stage{each}(x):\n    return x + {each}\n" for each in range(stages))
    codes = fingerprints()
    index: dict[str, dict[str, Any]] = {}
    for path, stage, above in calls(sets, stages):
        content = hashlib.sha256(path.encode()).hexdigest()[:32]
        read = None if above is None else index[above]["content"]
        facts = {"code": codes[stage], "input": read, "content": content}
        for name, text in ((f"{path}.json", "1"), (f"{path}_metadata.json", json.dumps(facts))):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        states = [state_of(f"{path}.json"), state_of(f"{path}_metadata.json")]
        index[path] = {**facts, "states": states}
    with open(_INDEX, "w", encoding="utf-8") as file:
        json.dump(index, file)


def is_current(path: str, stage: str, above: str | None, codes: Any, index: Any) -> bool:
    """Tell whether nothing is to be done for a call."""
    known = index[path]
    if known["code"] != codes[stage]:
        return False
    if above is not None and known["input"] != index[above]["content"]:
        return False
    artifact, metadata = known["states"]
    now = state_of(f"{path}.json"), state_of(f"{path}_metadata.json")
    return now == (artifact, metadata)


def main() -> None:
    """Look whether something is to be done."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", type=int)
    parser.add_argument("stages", type=int)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    if options.store:
        store(options.sets, options.stages)
        return
    with open(_INDEX, encoding="utf-8") as file:
        index = json.load(file)
    codes = fingerprints()
    made = list(calls(options.sets, options.stages))
    to_do = [call for call in made if not is_current(*call, codes, index)]
    if to_do:
        raise SystemExit(f"{len(to_do)} calls are to run.")
    print(f"Nothing ran: everything came from the cache ({len(made)} stages).")


if __name__ == "__main__":
    main()
