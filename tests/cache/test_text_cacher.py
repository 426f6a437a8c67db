"""Text and bytes come back unchanged."""

from pathlib import Path

import pytest

from curifactory.caching import BytesCacher, TextCacher


@pytest.mark.parametrize("text", ["", "größer\n", "a\r\nb\rc\n", "\0"], ids=repr)
def test_text_comes_back_as_it_was(folder: Path, text: str) -> None:
    TextCacher("file.txt").save(text)

    assert TextCacher("file.txt").load() == text
    assert (folder / "file.txt").read_bytes() == text.encode("utf-8")


@pytest.mark.parametrize("data", [b"", b"\x00\xff", bytearray(b"ab"), memoryview(b"ab")], ids=repr)
def test_bytes_come_back_as_they_were(folder: Path, data: bytes | bytearray | memoryview) -> None:
    BytesCacher("file.bin").save(data)

    assert BytesCacher("file.bin").load() == bytes(data)
