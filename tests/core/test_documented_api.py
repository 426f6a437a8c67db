# ruff: noqa: E501 - a row of a table is one line
"""Every documented name of core, with its signature and what it does, and every documented error.

Each row of a table is one documented fact. The names of the parts are in `tests/examples`.
"""

import importlib
import inspect
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import curifactory as cf
from curifactory import exceptions
from curifactory.protocols import Cacher

NewManager = Callable[..., cf.ArtifactManager]

# -- signatures ------------------------------------------------------------------------------------

SIGNATURES = {
    "ArtifactManager": "experiment_name=None, store_full=False, dry=False, dry_cache=False, "
    "prefix=None, run_line='', parallel_lock=None, parallel_mode=False, lazy=False, "
    "ignore_lazy=False, notes=None, manager_cache_path=None, cache_path=None, runs_path=None, "
    "logs_path=None, notebooks_path=None, reports_path=None, report_css_path=None, "
    "status_override='LIVE', suppress_live_log=False, live_log_debug=False, "
    "disable_non_cf_loggers=True",
    "ArtifactManager.store": "self",
    "ArtifactManager.write_run_env_output": "self",
    "ArtifactManager.get_all_param_sets": "self",
    "ArtifactManager.get_grouped_reportables": "self",
    "ArtifactManager.get_ungrouped_reportables": "self",
    "ArtifactManager.get_reportable_groups": "self",
    "ArtifactManager.get_artifact_filename": "self, obj_name, record, prefix=None, stage_name=None",
    "ArtifactManager.get_artifact_path": "self, obj_name, record, subdir=None, prefix=None, "
    "stage_name=None, store=False",
    "ArtifactManager.get_str_timestamp": "self",
    "ArtifactManager.get_reference_name": "self",
    "ArtifactManager.get_run_output_path": "self, obj_name=None",
    "ArtifactManager.lock": "self",
    "ArtifactManager.unlock": "self",
    "ArtifactManager.generate_report": "self",
    "ArtifactManager.map_records": "self",
    "ArtifactManager.display_info": "self",
    "ArtifactManager.display_all_reportables": "self",
    "ArtifactManager.display_record_reportables": "self, record",
    "ArtifactManager.display_group_reportables": "self, group_name",
    "ArtifactManager.display_stage_reportables": "self, stage_name",
    "ArtifactManager.display_reportable": "self, reportable",
    "ArtifactManager.display_stage_graph": "self",
    "ExperimentParameters.params_hash": "self, dry=False",
    "hashing.set_hash_functions": "*args, **kwargs",
    "hashing.hash_param_set": "param_set, store_in_registry=False, registry_path=None, dry=False",
    "Record": "manager, param_set, hide=False",
    "Record.get_hash": "self",
    "Record.set_hash": "self",
    "Record.set_aggregate": "self, records",
    "Record.make_copy": "self, param_set=None, add_to_manager=True",
    "Record.report": "self, reportable",
    "Record.get_path": "self, obj_name, subdir=None, prefix=None, stage_name=None, track=True",
    "Record.get_dir": "self, dir_name_suffix, subdir=None, prefix=None, stage_name=None, "
    "track=True",
    "Record.store_tracked_paths": "self",
    "Record.get_reference_name": "self",
    "Record.get_record_index": "self",
    "stage": "inputs=None, outputs=None, cachers=None, suppress_missing_inputs=False",
    "aggregate": "inputs=None, outputs=None, cachers=None",
    "Lazy": "name, resolve=True",
    "Lazy.load": "self",
    "Procedure": "stages, manager=None, name=None, previous_proc=None, records=None",
    "Procedure.run": "self, param_set, record=None, hide=False, manager=None, records=None",
    "store.ManagerStore": "path",
    "store.ManagerStore.load": "self",
    "store.ManagerStore.save": "self",
    "store.ManagerStore.get_experiment_runs": "self, name",
    "store.ManagerStore.get_run": "self, ref",
    "store.ManagerStore.add_run": "self, mngr",
    "store.ManagerStore.update_run": "self, mngr",
    "experiment.list_experiments": "",
    "experiment.list_params": "",
    "experiment.run_experiment": "experiment_name, param_files=None, overwrite_override=None, "
    "cache_dir_override=None, mngr=None, log=False, log_debug=False, dry=False, dry_cache=False, "
    "store_full=False, log_errors=False, prefix=None, build_docker=False, build_notebook=False, "
    "run_string=None, stage_overwrites=None, param_set_names=None, param_set_indices=None, "
    "global_param_set_indices=None, parallel=None, parallel_mode=False, parallel_lock=None, "
    "parallel_queue=None, run_num_override=None, run_ts_override=None, lazy=False, "
    "ignore_lazy=False, report=True, no_dag=False, map_only=False, hashes_only=False, "
    "paths_only=False, print_params=False, no_color=False, quiet=False, progress=False, "
    "plain=False, notes=None, all_loggers=False",
    "utils.get_configuration": "",
    "utils.get_command_output": "command, silent=False",
    "utils.run_command": "command",
    "utils.human_readable_mem_usage": "byte_count",
    "utils.human_readable_time": "seconds",
    "utils.preview_object": "obj",
    "utils.get_py_opening_comment": "lines",
    "utils.init_logging": "log_path=None, level=20, disable_non_cf_loggers=True",
}
"""Documented name -> its documented parameters; more may follow these."""


