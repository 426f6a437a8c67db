"""What a person types wrongly: one clear message, exit code 2, and nothing is changed."""

import io
import json
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

FILES = {
    "experiments/broken.py": "raise ValueError('no luck')\n",
    "experiments/unparsable.py": "def run(:\n",
    "experiments/no_run.py": "def get_params():\n    return []\n",
    "experiments/only_run.py": "def run(param_sets, manager):\n    pass\n",
    "params/no_sets.py": "def get_params():\n    return []\n",
    "params/no_list.py": "def get_params():\n    return 3\n",
    "params/no_params.py": "def get_params():\n    return ['knn']\n",
    "params/failing.py": "def get_params():\n    return 1 / 0\n",
    "params/no_function.py": "",
    "params/numbered.py": (
        "import curifactory as cf\n"
        "def get_params():\n    return [cf.ExperimentParameters(name=3)]\n"
    ),
    "params/wants_more.py": "def get_params(number):\n    return []\n",
    "file": "",
}


class Case(NamedTuple):
    """Words that make no sense, and a part of what is said of them."""

    words: str
    message: str


CASES = [
    # names of experiments and files
    Case("", "which experiment? Give its name; 'experiment ls' lists what there is"),
    Case("run", "which experiment?"),
    Case("map", "which experiment?"),
    Case("chian", "experiment 'chian' not found. Did you mean 'chain'?"),
    Case("run chian", "Did you mean 'chain'?"),
    Case("map chian", "Did you mean 'chain'?"),
    Case("chain.py", "Did you mean 'chain'?"),
    Case("experiments/chain.py", "experiment 'experiments/chain.py' not found"),
    Case("../chain", "experiment '../chain' not found"),
    Case("..", "experiment '..' not found"),
    Case("more", "experiment 'more' not found"),
    Case("broken", "experiment 'broken' cannot be imported: ValueError: no luck"),
    Case("unparsable", "experiment 'unparsable' cannot be imported: SyntaxError"),
    Case("no_run", "has no function run(param_sets, manager)"),
    Case("only_run", "has no function get_params()"),
    Case("chain -p mor", "parameter file 'mor' not found. Did you mean 'more'?"),
    Case("chain -p more -p chian", "parameter file 'chian' not found. Did you mean 'chain'?"),
    Case("chain -p no_sets", "No parameter sets found in 'no_sets'"),
    Case("chain -p no_list", "Parameter file 'no_list' did not return a list"),
    Case("chain -p no_params", "'knn' in it, which is no parameter set"),
    Case("chain -p failing", "get_params() of 'failing' failed: ZeroDivisionError"),
    Case("chain -p numbered", "a parameter set whose name is 3; make it a text, such as name='3'"),
    Case("chain -p wants_more", "wants_more.py) is called without arguments, and needs some"),
    Case("chain -p no_function", "has no function get_params()"),
    Case("chain other", "unexpected argument 'other'"),
    Case("chain --cache data/runs/chain_9 --dry-cache", "there is no cache 'data/runs/chain_9'"),
    # parameter sets
    Case("chain -n smal", "Paramset name 'smal' not found. Did you mean 'small'?"),
    Case("chain -n small -n bgi", "Paramset name 'bgi' not found. Did you mean 'big'?"),
    Case("chain -p more -n small", "Paramset name 'small' not found. There is: 'huge'"),
    Case("chain --indices 2", "--indices '2' is out of range: there are 2"),
    Case("chain --indices 0-3", "--indices '0-3' is out of range: there are 2"),
    Case("chain --indices 1-1", "--indices '1-1' is out of range"),
    Case("chain --indices one", "--indices 'one' is neither a number like 2 nor a range like 0-3"),
    Case("chain --indices 0-", "--indices '0-' is neither a number"),
    Case("chain --indices=-1", "--indices '-1' is neither a number"),
    Case("chain --indices ²", "--indices '²' is neither a number"),
    Case("chain --global-indices 2", "--global-indices '2' is out of range: there are 2"),
    Case("chain --global-indices 1,2", "--global-indices '1,2' is neither a number"),
    Case("chain -n small --indices 1", "No parameter sets found in 'chain' that pass every filter"),
    # options
    Case("chain --paralel 2", "unknown option '--paralel'"),
    Case("chain --over", "unknown option '--over'. Did you mean '--overwrite'"),
    Case("chain --verb", "unknown option '--verb'. Did you mean '--verbose'"),
    Case("chain -x", "unknown option '-x'"),
    Case("chain -p", "-p/--params: expected one argument"),
    Case("chain --overwrite-stage", "--overwrite-stage: expected one argument"),
    Case("chain --dry=yes", "--dry: takes no value, but was given 'yes'"),
    Case("chain --overwrite-stage trian", "stage 'trian' not found. Did you mean 'train'?"),
    Case("map chain --why trian", "stage 'trian' not found. Did you mean 'train'?"),
    Case("chain --why trian", "stage 'trian' not found. Did you mean 'train'?"),
    Case("chain --on-stale reran", "unknown policy 'reran'. Did you mean 'rerun'?"),
    Case("chain --print-params smol", "parameter set 'smol' not found"),
    Case("chain --port 80", "'experiment reports' takes --port"),
    # values of options
    Case("chain --parallel 0", "'0' is not a number of processes, 1 or more"),
    Case("chain --parallel -1", "'-1' is not a number of processes, 1 or more"),
    Case("chain --parallel two", "'two' is not a number of processes, 1 or more"),
    Case("chain --executor locl", "executor 'locl' not found. Did you mean 'local'?"),
    Case("chain --parallel 2 --resources cores", "'cores' is not a resource like cores=8"),
    Case("chain --prefix=", "--prefix/--name: expected something, not an empty text"),
    Case("chain --cache=", "-c/--cache: expected something, not an empty text"),
    Case("chain --print-params=", "--print-params: expected something, not an empty text"),
    Case("chain --cache file", "--cache 'file' cannot be a folder: "),
    Case("chain --map --cache file", "--cache 'file' cannot be a folder: "),
    Case("chain --cache file --dry-cache", "there is no cache 'file' to read"),
    Case("chain --report-file file/a.html", "is no folder that files can be put into"),
    Case("chain --report-file experiments", "'experiments' is a folder; name a file"),
    # options that make no sense together
    Case("chain --map --no-dag", "--map and --no-dag exclude each other"),
    Case("chain --paths --no-map", "--paths and --no-dag exclude each other"),
    Case("chain --lazy --ignore-lazy", "--lazy and --ignore-lazy exclude each other"),
    Case("chain --quiet --plain", "--quiet and --plain exclude each other"),
    Case("chain --map --hashes", "--map and --hashes exclude each other"),
    Case("chain --paths --print-params", "--paths and --print-params exclude each other"),
    Case("map chain --no-dag", "exclude each other; give one of them. See 'experiment --help'."),
    Case("chain --dry --store-full", "--dry and --store-full exclude each other"),
    Case("chain --dry --report-file a.html", "--dry and --report-file exclude each other"),
    Case("chain --dry --notebook", "--dry and --notebook exclude each other"),
    Case("chain --dry --docker", "--docker and --dry exclude each other"),
    Case("chain --docker --parallel-mode", "--docker and --parallel-mode exclude each other"),
    Case("chain --docker-context a --dry", "--docker-context and --dry exclude each other"),
    Case("chain --keep-going --fail-fast", "--keep-going and --fail-fast exclude each other"),
    Case("chain --resources cores=2", "--resources is for --parallel and --executor"),
    Case("chain --json", "--json is for --map and --why"),
    Case("chain --no-report --report-file a.html", "exclude each other"),
    # commands
    Case("lss", "Or did you mean the command 'experiment ls'?"),
    Case("mpa chain", "Or did you mean the command 'experiment map'?"),
    Case("-v ls", "A command comes first, as in 'experiment ls'."),
    Case("ls chain", "unexpected argument 'chain'"),
    Case("ls -p more", "unknown option '-p'"),
    Case("ls --check --timeout soon", "'soon' is no number of seconds above 0"),
    Case("ls --timeout 3", "--timeout is for --check"),
    Case("ls --check --names more", "--check and --names exclude each other"),
    Case("ls --josn", "unknown option '--josn'. Did you mean '--json'?"),
    Case("ls --names mor", "parameter file 'mor' not found. Did you mean 'more'?"),
    Case("reports --port none", "'none' is not a port"),
    Case("reports --port 65536", "'65536' is not a port"),
    Case("reports all", "unexpected argument 'all'"),
    Case("reports --hots 0.0.0.0", "Did you mean '--host'"),
    Case("reports", "there is no folder 'reports/' with reports"),
    Case("reports --update", "there is no folder 'reports/' with reports"),
]


