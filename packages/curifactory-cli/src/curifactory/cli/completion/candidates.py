"""How a command line may go on; no code of the project is run to find out."""

import ast
import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from curifactory.cli.commands import (
    CURIFACTORY,
    EXPERIMENT,
    MAP,
    RUN,
    Command,
    command_parser,
    find_command,
)
from curifactory.cli.parser import Parser
from curifactory.cli.run_arguments import make_parser
from curifactory.config import Configuration, OnStale, get_configuration
from curifactory.discovery import SourceFile, find_file, list_experiments, list_params

_NEWEST = 10
"""How many recorded runs are looked at."""
_PARAMS_OPTIONS = frozenset({"-p", "--params"})
_STAGE = '{"event": "stage"'
_PARAMETERS = '{"event": "parameters"'


class Candidate(NamedTuple):
    """A word that may come next."""

    value: str
    description: str = ""


def find_candidates(program: str, words: Sequence[str], current: str) -> list[Candidate]:
    """Return what may take the place of ``current`` after ``words``, sorted.

    Empty where a file may come, which the shell completes by itself.

    Raises
    ------
    CurifactoryError, OSError
        If the project cannot be read.

    """
    commands = EXPERIMENT if program == "experiment" else CURIFACTORY
    command = find_command(commands, words)
    if command is not None:
        found = _of_parser(command_parser(program, command), words[1:], current)
    elif program == "experiment":
        found = _of_experiment(words, current)
    else:
        found = [*map(Candidate, ["--version", "--help"] if current.startswith("-") else [])]
        found += [] if words else _named(commands)
    return sorted(each for each in found if each.value.startswith(current))


def _named(commands: Iterable[Command]) -> list[Candidate]:
    return [Candidate(command.name, command.summary) for command in commands]


def _options(parser: Parser) -> list[Candidate]:
    return [
        Candidate(name, " ".join((action.help or "").split()))
        for name, action in parser.options().items()
    ]


def _of_experiment(words: Sequence[str], current: str) -> Iterable[Candidate]:
    """Return what may come where an experiment is run."""
    verbs = {RUN: "run an experiment", MAP: "show what a run would do"}
    verb = words[:1] if words[:1] in ([RUN], [MAP]) else []
    words = words[len(verb) :]
    parser = make_parser()
    with_value = {name for name, action in parser.options().items() if action.nargs != 0}
    experiment = _experiment_name(words, with_value)
    option, equals, _ = current.partition("=")
    if equals and option.startswith("--"):
        values = _values(option, words, experiment)
        return [Candidate(f"{option}={each.value}", each.description) for each in values]
    if words and words[-1] in with_value:
        return _values(words[-1], words, experiment)
    if current.startswith("-"):
        return _options(parser)
    if experiment is not None:
        return []
    first = [] if verb or words else [*map(Candidate, verbs, verbs.values()), *_named(EXPERIMENT)]
    return [*first, *_described(list_experiments(get_configuration()))]


def _experiment_name(words: Sequence[str], with_value: Iterable[str]) -> str | None:
    """Return the first word that is neither an option nor the value of one."""
    taking = frozenset(with_value)
    before = ""
    for word in words:
        if not word.startswith("-") and before not in taking:
            return word
        before = word
    return None


def _values(option: str, words: Sequence[str], experiment: str | None) -> Iterable[Candidate]:
    """Return the values that ``option`` may have."""
    if option == "--on-stale":
        return map(Candidate, OnStale)
    if option in _PARAMS_OPTIONS:
        return _described(list_params(get_configuration()))
    if option in {"-n", "--names"}:
        return map(Candidate, _set_names(get_configuration(), words, experiment))
    if option in {"--overwrite-stage", "--why"} and experiment is not None:
        return map(Candidate, _stage_names(get_configuration(), experiment))
    return []


def _described(files: Iterable[SourceFile]) -> list[Candidate]:
    return [Candidate(file.name, file.description) for file in files if not file.error]