def find(name: str) -> Any:
    """Return what a documented name stands for."""
    found: Any = cf
    for part in name.split("."):
        if isinstance(found, ModuleType) and part in {"hashing", "store", "experiment", "utils"}:
            found = importlib.import_module(f"curifactory.{part}")
        else:
            found = getattr(found, part)
    return found


def show(parameter: inspect.Parameter) -> str:
    stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else stars
    default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
    return f"{stars}{parameter.name}{default}"


@pytest.mark.parametrize(("name", "documented"), SIGNATURES.items(), ids=SIGNATURES)
def test_a_signature_is_the_documented_one(name: str, documented: str) -> None:
    parameters = list(inspect.signature(find(name)).parameters.values())
    wanted = documented.split(", ") if documented else []

    assert [show(each) for each in parameters[: len(wanted)]] == wanted
    more = parameters[len(wanted) :]
    assert all(each.default is not each.empty or each.kind is each.VAR_KEYWORD for each in more)


MODULES = "args dag experiment hashing manager params procedure record staging store utils"


@pytest.mark.parametrize("name", MODULES.split())
def test_a_module_can_be_imported_and_is_an_attribute(name: str) -> None:
    module = importlib.import_module(f"curifactory.{name}")

    assert getattr(cf, name) is module
    assert sys.modules[f"curifactory.{name}"] is module


# -- behaviour -------------------------------------------------------------------------------------


@dataclass
class Part:
    width: int = 8


@dataclass
class Params(cf.ExperimentParameters):
    x: int = 1
    note: str | None = None
    part: Part = field(default_factory=Part)
    function: Any = len


@dataclass
class Shown:
    """Something to report."""

    name: str | None = None
    group: str | None = None
    qualified_name: str = ""
    record: Any = None
    stage: str | None = None
    path: str = ""

    def html(self) -> str:
        return ""

    def render(self) -> None:
        """Write nothing."""


@dataclass
class Session:
    """A live session after some stages, whose names the expressions below use."""

    names: dict[str, Any]

    def evaluate(self, expression: str) -> Any:
        return eval(expression, self.names)


@pytest.fixture
def session(new_manager: NewManager, cacher: type[Cacher], folder: Path) -> Session:
    manager = new_manager("given", notes="why", suppress_live_log=False, live_log_debug=True)
    seen: dict[str, Any] = {}

    @cf.stage(outputs=["number"], cachers=[cacher])
    def make(record: cf.Record) -> int:
        seen["stage"] = (manager.current_stage_name, manager.stage_active)
        seen["cachers"] = [type(each) for each in record.stage_cachers or ()]
        record.report(Shown("curve", "plots"))
        record.report(Shown())
        return int(record.params.x)

    @cf.stage(["number"], ["double"])
    def double(record: cf.Record, number: int, factor: int = 2) -> int:
        return number * factor

    @cf.aggregate(["double"], ["total"])
    def add_up(record: cf.Record, records: list[cf.Record], double: dict[cf.Record, int]) -> int:
        record.report(Shown("sum"))
        return sum(double.values())

    one = double(make(cf.Record(manager, Params(name="one"))), factor=3)
    two = double(make(cf.Record(manager, Params(name="two", x=2))))
    copy = two.make_copy()
    hidden = cf.Record(manager, None, hide=True)
    total = add_up(cf.Record(manager, None), [one, two])
    return Session({**globals(), **locals(), "os": os})


