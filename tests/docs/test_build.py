"""The documentation is built without a warning, with a page for every document and name."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PUBLIC = (
    "curifactory",
    "curifactory.caching",
    "curifactory.reporting",
    "curifactory.experiment",
    "curifactory.exceptions",
    "curifactory.executors",
    "curifactory.protocols",
    "curifactory.utils",
)


def documented_names() -> set[str]:
    directive = re.compile(r"^\.\. auto\w+:: ([\w.]+)$", re.MULTILINE)
    pages = (page.read_text("utf-8") for page in (DOCS / "reference/api").glob("*.md"))
    return {name for page in pages for name in directive.findall(page)}


def public_names(module: str) -> set[str]:
    """Return what a module offers: its ``__all__``, or the classes it defines."""
    imported = importlib.import_module(module)
    own = [
        name for name, value in vars(imported).items() if getattr(value, "__module__", "") == module
    ]
    return {name for name in getattr(imported, "__all__", own) if not name.startswith("_")}


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    documented = documented_names()
    names = {f"{module}.{name}" for name in public_names(module)}

    elsewhere = {name for name in names if f"curifactory.{name.rpartition('.')[2]}" in documented}
    missing = names - documented - elsewhere
    assert missing == set(), "name them on a page of docs/reference/api"


@pytest.mark.slow
def test_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="needs the group docs of pyproject.toml")
    words = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going"]
    words += ["-b", "html", "-D", "pictures=0", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [*words, str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    documents = {page for page in DOCS.rglob("*.md") if "_build" not in page.parts}
    pages = {tmp_path / "html" / page.relative_to(DOCS).with_suffix(".html") for page in documents}
    assert {page for page in pages if not page.exists()} == set()
    assert "curifactory.Record.make_copy" in (tmp_path / "html/genindex.html").read_text()
