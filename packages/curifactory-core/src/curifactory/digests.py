"""Digests of what is small, by Python's own functions.

``hashlib`` loads OpenSSL, which takes as long as reading and comparing all of a small experiment.
It is several times faster at SHA-256, however, so that what is large is left to it.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashlib import blake2b, md5
    from hashlib import sha256 as _sha256
else:
    try:
        from _blake2 import blake2b
        from _md5 import md5

        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as _sha256
        else:
            from _sha256 import sha256 as _sha256
    except ImportError:  # a Python that was built with those of OpenSSL alone
        from hashlib import blake2b, md5
        from hashlib import sha256 as _sha256

__all__ = ["LARGE", "GrowingDigest", "blake2b", "md5", "sha256_of"]

LARGE = 16 * 1024
"""From so many bytes on OpenSSL is faster by more than it takes to be loaded for a few of them."""


def sha256_of(content: bytes | bytearray) -> str:
    """Return the SHA-256 of ``content``, in hexadecimal."""
    if len(content) < LARGE:
        return _sha256(content).hexdigest()
    import hashlib

    return hashlib.sha256(content).hexdigest()


class GrowingDigest:
    """The SHA-256 of what comes piece by piece; it keeps what is small."""

    __slots__ = ("_digest", "_kept")

    def __init__(self) -> None:
        self._kept = bytearray()
        self._digest: Any = None

    def update(self, content: memoryview) -> None:
        """Add ``content``."""
        if self._digest is None:
            if len(self._kept) + content.nbytes < LARGE:
                self._kept += content
                return
            import hashlib

            self._digest = hashlib.sha256(self._kept)
        self._digest.update(content)

    def hexdigest(self) -> str:
        """Return the digest of all that was added."""
        return sha256_of(self._kept) if self._digest is None else str(self._digest.hexdigest())