BEHAVIOUR = """
# 1. the manager
manager.experiment_name == "given" and manager.notes == "why" and manager.prefix is None
(manager.dry, manager.dry_cache, manager.store_full, manager.parallel_mode) == (False,) * 4
(manager.lazy, manager.ignore_lazy, manager.parallel_lock) == (False, False, None)
(manager.status_override, manager.suppress_live_log, manager.live_log_debug) == ("LIVE", False, True)
manager.disable_non_cf_loggers is True
(manager.manager_cache_path, manager.cache_path, manager.runs_path) == ("data/", "data/cache", "data/runs")
(manager.logs_path, manager.notebooks_path, manager.reports_path) == ("logs/", "notebooks/", "reports/")
manager.report_css_path == "reports/style.css"
manager.run_line == __import__("shlex").join(sys.argv) and manager.interactive is False
seen["stage"] == ("make", True)
(manager.current_stage_name, manager.stage_active) == ("", False)
(manager.experiment_run_number, manager.stored) == (1, True)
manager.get_str_timestamp() == manager.run_timestamp.strftime("%Y-%m-%d-T%H%M%S")
manager.get_reference_name() == f"given_1_{manager.get_str_timestamp()}"
(manager.parameter_files, manager.param_file_param_sets) == ([], {})
manager.git_commit_hash == "No git repository found" and manager.git_workdir_dirty is True
"pytest==" in manager.pip_freeze and manager.os and manager.hostname
manager.conda_env == os.environ.get("CONDA_DEFAULT_ENV")
manager.config["cache_path"] == "data/cache"
manager.records == [one, two, copy, total]
[each.name for each in manager.artifacts] == ["number", "double", "number", "double", "total"]
manager.mapped_artifacts == [] and manager.map is None and manager.map_mode is False
manager.map_progress is None
[each.name for each in manager.reportables] == ["curve", None, "curve", None, "sum"]
manager.run_info["reference"] == manager.get_reference_name() and manager.run_info["status"] == "LIVE"
manager.reproduction_line is None
(manager.overwrite, manager.overwrite_stages) == (False, [])
(manager.status, manager.error, manager.error_thrown) == ("LIVE", None, False)
manager.live_report_paths["folder"] == f"reports/{manager.get_reference_name()}"
manager.live_report_path_generated is False
manager.store() is None and manager.experiment_run_number == 1
manager.write_run_env_output() is None and os.listdir("data/runs") == []
[each.name for each in manager.get_all_param_sets()] == ["one", "two"]
{key: len(found) for key, found in manager.get_grouped_reportables().items()} == {"plots": 2}
[each.name for each in manager.get_ungrouped_reportables()] == [None, None, "sum"]
manager.get_reportable_groups() == ["plots", None]
manager.get_artifact_filename("x", one) == f"given_{one.get_hash()}_double_x"
manager.get_artifact_filename("x", one, "p", "s") == f"p_{one.get_hash()}_s_x"
manager.get_artifact_path("x", one, "sub") == f"data/cache/sub/given_{one.get_hash()}_double_x" and os.path.isdir("data/cache/sub")
manager.get_artifact_path("x", one, store=True).startswith(f"data/runs/{manager.get_reference_name()}/artifacts/given_")
manager.get_run_output_path("a/b").endswith("/a/b") and os.path.isdir(manager.get_run_output_path() + "/a")
manager.lock() is None and manager.unlock() is None
os.path.isfile(f"logs/{manager.get_reference_name()}.log")
os.path.isfile("data/store/given/1.jsonl")
all(map(os.path.isdir, ("data/cache", "data/runs", "reports", "logs")))
# 2. parameter sets
list(vars(Params()))[:4] == ["name", "hash", "overwrite", "hash_representations"]
(Params().name, Params().hash, Params().overwrite) == ("UNNAMED", None, False)
"hash_representations" not in repr(Params())
Params() == Params() and Params().__hash__ is None
Params().params_hash() == one.get_hash() == one.params.hash
Params(hash="by hand").params_hash() == "by hand"
Params().params_hash(dry=True)["name"] == ("SKIPPED: blacklist", None)
Params().params_hash(dry=True)["note"] == ("SKIPPED: value is None", None)
Params().params_hash(dry=True)["x"] == ("repr(x)", "1")
Params().params_hash(dry=True)["function"] == ("function.__qualname__", "len")
Params().params_hash(dry=True)["part"][0] == "get_param_set_hash_values(param_set, part)"
Params(hash_representations={"x": None}).params_hash(dry=True)["x"] == ("SKIPPED: set to None in hash_representations", None)
Params(hash_representations={"x": lambda own, x: x + 1}).params_hash(dry=True)["x"] == ("param_set.hash_representations['x'](param_set, x)", 2)
cf.hashing.hash_param_set(Params(), dry=True) == Params().params_hash(dry=True)
cf.set_hash_functions({"a": None}, b=None).default_factory() == {"a": None, "b": None}
total.combo_hash == cf.hashing.combine_hashes(None, [two.get_hash(), one.get_hash()])
# 3. records
one.manager is manager and one.params.name == "one"
dict(one.state) == {"number": 1, "double": 3} and one.output == 3
one.state_artifact_reps == {"number": 0, "double": 1}
(one.stages, total.stages) == (["make", "double"], ["add_up"])
(one.stage_inputs, one.stage_outputs) == ([[], [0]], [[0], [1]])
(one.stage_inputs_names, one.stage_suppress_missing) == ([[], ["number"]], [False, False])
(one.stage_kwargs_keys, two.stage_kwargs_keys) == ([[], ["factor"]], [[], []])
(total.input_records, copy.input_records, one.input_records) == ([one, two], [two], [])
(total.is_aggregate, one.is_aggregate, one.combo_hash) == (True, False, None)
one.unstored_tracked_paths == [] and one.stored_paths == []
seen["cachers"] == [cacher] and one.stage_cachers is None
{one: 1, two: 2}[two] == 2 and one != two
one.state.resolve is True
print(one.state) is None and repr(one.state) == "{'number': 1, 'double': 3}"
total.get_hash() == total.combo_hash and hidden.get_hash() == "None"
one.set_hash() is None and one.get_hash() == Params().params_hash()
dict(copy.state) == dict(two.state) and copy.stages == [] and copy.params is two.params
one.make_copy(Params(x=7), add_to_manager=False).get_record_index() == -1
[each.qualified_name for each in manager.reportables[:2]] == ["one_make_curve", "one_make_1"]
manager.reportables[-1].qualified_name == "(Aggregate)_add_up_sum"
one.get_path("x") == f"data/cache/given_{one.get_hash()}_double_x"
one.get_path("x", "sub", "p", "s") == f"data/cache/sub/p_{one.get_hash()}_s_x"
os.path.isdir(one.get_dir("models"))
one.get_path("x") and [each["obj_name"] for each in one.unstored_tracked_paths] == ["x"]
one.get_path("x") and one.store_tracked_paths() is None and one.unstored_tracked_paths == []
one.get_path("x", track=False) and one.unstored_tracked_paths == []
(one.get_reference_name(), hidden.get_reference_name()) == ("Record 0 (one)", "Record -1 (None)")
(two.get_record_index(), hidden.get_record_index()) == (1, -1)
# 4. stages
make.__name__ == "make" and add_up.__name__ == "add_up"
double(two, number=5) is two and two.state["double"] == 10
double(one, number=5, factor=4).state["double"] == 20
str(cf.Lazy("a")) == "a" and cf.Lazy("a").resolve is True and cf.Lazy("a").cacher is None
add_up(cf.Record(manager, None)).state["total"] == 3 + 4 + 4
add_up(cf.Record(manager, None), []).output == 0
# 6. names and layouts
os.path.isfile(f"data/cache/given_{one.get_hash()}_make_number.pkl")
set(manager.run_info) >= set("reference experiment_name run_number timestamp commit workdir_dirty param_files params full_store status cli hostname notes".split())
cf.store.ManagerStore("data").get_run(manager.get_reference_name())[1] == 0
cf.store.ManagerStore("data").get_run("nothing") == (None, -1)
[run["run_number"] for run in cf.store.ManagerStore("data").get_experiment_runs("given")] == [1]
cf.store.ManagerStore("data").runs[0]["status"] == "LIVE"
cf.store.ManagerStore("data").save() is None and os.path.isfile("data/store.json")
# 11. other public names
cf.utils.TIMESTAMP_FORMAT == "%Y-%m-%d-T%H%M%S"
cf.utils.get_configuration()["runs_path"] == "data/runs"
cf.utils.get_command_output([sys.executable, "-c", "print(1)"]) == "1"
cf.utils.run_command([sys.executable, "-c", "exit(3)"]) == 3
(cf.utils.human_readable_mem_usage(1000), cf.utils.human_readable_time(0.05)) == ("1.00KB", "50.00ms")
len(cf.utils.preview_object(list(range(10**6)))) < 80
cf.utils.get_py_opening_comment(['"' * 3 + "Iris." + '"' * 3]) == "Iris."
cf.Procedure([make, double], manager).run(Params(x=5)).output == 10
cf.experiment.list_experiments() == cf.experiment.list_params() == []
""".strip().splitlines()
FACTS = [line for line in BEHAVIOUR if not line.startswith("#")]