IN_A_PROJECT = [
    Case("experiment runs", "what to do? There is ls, show, diff, rm"),
    Case("experiment runs lss", "unknown command 'lss'. Did you mean 'ls'?"),
    Case("experiment runs --json", "option '--json' belongs to 'ls' and 'show' and 'diff'"),
    Case("experiment runs ls --status done", "runs have no status 'done'. There is complete"),
    Case("experiment runs ls --since soon", "'soon' is no time; write a date like"),
    Case("experiment runs ls --limti 1", "Did you mean '--limit'?"),
    Case("experiment runs ls --limit 1.5", "--limit takes a number of runs, not '1.5'"),
    Case("experiment runs ls --where params.size=", "cannot read the condition"),
    Case("experiment runs ls --where size", "runs have no 'size'"),
    Case("experiment runs ls --where params.siez==1", "Did you mean 'params.size'?"),
    Case("experiment runs ls --where open('f')", "which is not allowed"),
    Case("experiment runs ls --sort sied", "runs have no 'sied'"),
    Case("experiment runs ls chian", "Did you mean 'chain'?"),
    Case("experiment runs ls --json --csv", "not allowed with argument --json"),
    Case("experiment runs show 9", "there is no run '9'. 'experiment runs ls' lists them."),
    Case("experiment runs show chian", "Did you mean 'chain/1'"),
    Case("experiment runs show 1 1", "unexpected argument '1'. See 'experiment runs show --help'."),
    Case("experiment runs show --csv", "option '--csv' belongs to 'ls'"),
    Case("experiment runs diff 1", "required: RUN. See 'experiment runs diff --help'."),
    Case("experiment runs diff 1 9", "there is no run '9'"),
    Case("experiment runs rm", "required: RUN"),
    Case("experiment runs rm 1 9 --yes", "there is no run '9'"),
    Case(
        "experiment reports --host nobody.invalid --port 0", "cannot listen at port 0 of 'nobody."
    ),
    Case("curifactory inti", "unknown command 'inti'. Did you mean 'init'?"),
    Case("curifactory --versoin", "Did you mean '--version'?"),
    Case("curifactory init here", "unexpected argument 'here'"),
    Case("curifactory init --yess", "Did you mean '--yes'?"),
    Case("curifactory init --set docker", "write it as KEY=VALUE"),
    Case("curifactory init --yes --set docker=maybe", "it can be 'yes' or 'no'"),
    Case("curifactory init --yes --set lgos_path=x", "Did you mean 'logs_path'?"),
    Case("curifactory init --yes --set logs_path=", "--set logs_path=: '' is no path"),
    Case("curifactory init --yes --set logs_path=.", "is the project's folder itself"),
    Case("curifactory init --yes --set logs_path=file", "'file' is a file"),
    Case("curifactory init --yes --set logs_path=file/logs", "'file' is a file"),
    Case("curifactory init --yes --set report_css_path=params", "'params' is a folder"),
    Case("curifactory init --yes --set params_module_name=a-b", "'a-b' is no name of a module"),
    Case("curifactory init --yes --set params_module_name=class", "'class' is no name of a module"),
    Case("curifactory init --yes --set on_stale=reran", "on_stale is one of warn, rerun, ignore"),
    Case("curifactory init --yes --set executors=x", "there is no 'executors'"),
    Case("curifactory config logs_path", "unexpected argument 'logs_path'"),
    Case("curifactory config --josn", "Did you mean '--json'?"),
    Case("curifactory doctor --fix", "unknown option '--fix'"),
    Case("curifactory doctor now", "unexpected argument 'now'"),
    Case("curifactory completion", "which shell? Name one with --bash, --zsh or --fish"),
    Case("curifactory completion --tcsh", "unknown option '--tcsh'. Did you mean '--zsh'"),
    Case("curifactory completion --bash --zsh", "not allowed with argument --bash"),
    Case("curifactory cache", "what to do? There is ls, du, show, verify, gc, rm"),
    Case("curifactory cache shwo", "unknown command 'shwo'. Did you mean 'show'?"),
    Case("curifactory cache --json", "option '--json' belongs to 'ls' and 'du'"),
    Case("curifactory cache ls nope", "no artifact 'nope' in 'data/cache'"),
    Case("curifactory cache ls -c nope", "there is no cache 'nope'"),
    Case("curifactory cache ls -c file", "there is no cache 'file'"),
    Case("curifactory cache ls --stage trian", "--stage 'trian' not found. Did you mean 'train'?"),
    Case("curifactory cache du --experiment chian", "Did you mean 'chain'?"),
    Case("curifactory cache verify --set smal", "Did you mean 'small'?"),
    Case("curifactory cache ls --run 2", "--run '2' not found. There is: 'chain_1_"),
    Case("curifactory cache ls --stale --no-check", "--stale needs the check"),
    Case("curifactory cache du --by rum", "unknown value 'rum'. Did you mean 'run'?"),
    Case("curifactory cache du --stale", "option '--stale' belongs to 'ls' and 'rm'"),
    Case("curifactory cache rm --stale --yes", "no artifact fits"),
    Case("curifactory cache show", "required: NAME"),
    Case("curifactory cache show nope", "no artifact 'nope'"),
    Case("curifactory cache show chain_*", "fits 5 artifacts, such as"),
    Case("curifactory cache gc", "how much is to stay?"),
    Case("curifactory cache gc --max-size big", "'big' is no size; give one like 500MB"),
    Case("curifactory cache gc --older-than 3", "'3' is no age; give one like 12h"),
    Case("curifactory cache rm --yes", "what is to go?"),
    Case("curifactory cache rm nope --yes", "no artifact 'nope'"),
    Case("curifactory cache rm --hash zz --yes", "no artifact fits"),
    Case("curifactory cache unpin nope", "'nope' is not pinned. Pinned: nothing."),
    Case("curifactory cache accept trian", "Did you mean 'train'?"),
]
"""What is asked for where an experiment has run."""
UNANSWERED = [
    Case("experiment runs rm 1", "nobody answers here; give --yes"),
    Case("curifactory cache rm chain_*", "nobody answers here; give --yes"),
    Case("curifactory init", "nobody answers here; give --yes"),
    Case("curifactory init --set docker=no", "nobody answers here; give --yes"),
]
"""What asks something before it changes anything."""


