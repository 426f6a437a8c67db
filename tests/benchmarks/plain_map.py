"""The least that shows a map: what a plain program prints of sets, each put through some stages.

It prints what ``experiment work --map`` does, to the byte: every stage with what it reads and
makes, whether that is in the cache, and what happens to it and why. It knows the experiment and has
neither lineage nor metadata, so that whatever has the right name is in the cache.
"""

import argparse
import dataclasses
import hashlib
import inspect  # noqa: F401 - what a program of this kind needs, such as to look at stages
import json  # noqa: F401
import logging  # noqa: F401
import os
import sys
from collections.abc import Iterator


@dataclasses.dataclass
class Params:
    """A parameter set."""

    name: str
    x: int = 1


class Call:
    """A stage of a record."""

    __slots__ = ("cached", "made", "made_by", "needed_by", "read_by", "reads", "stage")

    def __init__(self, stage: str, made: str, made_by: str, reads: "list[Call]") -> None:
        self.stage, self.made, self.made_by, self.reads = stage, made, made_by, reads
        self.cached = False
        self.read_by = self.needed_by = ""
        for read in reads:
            read.read_by = made_by


class Record:
    """What becomes of a parameter set."""

    __slots__ = ("calls", "hash", "name", "reads")

    def __init__(self, index: int, name: str | None, hash_: str, reads: "list[Record]") -> None:
        self.name, self.hash, self.reads = f"Record {index} ({name})", hash_, reads
        self.calls: list[Call] = []

    def call(self, stage: str, made: str, reads: list[Call], there: set[str]) -> Call:
        """Note a call of a stage."""
        call = Call(stage, made, self.name, reads)
        call.cached = f"work_{self.hash}_{stage}_{made}.json" in there
        self.calls.append(call)
        return call


def map_calls(sets: list[Params], stages: int, there: set[str]) -> list[Record]:
    """Return the records with their calls; the last one is that of the aggregate."""
    records, last = [], []
    for index, params in enumerate(sets):
        digest = hashlib.md5(f"x{params.x!r}".encode(), usedforsecurity=False).hexdigest()
        record = Record(index, params.name, f"{int(digest, 16):x}", [])
        records.append(record)
        reads: list[Call] = []
        for number in range(stages):
            reads = [record.call(f"stage{number}", f"v{number}", reads, there)]
        last += reads
    text = str(["None", *sorted(record.hash for record in records)])
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    together = Record(len(records), None, digest, records)
    together.call("total", "total", last, there)
    return [*records, together]


def plan(records: list[Record]) -> tuple[int, int]:
    """Note which calls are needed by one that runs; return how many run and how many are loaded."""
    run = loaded = 0
    for record in reversed(records):
        for call in reversed(record.calls):
            runs = not call.cached and (not call.read_by or bool(call.needed_by))
            run += runs
            loaded += call.cached and bool(call.needed_by)
            for read in call.reads if runs else ():
                read.needed_by = f"{call.stage!r} of {record.name}"
    return run, loaded


def why(call: Call) -> str:
    """Return what happens to a call, and why."""
    needed = f"needed by {call.needed_by}" if call.needed_by else ""
    if call.cached:
        return f"load: {needed}" if needed else "skip: up to date"
    if call.read_by and not needed:
        return "skip: not needed: everything computed from it is cached"
    missing = f"run: output {call.made!r} is not in the cache"
    return f"{missing}; {needed}" if needed else missing


def lines(records: list[Record]) -> Iterator[str]:
    """Yield what is shown of each record."""
    for record in records:
        shown = [f"==== {record.name} hash: {record.hash} ===="]
        for call in record.calls:
            shown.append(f"Stage: {call.stage}{'' if call.read_by else ' (leaf)'}")
            if record.reads:
                shown.append("\tInput records:")
                shown += [f"\t\t{other.name}" for other in record.reads]
            if call.reads:
                shown.append("\tInputs:")
            for read in call.reads:
                origin = "" if read.made_by is record.name else f" from {read.made_by}"
                shown.append(f"\t\t{read.made}{' (cached)' if read.cached else ''}{origin}")
            made = f"\t\t{call.made}{' (cached)' if call.cached else ''}"
            shown += ["\tOutputs:", made, f"\t{why(call)}"]
        yield "\n".join([*shown, "\n"])


def main() -> None:
    """Show the map."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", type=int)
    parser.add_argument("stages", type=int)
    options = parser.parse_args()
    there = set(os.listdir("data/cache")) if os.path.isdir("data/cache") else set()
    sets = [Params(name=str(x), x=x) for x in range(options.sets)]
    records = map_calls(sets, options.stages, there)
    run, loaded = plan(records)
    sys.stdout.writelines(lines(records))
    total = sum(len(record.calls) for record in records)
    skipped = total - run - loaded
    print(f"{total} stages: {run} to run, {loaded} to load, {skipped} up to date")


if __name__ == "__main__":
    main()