@pytest.mark.parametrize("fact", FACTS)
def test_a_documented_name_does_what_it_should(session: Session, fact: str) -> None:
    assert session.evaluate(fact)


# -- errors and warnings ---------------------------------------------------------------------------


def none(record: cf.Record) -> None:
    """Return nothing."""


def take(record: cf.Record, number: int) -> int:
    return number


def take_default(record: cf.Record, number: int = 7) -> int:
    return number


def take_all(record: cf.Record, records: list[cf.Record], number: Any = None) -> Any:
    return number


def pair(record: cf.Record) -> tuple[int, int]:
    return 1, 2


def fail(record: cf.Record) -> None:
    raise TypeError("of the user's own")


def listing(decorator: Callable[..., Any], function: Any, *names: str, **lists: Any) -> Any:
    """Return what makes a stage, and calls it on a record that has ``names`` in its state."""

    def call(manager: cf.ArtifactManager, cacher: type[Cacher]) -> cf.Record:
        given = {key: value(cacher) if callable(value) else value for key, value in lists.items()}
        made = decorator(**given)(function)
        record = cf.Record(manager, Params(name="one"))
        for name in names:
            record.state[name] = 5
        result = made(record)
        assert isinstance(result, cf.Record)
        return result

    return call


ERRORS = {
    "more cachers than outputs": (
        listing(cf.stage, none, outputs=["a"], cachers=lambda cacher: [cacher, cacher]),
        exceptions.CachersMismatchError,
        "2 cachers for 1 outputs",
    ),
    "fewer cachers than outputs": (
        listing(cf.stage, pair, outputs=["a", "b"], cachers=lambda cacher: [cacher]),
        exceptions.CachersMismatchError,
        "1 cachers for 2 outputs",
    ),
    "no cachers for an output, before its input is missed": (
        listing(cf.stage, take, inputs=["number"], outputs=["a"], cachers=[]),
        exceptions.CachersMismatchError,
        "0 cachers for 1 outputs",
    ),
    "cachers of an aggregate": (
        listing(cf.aggregate, take_all, outputs=["a"], cachers=[]),
        exceptions.CachersMismatchError,
        "aggregate 'take_all'",
    ),
    "an input that nobody made": (
        listing(cf.stage, take, inputs=["number"], outputs=["a"]),
        KeyError,
        "needs the input 'number'",
    ),
    "an input that nobody made, although the function has a default": (
        listing(cf.stage, take_default, inputs=["number"], outputs=["a"]),
        exceptions.MissingInputError,
        "needs the input 'number'",
    ),
    "an input that the function does not take": (
        listing(cf.stage, none, "number", inputs=["number"]),
        exceptions.InputSignatureError,
        "lists the input 'number'",
    ),
    "an input that an aggregate's function does not take": (
        listing(cf.aggregate, take_all, inputs=["other"]),
        exceptions.InputSignatureError,
        "lists the input 'other'",
    ),
    "suppressed, missing and without default": (
        listing(cf.stage, take, inputs=["number"], outputs=["a"], suppress_missing_inputs=True),
        exceptions.InputSignatureError,
        "has no default for 'number'",
    ),
    "an empty list of cachers where there are no outputs": (
        listing(cf.stage, none, cachers=[]),
        exceptions.EmptyCachersError,
        "no outputs to cache",
    ),
    "an empty list of cachers of an aggregate without outputs": (
        listing(cf.aggregate, take_all, cachers=[]),
        exceptions.EmptyCachersError,
        "no outputs to cache",
    ),
    "too many values": (
        listing(cf.stage, pair, outputs=["a"]),
        exceptions.OutputSignatureError,
        'declares 1 outputs \\("a"\\) but returned 2',
    ),
    "too few values, one of them lazy": (
        listing(
            cf.stage,
            take_default,
            outputs=["a", cf.Lazy("b")],
            cachers=lambda cacher: [cacher, cacher],
        ),
        exceptions.OutputSignatureError,
        '"a", Lazy\\("b"\\)',
    ),
    "a type error of the user's own": (listing(cf.stage, fail), TypeError, "^of the user's own\n"),
}


