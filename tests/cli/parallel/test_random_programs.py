"""Experiments made at random: a parallel run leaves what a serial one leaves."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curifactory.config import get_configuration
from curifactory.options import RunOptions
from curifactory.running import run

STAGE = """
@cf.{kind}({inputs}, ["{name}"], {cacher})
def {name}({arguments}):
    note("{name}", record)
    return "{name}(" + ",".join(sorted({values})) + ")" + str(record.params.n)
"""
HEAD = """
from dataclasses import dataclass
import curifactory as cf
from curifactory.caching import JsonCacher

@dataclass
class Params(cf.ExperimentParameters):
    n: int = 0

def get_params():
    return [Params(name=str(n), n=n) for n in range({sets})]

def note(stage, record):
    with open("executed.txt", "a") as file:
        file.write(f"{{stage}} {{record.params.n}} {{record.get_hash()}}\\n")
"""


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Return an experiment of up to six stages on up to three records, and aggregates over them."""
    sets = draw(st.integers(1, 3))
    text, lines = [HEAD.format(sets=sets)], []
    known: list[str] = []
    for place in range(draw(st.integers(1, 6))):
        name = f"s{place}"
        inputs = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
        cacher = draw(st.sampled_from(["None", "[JsonCacher]"]))
        values = f"[{', '.join(inputs)}]"
        arguments = ", ".join(["record", *inputs])
        text.append(
            STAGE.format(
                kind="stage",
                inputs=inputs,
                name=name,
                cacher=cacher,
                arguments=arguments,
                values=values,
            )
        )
        lines.append(f"        {name}(record)")
        known.append(name)
    read = draw(st.sampled_from(known))
    copied = draw(st.booleans())
    text.append(
        STAGE.format(
            kind="aggregate",
            inputs=[read],
            name="whole",
            cacher="[JsonCacher]",
            arguments=f"record, records, {read}",
            values=f"{read}.values()",
        )
    )
    text.append("def run(param_sets, manager):")
    text += ["    for item in param_sets:", "        record = cf.Record(manager, item)", *lines]
    if copied:
        text.append("        whole(record.make_copy(), [record])")
    text.append("    return whole(cf.Record(manager, param_sets[0])).output")
    return "\n".join(text)


def outcome(program: str, parallel: int | None) -> tuple[object, dict[str, str], list[str]]:
    """Return value, artifacts and executions of a run in a folder of its own."""
    before = Path.cwd()
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        Path("experiments").mkdir()
        Path("experiments/program.py").write_text(program)
        options = RunOptions(experiment="program", parallel=parallel, report=False, log=False)
        result = run(options, configuration=get_configuration())
        assert result.error is None, result.error
        files = {path.name: path.read_text() for path in Path("data/cache").glob("*.json")}
        artifacts = {name: text for name, text in files.items() if "_metadata" not in name}
        return result.value, artifacts, sorted(Path("executed.txt").read_text().splitlines())
    finally:
        os.chdir(before)
        shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_serial_and_parallel_runs_give_the_same(program: str) -> None:
    serial = outcome(program, None)

    parallel = outcome(program, 3)

    assert json.dumps(parallel[0]) == json.dumps(serial[0])
    assert parallel[1:] == serial[1:]
