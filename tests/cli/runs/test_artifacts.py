"""The artifacts of a recorded run."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from curifactory.cli.runs.artifacts import StoredArtifact


def _stored(folder: Path, digest: str | None) -> StoredArtifact:
    path = folder / "data.pkl"
    path.write_bytes(b"content")
    status = path.stat()
    facts: dict[str, Any] = {
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": digest,
    }
    return StoredArtifact(str(folder / "data_metadata.json"), {"files": {path.name: facts}})


def test_a_digest_is_the_recorded_one_or_else_that_of_the_file(tmp_path: Path) -> None:
    assert _stored(tmp_path, "0123").digests == {"data.pkl": "0123"}
    assert _stored(tmp_path, None).digests == {"data.pkl": sha256(b"content").hexdigest()}


@pytest.mark.parametrize("change", [lambda path: os.utime(path, ns=(1, 1)), os.unlink])
def test_a_file_that_may_be_another_has_none(tmp_path: Path, change: Any) -> None:
    artifact = _stored(tmp_path, None)
    change(tmp_path / "data.pkl")

    assert artifact.digests == {}
