"""Which style sheet reports get: the project's own, or the packaged one."""

from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from curifactory import ArtifactManager
from curifactory.reporting.index_page import read_style


def default_copy(style: str) -> str:
    """Return a default style sheet as the version with this ``style`` wrote it."""
    digest = sha256(style.encode()).hexdigest()[:16]
    return f"/* The default style, {digest}. Edit it, and the copy stays yours. */\n{style}"


@pytest.fixture
def packaged() -> str:
    """The style sheet that is packaged."""
    return (files("curifactory.reporting") / "templates" / "style.css").read_text("utf-8")


def test_without_one_the_packaged_one_is_used(tmp_path: Path, packaged: str) -> None:
    assert read_style(str(tmp_path / "style.css")) == default_copy(packaged)


def test_an_unedited_copy_of_an_older_one_is_replaced(tmp_path: Path, packaged: str) -> None:
    copy = tmp_path / "style.css"
    copy.write_text(default_copy("body { color: black; }\n"), encoding="utf-8")

    assert read_style(str(copy)) == default_copy(packaged)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(default_copy("body { color: black; }\n") + "p { margin: 0; }\n", id="edited"),
        pytest.param("body { color: black; }\n", id="own"),
        pytest.param("", id="empty"),
        pytest.param("/* no line ending */", id="one line"),
    ],
)
def test_an_edited_one_stays(text: str, tmp_path: Path) -> None:
    copy = tmp_path / "style.css"
    copy.write_text(text, encoding="utf-8")

    assert read_style(str(copy)) == text


def test_a_copy_with_other_line_endings_counts_as_unedited(tmp_path: Path, packaged: str) -> None:
    copy = tmp_path / "style.css"
    copy.write_bytes(default_copy("body {\n}\n").replace("\n", "\r\n").encode())

    assert read_style(str(copy)) == default_copy(packaged)


def test_bytes_that_are_no_text_do_not_stop_a_report(tmp_path: Path) -> None:
    copy = tmp_path / "style.css"
    copy.write_bytes(b"/* \xff */\n")

    assert read_style(str(copy)) == "/* \N{REPLACEMENT CHARACTER} */\n"


def test_reports_follow_an_edit_of_the_copy_beside_the_index(
    new_manager: Callable[..., ArtifactManager],
) -> None:
    manager = new_manager()
    manager.generate_report()
    style = Path("reports/style.css")
    edited = style.read_text() + "p { margin: 0; }\n"
    style.write_text(edited)

    page = manager.generate_report()

    assert page is not None
    assert Path(page).with_name("style.css").read_text() == edited
    assert style.read_text() == edited
