"""What a person types wrongly: one clear message, exit code 2, and nothing is changed."""

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
    Case("chain --dry=yes", "--dry: ignored explicit argument 'yes'"),
    Case("chain --overwrite-stage trian", "stage 'trian' not found. Did you mean 'train'?"),
    Case("chain --why trian", "stage 'trian' not found. Did you mean 'train'?"),
    Case("chain --on-stale reran", "did you mean 'rerun'?"),
    Case("chain --print-params smol", "parameter set 'smol' not found"),
    Case("chain --port 80", "'experiment reports' takes --port"),
    # options that make no sense together
    Case("chain --map --no-dag", "--map and --no-dag exclude each other"),
    Case("chain --paths --no-map", "--paths and --no-dag exclude each other"),
    Case("chain --lazy --ignore-lazy", "--lazy and --ignore-lazy exclude each other"),
    Case("chain --quiet --plain", "--quiet and --plain exclude each other"),
    Case("chain --map --hashes", "--map and --hashes exclude each other"),
    Case("chain --paths --print-params", "--paths and --print-params exclude each other"),
    Case("chain --json", "--json is for --map and --why"),
    Case("chain --no-report --report-file a.html", "exclude each other"),
    # commands
    Case("lss", "Or did you mean the command 'experiment ls'?"),
    Case("mpa chain", "Or did you mean the command 'experiment map'?"),
    Case("-v ls", "A command comes first, as in 'experiment ls'."),
    Case("ls chain", "unexpected argument 'chain'"),
    Case("ls -p more", "unknown option '-p'"),
    Case("ls --check --timeout soon", "'soon' is no number of seconds above 0"),
    Case("ls --names mor", "parameter file 'mor' not found. Did you mean 'more'?"),
    Case("reports --port none", "'none' is not a port"),
    Case("reports --port 65536", "'65536' is not a port"),
    Case("reports", "there is no folder 'reports/' with reports"),
    Case("reports --update", "there is no folder 'reports/' with reports"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.words or "nothing" for case in CASES])
def test_bad_input_is_one_line_and_changes_nothing(case: Case, project: "Project") -> None:
    for name, text in FILES.items():
        project.write(name, text)
    before = project.files()

    outcome = project.run(*case.words.split())

    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.error_lines) == 1
    assert outcome.err.startswith("error: ")
    assert case.message in outcome.err
    assert project.files() == before


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
    before = project.files()

    outcome = project.run(*words.split())

    assert (outcome.code, outcome.out, len(outcome.error_lines)) == (2, "", 1)
    assert message in outcome.err
    assert project.files() == before
