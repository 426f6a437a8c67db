"""Digests by Python's own functions are those of hashlib."""

import array
import hashlib
import subprocess
import sys

import pytest

from curifactory.digests import LARGE, GrowingDigest, blake2b, md5, sha256_of


@pytest.mark.parametrize("size", [0, 1, LARGE - 1, LARGE, 3 * LARGE])
def test_digests_are_those_of_hashlib(size: int) -> None:
    content = bytes(place % 251 for place in range(size))

    assert sha256_of(content) == hashlib.sha256(content).hexdigest()
    assert md5(content).digest() == hashlib.md5(content, usedforsecurity=False).digest()
    expected = hashlib.blake2b(content, digest_size=16).hexdigest()
    assert blake2b(content, digest_size=16).hexdigest() == expected


@pytest.mark.parametrize(
    "sizes", [[], [0], [5, 0, 7], [LARGE - 1, 1], [LARGE], [1, LARGE - 2, 3, LARGE], [3 * LARGE, 1]]
)
def test_pieces_have_the_digest_of_the_whole(sizes: list[int]) -> None:
    digest, whole = GrowingDigest(), b""
    for number, size in enumerate(sizes):
        piece = bytes([number]) * size
        digest.update(memoryview(piece))
        whole += piece

    assert digest.hexdigest() == hashlib.sha256(whole).hexdigest()


def test_what_numbers_lie_in_memory_as_is_digested() -> None:
    numbers = array.array("d", range(10))
    digest = GrowingDigest()

    digest.update(memoryview(numbers))

    assert digest.hexdigest() == hashlib.sha256(numbers.tobytes()).hexdigest()


def test_hashlib_is_loaded_for_what_is_large() -> None:
    program = (
        "import sys; from curifactory.digests import LARGE, sha256_of\n"
        "sha256_of(b'1'); assert 'hashlib' not in sys.modules\n"
        "sha256_of(bytes(LARGE)); assert 'hashlib' in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_python_without_functions_of_its_own_takes_those_of_openssl() -> None:
    program = (
        "import hashlib, sys; sys.modules['_md5'] = None\n"
        "from curifactory.digests import md5, sha256_of\n"
        "assert md5 is hashlib.md5\n"
        "assert sha256_of(b'1') == hashlib.sha256(b'1').hexdigest()\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