@pytest.mark.parametrize("case", CASES, ids=[case.words or "nothing" for case in CASES])
def test_bad_input_is_one_line_and_changes_nothing(case: Case, project: "Project") -> None:
    for name, text in FILES.items():
        project.write(name, text)
    before = project.contents()

    outcome = project.run(*case.words.split())

    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.error_lines) == 1
    assert outcome.err.startswith("error: ")
    assert case.message in outcome.err
    assert project.contents() == before


@pytest.fixture
def ran(project: "Project", monkeypatch: pytest.MonkeyPatch) -> "Project":
    """Return the project, in which the experiment ``chain`` ran; nobody is at the keyboard."""
    monkeypatch.setenv("SHELL", "/bin/none")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    project.write("file", "")
    project.run("chain", "--no-report")
    project.write("reports/index.html", "")
    (project.root / "empty").mkdir()
    project.run("runs", "ls")  # writes the index of runs
    return project


@pytest.mark.parametrize("case", IN_A_PROJECT, ids=[case.words for case in IN_A_PROJECT])
def test_bad_input_changes_nothing_in_a_project_either(case: Case, ran: "Project") -> None:
    before = ran.contents()

    command, *words = case.words.split()
    outcome = ran.run(*words, command=command)

    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.error_lines) == 1
    assert outcome.err.startswith("error: ")
    assert case.message in outcome.err
    assert ran.contents() == before


