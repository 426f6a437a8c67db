"""What a stage is said to depend on."""

from pathlib import Path
from typing import Any

import pytest

from curifactory import Record, stage
from curifactory.closure.declaring import declared_parts
from curifactory.declaring import declare
from curifactory.exceptions import InputSignatureError


def work(record: Record) -> int:
    return 1


def test_the_content_of_a_file_counts(tmp_path: Path) -> None:
    def content() -> list[tuple[str, Any]]:
        return list(declared_parts(["data.txt"], str(tmp_path)))

    missing = content()
    (tmp_path / "data.txt").write_text("1")
    one = content()
    (tmp_path / "data.txt").write_text("2")
    two = content()

    assert [name for name, _ in missing] == ["data.txt"]
    assert len({value for ((_, value),) in (missing, one, two)}) == 3


def test_a_folder_counts_with_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a").write_text("1")
    (one,) = declared_parts([folder], "/nowhere")
    (folder / "a").rename(folder / "b")
    (two,) = declared_parts([folder], "/nowhere")

    assert one != two


def test_a_module_counts_with_everything_in_it() -> None:
    import json

    names = {name for name, _ in declared_parts([json], "/nowhere")}

    assert {"json.dumps", "json.loads", "json.JSONEncoder"} <= names


@pytest.mark.parametrize("wrong", ["data.txt", [1], [None]])
def test_what_is_no_function_module_or_path_is_refused(wrong: Any) -> None:
    with pytest.raises(InputSignatureError, match="stage 'work' depends on"):
        stage(depends_on=wrong)(work)


def test_what_a_stage_depends_on_is_part_of_its_declaration() -> None:
    spec = declare(
        work, None, ["a"], None, suppress_missing_inputs=False, is_aggregate=False, depends_on=[len]
    )

    assert spec.depends_on == (len,)