def _set_names(
    configuration: Configuration, words: Sequence[str], experiment: str | None
) -> set[str]:
    """Return names of parameter sets: of recorded runs, and those written in the source."""
    asked = [value for option, value in pairwise(words) if option in _PARAMS_OPTIONS]
    names: set[str] = set()
    for name in asked or ([experiment] if experiment else []):
        for module in (configuration.params_module_name, configuration.experiments_module_name):
            names |= _written_names(find_file(configuration, module, name))
    for line in _recorded(configuration, experiment, _PARAMETERS):
        for file, pairs in line["files"].items():
            if file in asked or not asked:
                names |= {str(pair[0]) for pair in pairs}
    return names


def _written_names(path: str | None) -> set[str]:
    """Return every text given as ``name=`` to a call in a file, those of reporters left out."""
    return {
        keyword.value.value
        for node in _nodes(path)
        if isinstance(node, ast.Call) and not _called_name(node).endswith("Reporter")
        for keyword in node.keywords
        if keyword.arg == "name"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


def _stage_names(configuration: Configuration, experiment: str) -> set[str]:
    """Return names of stages: of recorded runs, and those decorated in the experiment's file."""
    path = find_file(configuration, configuration.experiments_module_name, experiment)
    names = {
        node.name
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef) and any(map(_makes_a_stage, node.decorator_list))
    }
    return names | {str(line["stage"]) for line in _recorded(configuration, experiment, _STAGE)}


def _makes_a_stage(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and _called_name(decorator) in {"stage", "aggregate"}


def _called_name(call: ast.Call) -> str:
    """Return the last name of what is called: ``stage`` for ``cf.stage()``."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return str(name)


def _nodes(path: str | None) -> Iterable[ast.AST]:
    if path is None:
        return []
    try:
        with open(path, "rb") as file:
            return ast.walk(ast.parse(file.read()))
    except (SyntaxError, ValueError):  # being written just now
        return []


def _recorded(
    configuration: Configuration, experiment: str | None, beginning: str
) -> Iterable[dict[str, Any]]:
    """Yield the lines with this beginning from the newest runs of an experiment."""
    if experiment is None:
        return
    import json

    from curifactory.journal import STORE, list_journals  # slow to import, and seldom needed
    from curifactory.paths import safe_component

    store = os.path.join(configuration.manager_cache_path, STORE, safe_component(experiment))
    for _, path in list_journals(store)[-_NEWEST:]:
        with open(path, encoding="utf-8", errors="replace") as file:
            for text in file:
                if text.startswith(beginning):
                    try:
                        yield json.loads(text)
                    except ValueError:
                        break


def _of_parser(parser: Parser, words: Sequence[str], current: str) -> Iterable[Candidate]:
    """Return what may come after a command with this parser."""
    actions = parser.actions()
    if actions and words and words[0] in actions:
        return _of_parser(actions[words[0]], words[1:], current)
    if words and words[-1] == "--status":
        from curifactory.cli.runs import STATUSES

        return map(Candidate, STATUSES)
    if current.startswith("-"):
        return _options(parser)
    if actions and not words:
        return [Candidate(name, each.description or "") for name, each in actions.items()]
    if words and words[-1] in {name for name, each in parser.options().items() if each.nargs != 0}:
        return []
    wanted = {str(action.metavar) for action in parser._actions if not action.option_strings}
    if "RUN" in wanted:
        return _runs(get_configuration())
    if "STAGE" in wanted:
        configuration = get_configuration()
        names = (_stage_names(configuration, each.name) for each in list_experiments(configuration))
        return map(Candidate, set().union(*names))
    return map(
        Candidate, _recorded_experiments(get_configuration()) if "EXPERIMENT" in wanted else []
    )


def _recorded_experiments(configuration: Configuration) -> list[str]:
    from curifactory.journal import STORE

    try:
        store = os.scandir(os.path.join(configuration.manager_cache_path, STORE))
    except FileNotFoundError:
        return []
    with store as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def _runs(configuration: Configuration) -> list[Candidate]:
    """Return names of recorded runs."""
    from curifactory.journal import STORE, list_journals

    experiments = _recorded_experiments(configuration)
    store = os.path.join(configuration.manager_cache_path, STORE)
    runs = [
        Candidate(f"{name}/{number}")
        for name in experiments
        for number, _ in list_journals(os.path.join(store, name))
    ]
    return [Candidate("latest", "the latest run"), *runs] if runs else []
