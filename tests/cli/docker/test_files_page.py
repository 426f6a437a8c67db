import re
from pathlib import Path
from urllib.parse import unquote

from curifactory.cli.docker.files_page import write_files_page


def links(folder: Path) -> list[str]:
    text = (folder / "index.html").read_text(encoding="utf-8")
    return [unquote(link) for link in re.findall(r'href="([^"]*)"', text)]


def test_report_and_every_file_have_a_link(tmp_path: Path) -> None:
    names = ["artifacts/a.json", "artifacts/sub/b#1?.pkl", "run_info.json", "log <1>&.txt"]
    for name in (*names, "report/index.html", "report/map.svg", ".hidden", ".cache/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("12345")

    write_files_page(tmp_path.as_posix(), "run <1>")

    assert links(tmp_path) == ["report/", *sorted(names)]
    text = (tmp_path / "index.html").read_text()
    assert "<h1>run &lt;1&gt;</h1>" in text
    assert "log &lt;1&gt;&amp;.txt</a></td><td>5 bytes" in text


def test_there_is_no_link_to_a_report_that_is_not_there(tmp_path: Path) -> None:
    write_files_page(str(tmp_path), "run")

    assert links(tmp_path) == []