@pytest.mark.parametrize(("call", "error", "message"), ERRORS.values(), ids=ERRORS)
def test_a_documented_error_has_its_condition(
    manager: cf.ArtifactManager,
    cacher: type[Cacher],
    call: Callable[..., Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as raised:
        call(manager, cacher)

    assert error is not TypeError or type(raised.value) is TypeError
    assert manager.active_call is None
    assert (manager.log.prefix, manager.stage_active) == ("", False)


FINE = {
    "an input passed by keyword": lambda manager: (
        cf.stage(["number"], ["a"])(take)(cf.Record(manager, None), number=3).state["a"] == 3
    ),
    "a suppressed missing input with a default": lambda manager: (
        cf.stage(["number"], ["a"], suppress_missing_inputs=True)(take_default)(
            cf.Record(manager, None)
        ).output
        == 7
    ),
    "no outputs and a value": lambda manager: (
        cf.stage()(pair)(cf.Record(manager, None)).output == []
    ),
    "one output that is a tuple": lambda manager: (
        cf.stage(None, ["a"])(lambda record: ((1, 2),))(cf.Record(manager, None)).output == (1, 2)
    ),
    "a list is one value": lambda manager: (
        cf.stage(None, ["a"])(lambda record: [1, 2])(cf.Record(manager, None)).output == [1, 2]
    ),
    "None is a value": lambda manager: (
        cf.stage(None, ["a"])(lambda record: None)(cf.Record(manager, None)).state == {"a": None}
    ),
    "an aggregate of nothing": lambda manager: (
        cf.aggregate(["number"], ["a"])(take_all)(cf.Record(manager, None), []).output == {}
    ),
    "an aggregate over records of which none has the input": lambda manager: (
        cf.aggregate(["number"], ["a"])(take_all)(
            cf.Record(manager, None), [cf.Record(manager, None)]
        ).output
        == {}
    ),
}


@pytest.mark.parametrize("check", FINE.values(), ids=FINE)
def test_what_is_no_error(
    manager: cf.ArtifactManager, check: Callable[[cf.ArtifactManager], bool]
) -> None:
    assert check(manager)


def call_nested(manager: cf.ArtifactManager) -> None:
    inner = cf.stage(None, ["a"])(lambda record: 1)

    def outer(record: cf.Record) -> None:
        inner(cf.Record(manager, None))

    cf.stage()(outer)(cf.Record(manager, None))


WARNINGS: dict[str, tuple[Callable[[cf.ArtifactManager], object], str]] = {
    "a suppressed missing input": (
        lambda manager: cf.stage(["number"], suppress_missing_inputs=True)(take_default)(
            cf.Record(manager, None)
        ),
        "needs the input 'number'",
    ),
    "a stage inside a stage": (call_nested, "is called inside stage 'outer'"),
    "a record that lacks an input of an aggregate": (
        lambda manager: cf.aggregate(["number"])(take_all)(
            cf.Record(manager, None), [cf.Record(manager, None)]
        ),
        "does not have the input 'number'",
    ),
}


@pytest.mark.parametrize(("call", "message"), WARNINGS.values(), ids=WARNINGS)
def test_a_documented_warning_is_given_once(
    manager: cf.ArtifactManager,
    caplog: pytest.LogCaptureFixture,
    call: Callable[[cf.ArtifactManager], object],
    message: str,
) -> None:
    caplog.clear()

    call(manager)

    warned = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [message in each.getMessage() for each in warned] == [True]
