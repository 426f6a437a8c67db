import doctest
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def find_modules_with_examples() -> list[str]:
    """Return the import names of the modules whose docstrings hold examples."""
    sources = sorted(REPOSITORY.glob("packages/*/src"))
    return [
        ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for source in sources
        for file in sorted(source.rglob("*.py"))
        if ">>> " in file.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", find_modules_with_examples())
def test_examples_in_docstrings_hold(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)

    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)

    assert result.attempted > 0
    assert result.failed == 0