@pytest.mark.parametrize("case", UNANSWERED, ids=[case.words for case in UNANSWERED])
def test_a_question_that_nobody_answers_changes_nothing(case: Case, ran: "Project") -> None:
    before = ran.contents()

    command, *words = case.words.split()
    outcome = ran.run(*words, command=command)

    assert (outcome.code, len(outcome.error_lines)) == (2, 1)
    assert case.message in outcome.err
    assert ran.contents() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "curifactory_config.json"),
        ("[]", "curifactory_config.json"),
        ('{"cache_pth": "x"}', "Did you mean 'cache_path'?"),
        ('{"cache_path": 3}', "'cache_path'"),
        ('{"on_stale": "reran"}', "'on_stale'"),
    ],
)
@pytest.mark.parametrize("words", ["ls", "chain", "chain --map", "chain --hashes"])
def test_a_configuration_that_makes_no_sense_is_bad_input(
    text: str, message: str, words: str, project: "Project"
) -> None:
    project.write("curifactory_config.json", text)
    before = project.contents()

    outcome = project.run(*words.split())

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert message in outcome.err
    assert project.contents() == before


@pytest.mark.parametrize(
    "key",
    [
        "manager_cache_path",
        "cache_path",
        "runs_path",
        "logs_path",
        "notebooks_path",
        "reports_path",
    ],
)
@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_where_a_folder_is_to_be_is_bad_input(
    key: str, path: str, project: "Project"
) -> None:
    project.write("file", "")
    project.write("curifactory_config.json", json.dumps({key: path}))
    before = project.contents()

    outcome = project.run("chain", "--store-full", "--notebook")

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert f"{key} '{path}' cannot be a folder: " in outcome.err
    assert project.contents() == before
