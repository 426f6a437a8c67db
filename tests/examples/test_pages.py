"""What the documents say in tables is so."""

import argparse
import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import curifactory
from curifactory.caching import JsonCacher
from curifactory.cli.commands import CURIFACTORY, EXPERIMENT, command_parser, find_command
from curifactory.cli.run_arguments import make_parser
from curifactory.config import KEYS, Configuration
from curifactory.experiment import RunOptions, run
from curifactory.journal import read_journal

_DOCS = Path(__file__).parents[2] / "docs"
_CORE = Path(curifactory.__file__).parent


def read(page: str) -> str:
    return (_DOCS / page).read_text(encoding="utf-8")


def table_cells(text: str, column: int = 0) -> list[str]:
    """Return the cells of a column of all tables, without headings."""
    without_headings = re.sub(r"^\|.*\|\n\|[-|]+\|$", "", text, flags=re.MULTILINE)
    rows = re.findall(r"^\|(.*)\|$", without_headings, re.MULTILINE)
    return [row.split("|")[column].strip() for row in rows]


def names_in(text: str) -> list[str]:
    return re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    )


def test_tests_that_pages_name_are_there() -> None:
    named = re.compile(r"`(tests/[\w/.]+)`")
    pages = [path.read_text("utf-8") for path in _DOCS.rglob("*.md")]

    found = {name for page in pages for name in named.findall(page)}
    assert len(found) > 5
    assert [name for name in sorted(found) if not (_DOCS.parent / name).exists()] == []


# -- architecture --------------------------------------------------------------------------------


def lines_of_modules() -> dict[str, int]:
    text = read("explanation/architecture.md").split("<!-- checked by")[1].split("\n\n")[0]
    lines = enumerate(table_cells(text, 1))
    return {module: line for line, cell in lines for module in names_in(cell)}


def imports_of(module: str) -> Iterator[str]:
    """Yield the modules of core that a module imports when it is imported."""
    package = _CORE / module
    files = sorted(package.glob("*.py")) if package.is_dir() else [_CORE / f"{module}.py"]
    for node in (node for file in files for node in ast.parse(file.read_text("utf-8")).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("curifactory"):
            name = [*str(node.module).split("."), ""][1]
            if name != module:
                yield from [name] if name else [alias.name for alias in node.names]


def test_architecture_names_every_module_of_core() -> None:
    modules = {path.stem for path in _CORE.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in _CORE.glob("*/__init__.py")}

    assert set(lines_of_modules()) == modules
    assert set(names_in("".join(table_cells(read("explanation/architecture.md"))))) >= modules


def test_modules_of_core_import_only_from_lines_above() -> None:
    lines = lines_of_modules()

    wrong = [
        (module, imported)
        for module in lines
        for imported in imports_of(module)
        if lines[imported] >= lines[module]
    ]
    assert wrong == []


# -- reference -----------------------------------------------------------------------------------


def test_configuration_page_has_every_key_with_its_default() -> None:
    page = read("reference/configuration.md")

    keys = [name for cell in table_cells(page) for name in names_in(cell)]
    defaults = [name for cell in table_cells(page, 1) for name in names_in(cell)]
    assert dict(zip(keys, defaults, strict=True)) == {
        key: str(Configuration()[key]) for key in KEYS
    }


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return the options of a parser and of what it can be followed by."""
    found: set[str] = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found = found.union(*map(options_of, action.choices.values()))
        elif action.help is not argparse.SUPPRESS:
            found |= set(action.option_strings)
    return found


def test_command_line_page_has_every_option() -> None:
    pages = ("reference/command-line.md", "reference/projects-and-runs.md")
    cells = "".join(cell for page in pages for cell in table_cells(read(page)))
    documented = {name.split()[0] for name in names_in(cells) if name.startswith("-")}

    commands = [command_parser("", command) for command in (*EXPERIMENT, *CURIFACTORY)]
    assert documented == set().union(*map(options_of, [make_parser(), *commands]))


def commands_in(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command that stands in a sentence or table of a page."""
    for text in names_in(page.read_text(encoding="utf-8")):
        if text.startswith(("experiment ", "curifactory ")):
            yield shlex.split(text.split(" | ")[0].split(" \\|")[0])


def parser_of(words: list[str]) -> argparse.ArgumentParser:
    program, first = words[:2]
    found = find_command(EXPERIMENT if program == "experiment" else CURIFACTORY, words[1:])
    if found is not None:
        return command_parser(program, found)
    assert program == "experiment" or first.startswith("-"), f"there is no {words}"
    return make_parser()


@pytest.mark.parametrize(
    "page", [*_DOCS.rglob("*.md"), _DOCS.parent / "README.md"], ids=lambda page: page.stem
)
def test_commands_in_sentences_have_the_options_they_are_given(page: Path) -> None:
    for words in commands_in(page):
        options = {word.partition("=")[0] for word in words if word.startswith("-")}

        assert options - options_of(parser_of(words)) == set(), words


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which an experiment ran."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/one.py").write_text(
        "import curifactory as cf\n"
        "from curifactory.caching import JsonCacher\n"
        "@cf.stage(outputs=['value'], cachers=[JsonCacher])\n"
        "def make(record):\n"
        "    return 1\n"
        "def get_params():\n"
        "    return [cf.ExperimentParameters(name='one')]\n"
        "def run(param_sets, manager):\n"
        "    make(cf.Record(manager, param_sets[0]))\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(RunOptions(experiment="one", report=False)).error is None
    return tmp_path


def documented_section(heading: str) -> str:
    sections = re.split(r"^## ", read("reference/file-formats.md"), flags=re.MULTILINE)
    (text,) = (part for part in sections if part.startswith(heading))
    return text


def documented_words(heading: str) -> set[str]:
    return set(names_in(documented_section(heading)))


def test_file_formats_page_has_every_key_of_a_journal(project: Path) -> None:
    lines = read_journal(str(project / "data/store/one/1.jsonl"))

    keys = {key for line in lines for key in line} | {line["event"] for line in lines}
    assert {line["event"] for line in lines} >= {"opened", "parameters", "stage", "closed"}
    assert keys - documented_words("Journals") == set()


def test_file_formats_page_has_every_key_of_metadata(project: Path) -> None:
    (path,) = (project / "data/cache").glob("*_metadata.json")
    metadata = json.loads(path.read_text("utf-8"))

    keys = {*metadata, *(key for facts in metadata["files"].values() for key in facts)}
    assert keys - documented_words("Artifacts") == set()
    assert JsonCacher(str(path.with_name("one_0_make_value.json"))).load() == 1


def test_file_formats_page_has_every_key_of_the_registry(project: Path) -> None:
    (line,) = (project / "data/store/parameters.jsonl").read_text("utf-8").splitlines()

    assert set(json.loads(line)) - documented_words("Parameters") == set()


def test_file_formats_page_has_every_file_of_a_report(project: Path) -> None:
    assert run(RunOptions(experiment="one")).error is None
    (folder,) = (project / "reports").glob("one_2_*")

    files = {f"<reference>/{path.name}{'/' * path.is_dir()}" for path in folder.iterdir()}
    top = {path.name for path in (project / "reports").iterdir()} - {folder.name}
    with_many = {".index.json"}  # only where reports are many
    documented = set(names_in("".join(table_cells(documented_section("Reports")))))
    assert files | top | with_many == documented
    info = json.loads((folder / "run_info.json").read_text("utf-8"))
    assert set(info) - documented_words("Reports") - documented_words("Journals") == set()
